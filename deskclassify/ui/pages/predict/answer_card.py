"""One answer, large: the picture, its classes as bars, the time and what computed it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.events import Prediction
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.answer_heat import AnswerHeat
from deskclassify.ui.pages.predict.table import milliseconds_text
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, EmptyState, muted, subheading
from deskclassify.ui.widgets.picture_view import PictureView
from deskclassify.ui.widgets.probability_bars import Bar, ProbabilityBars

_LOW, _FEW = 480, 3  # pixels below which only so many bars are shown


class AnswerCard(Card):
    """The answer for the picture that is chosen in the table; on request with the reasons for it as heat."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._classes: tuple[str, ...] = ()
        self._prediction: Prediction | None = None
        self._provider = ""
        self._threshold = 0.0
        self.picture = PictureView()
        self.heat = AnswerHeat(session)
        self.heat.failed.connect(session.failed)
        self.why_button = QPushButton(theme.icon("eye"), "Why?")
        self.why_button.setObjectName("answerWhyButton")
        self.why_button.setCheckable(True)
        self.why_button.setToolTip(
            "Covers parts of the picture, one after the other, and shows where that changes the answer. A click on a "
            "bar asks the same for its class."
        )
        self.why_button.toggled.connect(self._explain)
        self.answer_label = subheading("")
        self.answer_label.setStyleSheet("font-size: 15pt;")
        self.answer_label.setWordWrap(True)
        self.name_label = muted("")
        self.refused_label = muted("")
        self.refused_label.hide()
        self.bars = ProbabilityBars(whole=1.0)
        self.bars.chosen.connect(self._explain_class)
        self.facts_label = muted("")
        below = QVBoxLayout()
        below.setSpacing(4)
        title = QHBoxLayout()
        title.addWidget(self.answer_label, 1)
        title.addWidget(self.why_button)
        below.addLayout(title)
        for widget in (self.name_label, self.refused_label, self.bars, self.facts_label):
            below.addWidget(widget)
        self._views = QStackedWidget()
        self._views.addWidget(self.picture)
        self._views.addWidget(self.heat)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self._views, 1)
        column.addLayout(below)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState("eye", "The answer comes here", "Drop a picture, and see which classes it may belong to.")
        )
        self._stack.addWidget(full)
        self.body.addWidget(self._stack)

    @property
    def prediction(self) -> Prediction | None:
        """What is shown."""
        return self._prediction

    def show_prediction(self, prediction: Prediction | None) -> None:
        """Show another answer."""
        before, self._prediction = self._prediction, prediction
        self.picture.show_picture(prediction.path if prediction is not None and not prediction.error else "")
        self._fill()
        if before is None or prediction is None or before.path != prediction.path:
            self._explain(self.why_button.isChecked())

    def set_model(self, classes: tuple[str, ...], provider: str, threshold: float = 0.0) -> None:
        """What is known of the model: the order of its classes decides their colours."""
        self._classes, self._provider, self._threshold = classes, provider, threshold
        self._fill()

    @Slot(bool)
    def _explain(self, wanted: bool) -> None:
        """Show the heat for the likeliest class, or the bare picture."""
        prediction = self._prediction
        can = prediction is not None and bool(prediction.path) and not prediction.error
        self._views.setCurrentIndex(1 if wanted and can else 0)
        if wanted and can and prediction is not None:
            self.heat.ask(prediction.path, prediction.label)
        else:
            self.heat.clear()

    @Slot(str)
    def _explain_class(self, label: str) -> None:
        """Show the heat for one of the classes."""
        if self._prediction is None or self._prediction.error:
            return
        if not self.why_button.isChecked():
            self.why_button.setChecked(True)
        self.heat.ask(self._prediction.path, label)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """In a low window the picture needs the room more than the last bars do."""
        super().resizeEvent(event)
        if (event.oldSize().height() < _LOW) != (event.size().height() < _LOW):
            self._fill()

    def _fill(self) -> None:
        prediction = self._prediction
        self._stack.setCurrentIndex(0 if prediction is None else 1)
        self.why_button.setVisible(prediction is not None and not prediction.error)
        if prediction is None:
            for label in (self.answer_label, self.name_label, self.facts_label):
                label.clear()
            self.bars.set_bars(())
            return
        self.name_label.setText(Path(prediction.path).name)
        self.name_label.setToolTip(prediction.path)
        self.refused_label.hide()
        if prediction.error:
            self.answer_label.setText("This file could not be read")
            self.facts_label.setText(prediction.error)
            self.bars.set_bars(())
            return
        sure = "" if prediction.probability is None else f" · {percent(prediction.probability)}"
        self.answer_label.setText("None of these" if prediction.refused else f"{prediction.label}{sure}")
        refused = prediction.refused
        top = prediction.top or ((prediction.label, prediction.probability or 0.0),)
        if self.height() < _LOW:
            top = top[:_FEW]
        self.bars.set_bars(
            [
                Bar(label, share, percent(share), self._color(label, prediction), strong=place == 0 and not refused)
                for place, (label, share) in enumerate(top)
            ]
        )
        took = milliseconds_text(prediction.milliseconds)
        by = provider_text(self._provider)
        self.facts_label.setText(" · ".join(part for part in (took, by) if part))
        self.facts_label.setToolTip(f"Really computed by ONNX Runtime's {self._provider}" if self._provider else "")
        self.refused_label.setVisible(refused)
        if refused:
            below = f": below {percent(self._threshold)}, the threshold of this model" if self._threshold else ""
            self.refused_label.setText(
                f"The likeliest class, {prediction.label}, has {percent(prediction.probability or 0.0)}{below}."
            )

    def _color(self, label: str, prediction: Prediction) -> str:
        if prediction.refused:
            return theme.current().muted
        order = sorted(self._classes)
        return theme.class_color(order.index(label)) if label in order else ""


def provider_text(provider: str) -> str:
    """What computed an answer, in plain words."""
    known = {"CPU": "Processor", "CUDA": "NVIDIA CUDA", "Tensorrt": "NVIDIA TensorRT", "DML": "DirectML"}
    name = provider.removesuffix("ExecutionProvider")
    return known.get(name, name)
