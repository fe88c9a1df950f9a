"""Exporting a model: what for and where to, how far it is, and the proof, or why it was refused."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.errors import Failure, UserError
from deskclassify.core.events import Event, Exported, Message, Progress
from deskclassify.core.export_words import figures, model_file, verdict
from deskclassify.core.words import about
from deskclassify.ui import dialogs, theme
from deskclassify.ui.export_options import ExportOptions
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, muted, primary, set_role, subheading
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.facts_grid import FactsGrid
from deskclassify.ui.widgets.named import named

_WIDTH = 640  # pixels
_LINES = 3  # of the text that tells how it goes


class ExportDialog(QDialog):
    """Enter exports one exact file. Closing the dialog stops an export, and then nothing is left of it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("exportDialog")
        self.setWindowTitle("Export model")
        self.finished.connect(self.deleteLater)
        self._session = session
        self._done: Exported | None = None
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self._latest.busy_changed.connect(self._refresh)
        self._make_widgets()
        self._lay_out()
        self.options.changed.connect(self._options_changed)
        self._refresh()
        explain_all(self)

    def _make_widgets(self) -> None:
        session = self._session
        self.options = ExportOptions()
        start = Path(session.settings.last_folder or Path.home())
        name = session.project.name or "model"
        self.edit = named(QLineEdit(str(dialogs.free(start, name, ".onnx"))), "exportPathEdit")
        self.edit.setAccessibleName("File or folder to write")
        self.edit.textChanged.connect(self._edited)
        self.browse_button = named(QPushButton("Place…"), "exportBrowseButton")
        self.browse_button.setAutoDefault(False)
        self.browse_button.clicked.connect(self._browse)
        self.bar = named(QProgressBar(), "exportProgress")
        self.bar.setAccessibleName("Progress of the export")
        keep = self.bar.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # so that nothing jumps when the export begins and ends
        self.bar.setSizePolicy(keep)
        self.text = named(QLabel(), "exportText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.text.setMinimumHeight(_LINES * self.text.fontMetrics().lineSpacing())
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict_label = named(subheading(""), "exportVerdict")
        self.verdict_label.setWordWrap(True)
        self.figures = FactsGrid()
        self.show_button = named(QPushButton("Show in folder"), "exportShowButton")
        self.show_button.clicked.connect(self._show_in_folder)
        self.share_button = named(QPushButton("Use it elsewhere…"), "exportShareButton")
        self.share_button.setToolTip("Code for Python, JavaScript and C# that uses this model")
        self.share_button.clicked.connect(self._share)
        self.again_button = named(QPushButton("Export another"), "exportAgainButton")
        self.again_button.clicked.connect(self._again)
        self.close_button = named(QPushButton("Close"), "exportCloseButton")
        self.close_button.clicked.connect(self._close_or_stop)
        for button in (self.show_button, self.share_button, self.again_button, self.close_button):
            button.setAutoDefault(False)
        self.start_button = primary(named(QPushButton("Export"), "exportStartButton"))
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self._export)

    def _lay_out(self) -> None:
        asking = QWidget()
        column = QVBoxLayout(asking)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(self.options)
        label = QLabel("&File")
        label.setBuddy(self.edit)
        place = QHBoxLayout()
        place.setSpacing(theme.GAP)
        for widget in (label, self.edit, self.browse_button):
            place.addWidget(widget, 1 if widget is self.edit else 0)
        self.place_label = label
        column.addLayout(place)
        column.addWidget(self.bar)
        column.addWidget(self.text)
        column.addStretch(1)
        shown = QWidget()
        result = QVBoxLayout(shown)
        result.setContentsMargins(0, 0, 0, 0)
        result.setSpacing(theme.GAP + 4)
        result.addWidget(self.verdict_label)
        card = Card()
        card.body.addWidget(self.figures)
        result.addWidget(card)
        result.addWidget(muted("The figures are inside the file too, and it tests itself whenever it is opened."))
        result.addStretch(1)
        self.pages = (asking, shown)  # no stack: that does not ask for the height of text that wraps
        end = QHBoxLayout()
        end.setSpacing(theme.GAP)
        end.addWidget(self.again_button)
        end.addStretch(1)
        for button in (self.show_button, self.share_button, self.close_button, self.start_button):
            end.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        for page in self.pages:
            layout.addWidget(page, 1)
        layout.addLayout(end)
        self.setMinimumWidth(_WIDTH)
        self.options.more.button.toggled.connect(self._fit, Qt.ConnectionType.QueuedConnection)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """As high as its text wants, which only now has its style."""
        super().showEvent(event)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.options.even_out()
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    # -- commands -------------------------------------------------------------------------

    @Slot()
    def _browse(self) -> None:
        suggested = Path(self.edit.text().strip() or "model").name
        chosen = dialogs.ask_model_target(self, self._session, suggested)
        if chosen is not None:
            self.edit.setText(str(chosen))

    @Slot()
    def _export(self) -> None:
        target = Path(self.edit.text().strip()).expanduser()
        if target.suffix.lower() != self.options.suffix and self.options.suffix:
            target = target.with_name(target.name + self.options.suffix)
        try:
            request = self._session.export_request(target.absolute(), **self.options.chosen)
        except UserError as error:
            self._say(error.sentence, "bad")
            return
        self.bar.setRange(0, 0)
        self._say("The trained network is being made ready…", "muted")
        self._latest.ask(request)

    @Slot()
    def _close_or_stop(self) -> None:
        if self._latest.is_busy:
            self._latest.drop()
            self._say("Stopped. Nothing was written.", "muted")
        else:
            self.close()

    @Slot()
    def _again(self) -> None:
        self._done = None
        self._options_changed()
        self._refresh()

    @Slot()
    def _show_in_folder(self) -> None:
        if self._done is not None:
            place = Path(self._done.model)
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(place if place.is_dir() else place.parent)))

    @Slot()
    def _share(self) -> None:
        from deskclassify.ui.share_dialog import ShareDialog

        if self._done is not None:
            ShareDialog(self._session, model_file(self._done), self).open()

    def done(self, result: int) -> None:
        """The dialog closes: an export that is not finished is given up."""
        self._latest.drop()
        super().done(result)

    # -- answers --------------------------------------------------------------------------

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            seconds = event.seconds_left or 0.0
            left = f", about {about(seconds)} left" if seconds > 2 else ""
            count = f": {event.done:,} of {event.total:,}" if event.total > 1 else ""
            self._say(f"{event.stage[:1].upper()}{event.stage[1:]}{count}{left}", "muted")
        elif isinstance(event, Message):
            self._say(event.text, "warn" if event.level == "warning" else "muted")
        elif isinstance(event, Exported):
            self._done = event
            self.verdict_label.setText(verdict(event))
            self.figures.show_rows(figures(event))
            explain_all(self.figures)
            self._say("", "muted")
            self._session.export_done.emit(event)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._say(failure.sentence, "bad")
        self.text.setToolTip("")

    @Slot()
    def _options_changed(self) -> None:
        """The suffix follows the layout, and a free name is found."""
        path = Path(self.edit.text().strip() or "model")
        name = path.stem if path.suffix.lower() in (".onnx", ".zip") else path.name
        self.edit.setText(str(dialogs.free(path.parent, name, self.options.suffix)))
        self.place_label.setText("&File" if self.options.suffix else "&New folder")

    @Slot()
    def _edited(self) -> None:
        text = self.edit.text().strip()
        is_there = bool(text) and os.path.lexists(Path(text).expanduser())
        if is_there and self.options.suffix:
            self._say("A file of this name is there already; it will be replaced.", "warn")
        elif is_there:
            self._say("A folder of this name is there already. Choose another name.", "warn")
        else:
            self._say("", "muted")
        self._refresh()

    def _say(self, text: str, role: str) -> None:
        self.text.setText(text)
        set_role(self.text, role)

    @Slot()
    def _refresh(self) -> None:
        busy, is_done = self._latest.is_busy, self._done is not None
        for at, page in enumerate(self.pages):
            page.setVisible(at == is_done)
        self.bar.setVisible(busy)
        for widget in (self.options, self.edit, self.browse_button):
            widget.setEnabled(not busy)
        self.close_button.setText("Stop" if busy else "Close")
        self.close_button.setDefault(is_done)
        self.start_button.setVisible(not is_done)
        self.start_button.setEnabled(not busy and bool(self.edit.text().strip()))
        for button in (self.show_button, self.again_button):
            button.setVisible(is_done)
        self.share_button.setVisible(self._done is not None and bool(model_file(self._done)))
