"""The line that says which model answers, and what is known of it."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.errors import UserError
from deskclassify.core.events import Exported, PredictDone
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.words import counted, percent
from deskclassify.ui import theme
from deskclassify.ui.widgets.common import Card, muted, subheading

_MOST_NAMES = 8
_ICON = 24
_COMING = "It is being made ready… Pictures that you drop now are classified as soon as it is."


class ModelLine(Card):
    """Name, classes, accuracy; below it a message, such as the result of an export."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.classes: tuple[str, ...] = ()
        self._model: Path | None = None
        self._icon = QLabel()
        self.name_label = subheading("")
        self.facts_label = muted("")
        self.message_label = muted("")
        self.message_label.hide()
        text = QVBoxLayout()
        text.setSpacing(2)
        for label in (self.name_label, self.facts_label, self.message_label):
            text.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP + 4)
        row.addWidget(self._icon)
        row.addLayout(text, 1)
        self.body.addLayout(row)
        theme.notifier().changed.connect(self._recolour)
        self._recolour()

    @Slot()
    def _recolour(self) -> None:
        self._icon.setPixmap(theme.pixmap("predict", _ICON, theme.current().accent, self.devicePixelRatioF()))

    def show_model(self, model: Path | None, run: RunFolder | None, is_coming: bool) -> None:
        """Show which model is used; what a run folder tells of its own model is known at once."""
        if is_coming:
            self.say(_COMING)
        elif model != self._model or self.message_label.text() == _COMING:
            self.say("")
        self._model = model
        self.classes = ()
        own = run is not None and (is_coming or (model is not None and model.parent == run.path))
        if own and run is not None:
            self.name_label.setText(f"Your network ({run.name})")
            self._show_run(run)
        elif model is not None:
            self.name_label.setText(model.name)
            self.facts_label.setText("Its classes are shown with the first answer.")
            self.facts_label.setToolTip(str(model))
        else:
            self.name_label.setText("No model yet")
            self.facts_label.setText("Train one on the Train page, or open an .onnx file that deskclassify wrote.")

    def _show_run(self, run: RunFolder) -> None:
        try:
            info = run.info()
        except UserError as error:
            self.facts_label.setText(error.sentence)
            return
        self.classes = info.classes
        self.facts_label.setText(_facts(info.classes, info.architecture, info.result.get("accuracy")))

    def show_done(self, done: PredictDone) -> None:
        """A prediction tells what the model file says of itself."""
        if done.classes:
            self.classes = done.classes
            self.facts_label.setText(_facts(done.classes, done.architecture, done.accuracy))

    def say(self, text: str) -> None:
        """Show a message below, or none."""
        self.message_label.setText(text)
        self.message_label.setVisible(bool(text))


def _facts(classes: tuple[str, ...], architecture: str, accuracy: float | None) -> str:
    shown = ", ".join(classes[:_MOST_NAMES])
    more = f" and {len(classes) - _MOST_NAMES} more" if len(classes) > _MOST_NAMES else ""
    parts = [f"{len(classes)} classes: {shown}{more}"]
    if architecture:
        known = ARCHITECTURES.get(architecture)
        parts.append(known.title if known is not None else architecture)
    if accuracy is not None:
        parts.append(f"right on {percent(accuracy)} of its validation pictures")
    return "  ·  ".join(parts)


def exported_text(exported: Exported) -> str:
    """What an export has shown, in words."""
    size = exported.bytes / 1_000_000
    said = f"Saved as “{Path(exported.model).name}”, {size:.1f} MB."
    if exported.images:
        same = "the same class as in training" if exported.top1_agreement >= 1 else "mostly the same class"
        said += (
            f" Checked on {counted(exported.images, 'picture')}: {same} for {percent(exported.top1_agreement)} "
            f"of them, and no probability differs by more than {math.ceil(exported.max_abs_diff * 1e6) / 1e6:.6f}."
        )
    if exported.accuracy is not None and exported.accuracy_before is not None:
        said += f" Accuracy {percent(exported.accuracy)}, before {percent(exported.accuracy_before)}."
    return said
