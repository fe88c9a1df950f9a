"""How a model of another program is used: its classes, how pictures go in, and a try. Nothing is guessed in silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from deskclassify.core.foreign import Handling
from deskclassify.core.model_words import file_size
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import ModelRead
from deskclassify.ui import theme
from deskclassify.ui.foreign_labels import LabelsTable
from deskclassify.ui.foreign_settings import ForeignSettings
from deskclassify.ui.foreign_trial import ForeignTrial
from deskclassify.ui.opened_model import OpenedModel
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import fill_scroll, muted, primary, subheading
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.named import named

_SIZE = QSize(900, 620)
_LABELS_PIXELS = 270


class ForeignDialog(QDialog):
    """Asks for what the file does not say; `opened` is told, and remembers it for this file."""

    def __init__(self, session: Session, opened: OpenedModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("foreignDialog")
        self.setWindowTitle("How this model is used")
        self.finished.connect(self.deleteLater)
        self._opened = opened
        assert opened.read is not None
        self._read: ModelRead = opened.read
        read, how = opened.read, opened.read.handling
        self._before = how if read.state == "good" else None
        how = how if how is not None else Handling((), Preprocess())
        if not how.classes and read.outputs:
            how = replace(how, classes=tuple(f"class {number}" for number in range(read.outputs)))
        self._placeholders = how.classes
        self.labels = LabelsTable(session, how.classes, "labels" not in read.missing)
        is_known = "preprocess" not in read.missing
        self.settings = ForeignSettings(how, is_known, "output" not in read.missing, read.size)
        self.trial = ForeignTrial(session, read.model)
        self.hint = named(muted(""), "foreignHint")
        self.cancel_button = named(QPushButton("Cancel"), "foreignCancelButton")
        self.cancel_button.setAutoDefault(False)
        self.cancel_button.clicked.connect(self.reject)
        self.use_button = primary(named(QPushButton("Use it like this"), "foreignUseButton"))
        self.use_button.setDefault(True)
        self.use_button.clicked.connect(self.accept)
        self._lay_out()
        self.labels.changed.connect(self._changed)
        self.settings.changed.connect(self._changed)
        self._changed()
        explain_all(self)

    def _lay_out(self) -> None:
        read = self._read
        both = f"It takes {read.input_text}, and gives {read.output_text}." if read.input_text else ""
        known = " ".join(filter(None, (both, *read.notes)))
        self.known_label = named(muted(known or "The file says nothing about how it is used."), "foreignKnown")
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP + 4)
        column.addWidget(self.settings)
        column.addStretch(1)
        area = QScrollArea()
        fill_scroll(area, inner)
        right = QVBoxLayout()
        right.setSpacing(theme.GAP + 4)
        right.addWidget(area, 1)
        right.addWidget(self.trial)
        self.labels.setFixedWidth(_LABELS_PIXELS)
        middle = QHBoxLayout()
        middle.setSpacing(theme.MARGIN)
        middle.addWidget(self.labels)
        middle.addLayout(right, 1)
        end = QHBoxLayout()
        end.setSpacing(theme.GAP)
        end.addWidget(self.hint, 1)
        end.addWidget(self.cancel_button)
        end.addWidget(self.use_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP)
        size = f", {file_size(read.bytes)}" if read.bytes else ""
        layout.addWidget(subheading(f"{Path(read.model).name}{size}"))
        layout.addWidget(self.known_label)
        layout.addSpacing(4)
        layout.addLayout(middle, 1)
        layout.addLayout(end)
        self.resize(_SIZE)

    @property
    def handling(self) -> Handling:
        """As it is chosen now; a class without a name is called by its number."""
        names = zip(self.labels.names, self._placeholders, strict=True)
        return replace(self.settings.handling, classes=tuple(name or number for name, number in names))

    @Slot()
    def _changed(self) -> None:
        missing = []
        if not self.labels.is_complete:
            missing.append("the class names")
        if not self.settings.is_chosen:
            missing.append("how pictures go in")
        self.hint.setText(
            f"Still to be said: {' and '.join(missing)}." if missing else "It is remembered for this file."
        )
        self.use_button.setEnabled(not missing)
        if self.settings.is_chosen:
            self.trial.show_for(self.handling)
        else:
            self.trial.wait_for("Choose above how pictures go in: then a picture can be tried.")

    def accept(self) -> None:
        """Use the model like this."""
        self.trial.stop()
        self._opened.tell(self.handling)
        super().accept()

    def reject(self) -> None:
        """Leave all as it was before; what a try has kept is taken back."""
        self.trial.stop()
        if self.trial.has_tried and self._before is not None:
            self._opened.tell(self._before)
        elif self.trial.has_tried:
            self._opened.forget()
        super().reject()
