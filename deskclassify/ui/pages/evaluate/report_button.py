"""The button that writes all about a run into one HTML file, and then opens it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QWidget

from deskclassify.core.data_requests import RunReportRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress
from deskclassify.core.layer_events import ReportWritten
from deskclassify.core.runs import title
from deskclassify.core.sources import DataSpec
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded

_PAGES = "Web pages (*.html)"
_TIP = (
    "Writes figures, curves, confusions, worst pictures, data problems and settings of this training into one file, "
    "to be read and printed without this program."
)


class ReportButton(QPushButton):
    """“Report…”; while it is written “Stop”, and then “Open report” until another run is shown."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("reportButton")
        self._session = session
        self._written: Path | None = None
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._hear)
        self._latest.failed.connect(session.failed)
        self._latest.busy_changed.connect(self._show)
        self.clicked.connect(self._click)
        session.run_changed.connect(self._forget)
        self._forget()

    @Slot()
    def _forget(self) -> None:
        self._written = None
        self.setVisible(self._session.run is not None)
        self._show()

    @Slot()
    def _show(self) -> None:
        if self._latest.is_busy:
            self._tell("stop", "Stop", "Stop; nothing is written then")
        elif self._written is not None:
            self._tell("open", "Open report", str(self._written))
        else:
            self._tell("save", "Report…", _TIP)

    def _tell(self, icon: str, text: str, tip: str) -> None:
        self.setIcon(theme.icon(icon))
        self.setText(text)
        self.setToolTip(tip)

    @Slot()
    def _click(self) -> None:
        if self._latest.is_busy:
            self._latest.drop()
        elif self._written is not None:
            run_guarded(self._session, self._open, self._written)
            self._written = None  # the next click asks for another one
            self._show()
        else:
            self._ask()

    def _ask(self) -> None:
        run = self._session.run
        if run is None:
            return
        name = "".join(char if char.isalnum() or char in "-_. " else "-" for char in title(run))
        target = dialogs.ask_target(self, self._session, "Write a report", f"{name}.html", _PAGES)
        if target is not None:
            self.write(target)

    def write(self, target: Path) -> None:
        """Write the report of the run that is shown."""
        run, project = self._session.run, self._session.project
        if run is not None:
            # Problems are those of the data as they are now, where the run is one of the project's.
            data = project.data if run.path.is_relative_to(project.folder) else DataSpec()
            self._latest.ask(RunReportRequest(str(run.path), str(target), data))

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._session.status.emit(f"Writing the report … {100 * event.done // max(1, event.total)} %")
        elif isinstance(event, ReportWritten):
            self._written = Path(event.path)
            self._session.status.emit(f"{self._written.name} was written ({event.bytes / 1e6:.1f} MB)")
            self._show()

    def _open(self, path: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            raise InputError(f"No program opens “{path.name}” here. It lies in {path.parent}.")
