"""One answer, large: the picture, its classes as bars, the time and what computed it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core.events import Prediction
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.pages.prediction_table import milliseconds_text
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
        self.picture = PictureView()
        self.answer_label = subheading("")
        self.answer_label.setStyleSheet("font-size: 15pt;")
        self.answer_label.setWordWrap(True)
        self.name_label = muted("")
        self.bars = ProbabilityBars(whole=1.0)
        self.facts_label = muted("")
        self.facts_label.setToolTip("The provider is the part of ONNX Runtime that really computed the answer")
        below = QVBoxLayout()
        below.setSpacing(4)
        for widget in (self.answer_label, self.name_label, self.bars, self.facts_label):
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

    def set_model(self, classes: tuple[str, ...], provider: str) -> None:
        """What is known of the model: the order of its classes decides their colours."""
        self._classes, self._provider = classes, provider
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
        if prediction.error:
            self.answer_label.setText("This file could not be read")
            self.facts_label.setText(prediction.error)
            self.bars.set_bars(())
            return
        sure = "" if prediction.probability is None else f" · {percent(prediction.probability)}"
        self.answer_label.setText(f"{prediction.label}{sure}")
        top = prediction.top or ((prediction.label, prediction.probability or 0.0),)
        self.bars.set_bars(
            [
                Bar(label, share, percent(share), self._color(label), strong=place == 0)
                for place, (label, share) in enumerate(top)
            ]
        )
        took = milliseconds_text(prediction.milliseconds)
        by = provider_text(self._provider)
        self.facts_label.setText(" · ".join(part for part in (took, by) if part))

    def _color(self, label: str) -> str:
        order = sorted(self._classes)
        return theme.class_color(order.index(label)) if label in order else ""


def provider_text(provider: str) -> str:
    """Where an answer was computed, in words, with ONNX Runtime's own name for it."""
    if not provider:
        return ""
    places = {"CPU": "the processor", "CUDA": "the graphics card", "Tensorrt": "the graphics card"}
    place = next((words for start, words in places.items() if provider.startswith(start)), "")
    return f"computed on {place} ({provider})" if place else f"computed by {provider}"
