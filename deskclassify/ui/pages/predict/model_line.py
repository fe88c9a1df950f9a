"""The line that says which model answers, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.errors import UserError
from deskclassify.core.events import PredictDone
from deskclassify.core.model_words import file_size, network, provider_words
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.use_events import ModelRead
from deskclassify.core.words import percent
from deskclassify.ui import theme
from deskclassify.ui.pages.predict.about_model import AboutModelDialog
from deskclassify.ui.pages.predict.model_banner import ModelBanner
from deskclassify.ui.widgets.common import Card, muted, subheading
from deskclassify.ui.widgets.named import named

_MOST_NAMES = 8
_ICON = 24
_COMING = "It is being made ready… Pictures that you drop now are classified as soon as it is."


class ModelLine(Card):
    """Name, classes, accuracy; below it a message, and a coloured sentence where something is wrong."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.classes: tuple[str, ...] = ()
        self._model: Path | None = None
        self._read: ModelRead | None = None
        self._icon = QLabel()
        self.name_label = subheading("")
        self.facts_label = muted("")
        self.message_label = muted("")
        self.message_label.hide()
        text = QVBoxLayout()
        text.setSpacing(2)
        for label in (self.name_label, self.facts_label, self.message_label):
            text.addWidget(label)
        self.about_button = named(QPushButton("About this model"), "aboutModelButton")
        self.about_button.setToolTip("What the file contains, what was measured, and what it runs on")
        self.about_button.clicked.connect(self._show_about)
        self.change_button = named(QPushButton("Settings…"), "modelSettingsButton")
        self.change_button.setToolTip("Class names and preparation of pictures, as they were given for this file")
        self.share_button = named(QPushButton("Use it elsewhere…"), "shareButton")
        self.share_button.setToolTip("Code for Python, JavaScript and C# that uses this model")
        row = QHBoxLayout()
        row.setSpacing(theme.GAP + 4)
        row.addWidget(self._icon)
        row.addLayout(text, 1)
        for button in (self.about_button, self.change_button, self.share_button):
            row.addWidget(button)
        self.body.addLayout(row)
        self.banner = ModelBanner()
        self.body.addWidget(self.banner)
        self.show_read(None)
        theme.notifier().changed.connect(self._recolour)
        self._recolour()

    @Slot()
    def _recolour(self) -> None:
        self._icon.setPixmap(theme.pixmap("predict", _ICON, theme.current().accent, self.devicePixelRatioF()))

    def show_model(self, model: Path | None, run: RunFolder | None, is_coming: bool) -> None:
        """Show which model is used; what a run folder tells of its own model is known at once."""
        self.show_read(None)
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
            self.facts_label.setText("The file is being checked…")
            self.facts_label.setToolTip(str(model))
        else:
            self.name_label.setText("No model yet")
            self.facts_label.setText("Train one on the Train page, or open an .onnx file.")

    def _show_run(self, run: RunFolder) -> None:
        try:
            info = run.info()
        except UserError as error:
            self.facts_label.setText(error.sentence)
            return
        self.classes = info.classes
        self.facts_label.setText(facts(info.classes, info.architecture, info.result.get("accuracy")))

    def show_done(self, done: PredictDone) -> None:
        """A prediction tells what the model file says of itself; less than what is read of it."""
        if done.classes and self._read is None:
            self.classes = done.classes
            self.facts_label.setText(facts(done.classes, done.architecture, done.accuracy))

    def show_read(self, read: ModelRead | None) -> None:
        """Show what the file was found to be; None where that is not known."""
        self._read = read
        for button in (self.about_button, self.share_button):
            button.setVisible(read is not None)
        self.change_button.setVisible(read is not None and read.origin != "deskclassify")
        self.share_button.setEnabled(read is not None and read.state == "good")
        if read is None:
            return
        if read.state == "unknown":
            self.facts_label.setText("Written by another program")
            return
        self.classes = read.handling.classes if read.handling is not None else ()
        more = [f"“none of these” below {percent(read.threshold)}"] if read.threshold > 0 else []
        more += [read.precision] if read.precision not in ("", "fp32") else []
        more += [file_size(read.bytes)] if read.bytes else []
        more += [provider_words(read.provider)] if read.provider else []
        unbroken = [part.replace(" ", "\u00a0") for part in more]
        self.facts_label.setText(facts(self.classes, read.architecture, read.accuracy, unbroken))

    def say(self, text: str) -> None:
        """Show a message below, or none."""
        self.message_label.setText(text)
        self.message_label.setVisible(bool(text))

    @Slot()
    def _show_about(self) -> None:
        if self._read is not None:
            AboutModelDialog(self._read, self.window()).open()


def facts(classes: tuple[str, ...], architecture: str, accuracy: float | None, more: Sequence[str] = ()) -> str:
    """The most important of a model in one line."""
    shown = ", ".join(classes[:_MOST_NAMES])
    rest = f" and {len(classes) - _MOST_NAMES:,} more" if len(classes) > _MOST_NAMES else ""
    parts = [f"{len(classes):,} classes: {shown}{rest}"]
    if architecture:
        parts.append(network(architecture))
    if accuracy is not None:
        parts.append(f"right on {percent(accuracy)} of its validation pictures")
    return "  ·  ".join([*parts, *more])
