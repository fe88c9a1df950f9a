"""One answer, large: the picture, its classes as bars, the time and what computed it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.events import Prediction
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.table import milliseconds_text
from deskclassify.ui.widgets.common import Card, EmptyState, muted, subheading
from deskclassify.ui.widgets.picture_view import PictureView
from deskclassify.ui.widgets.probability_bars import Bar, ProbabilityBars


class AnswerCard(Card):
    """The answer for the picture that is chosen in the table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._classes: tuple[str, ...] = ()
        self._prediction: Prediction | None = None
        self._provider = ""
        self._threshold = 0.0
        self.picture = PictureView()
        self.answer_label = subheading("")
        self.answer_label.setStyleSheet("font-size: 15pt;")
        self.answer_label.setWordWrap(True)
        self.name_label = muted("")
        self.refused_label = muted("")
        self.refused_label.hide()
        self.bars = ProbabilityBars(whole=1.0)
        self.facts_label = muted("")
        below = QVBoxLayout()
        below.setSpacing(4)
        for widget in (self.answer_label, self.name_label, self.refused_label, self.bars, self.facts_label):
            below.addWidget(widget)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.picture, 1)
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
        self._prediction = prediction
        self.picture.show_picture(prediction.path if prediction is not None and not prediction.error else "")
        self._fill()

    def set_model(self, classes: tuple[str, ...], provider: str, threshold: float = 0.0) -> None:
        """What is known of the model: the order of its classes decides their colours."""
        self._classes, self._provider, self._threshold = classes, provider, threshold
        self._fill()

    def _fill(self) -> None:
        prediction = self._prediction
        self._stack.setCurrentIndex(0 if prediction is None else 1)
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
