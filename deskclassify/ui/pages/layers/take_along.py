"""What can be taken along from the Layers page: the view as a picture, and the whole walk as a page to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event, Progress
from deskclassify.core.layer_events import ReportWritten
from deskclassify.core.layer_requests import ReportRequest
from deskclassify.core.network_parts import title_of
from deskclassify.ui import dialogs, figures, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.common import run_guarded
from deskclassify.ui.widgets.named import named

_PAGES = "Web pages (*.html)"
_STOPPED = "The report was stopped; nothing was written."


class TakeAlongButton(QWidget):
    """A button with a menu. A second one beside it tells how far a report is and stops it, and opens what was saved.

    A report goes on when the page is left, for it was asked for.

    Args:
        looking: what is looked at.
        view: gives the widget that is to be saved as a picture.
    """

    def __init__(self, looking: Looking, view: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._looking = looking
        self._session = looking.session
        self._view = view
        self._saved = Path()
        self._ask = Latest(looking.session, parent=self)
        self._ask.received.connect(self._hear)
        self._ask.failed.connect(self._fail)
        self._make_widgets()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self.follow_button)
        row.addWidget(self.button)

    def _make_widgets(self) -> None:
        menu = QMenu(self)
        self.view_action = QAction(theme.icon("image"), "Save this view as a picture… (PNG, SVG)", menu)
        self.view_action.triggered.connect(self._save_view)
        self.report_action = QAction(theme.icon("layers"), "Report of this picture… (HTML)", menu)
        self.report_action.triggered.connect(self._write_report)
        menu.setToolTipsVisible(True)
        menu.addActions([self.view_action, self.report_action])
        menu.aboutToShow.connect(self._refresh)
        self.button = named(QPushButton(theme.icon("save"), "Save"), "takeAlongButton")
        self.button.setToolTip("Take along what you see: a picture for your slides, or a page to read and to print")
        self.button.setProperty("hasMenu", True)
        self.button.setMenu(menu)
        self.follow_button = named(QPushButton(), "followButton")
        self.follow_button.clicked.connect(self._follow)
        self.follow_button.hide()

    def set_compact(self, compact: bool) -> None:
        """Show the icon alone, or the text too."""
        self.button.setText("" if compact else "Save")
        self.button.setAccessibleName("Save")

    @property
    def is_busy(self) -> bool:
        """Whether a report is being written."""
        return self._ask.is_busy

    @Slot()
    def _refresh(self) -> None:
        can = bool(self._looking.image) and self._looking.listed is not None and not self.is_busy
        self.report_action.setEnabled(can)
        tip = "One file with the network's plan, the layers stage by stage, and the reasons for the answer"
        missing = "A report is being written" if self.is_busy else "Choose a picture first"
        self.report_action.setToolTip(tip if can else missing)

    # -- the view ---------------------------------------------------------------------

    @Slot()
    def _save_view(self) -> None:
        target = dialogs.ask_target(self, self._session, "Save this view", f"{self._name()}.png", figures.KINDS)
        if target is not None:
            run_guarded(self._session, self._save_view_as, target)

    def _save_view_as(self, target: Path) -> None:
        if self._looking.image and target.absolute() == Path(self._looking.image).absolute():
            raise InputError(f"“{target.name}” is your picture itself. Give another name.")
        layer, picture = self._looking.layer, Path(self._looking.image).name
        title = " · ".join(part for part in (layer.name if layer else "", picture) if part)
        saved = figures.save_view(self._view(), target, title, title_of(layer) if layer else "")
        end = "" if saved.is_whole else "; it is too long for one picture, and its end is missing"
        self._session.status.emit(f"{saved.path.name} was saved{end}")
        if not self.is_busy:  # else the button beside tells of the report
            self._offer(saved.path, "Open picture")

    def _name(self) -> str:
        """A name for a file: of the picture, and of the layer."""
        layer = self._looking.layer
        parts = (Path(self._looking.image).stem, layer.name if layer else "")
        return re.sub(r"[^\w.-]+", "-", "-".join(part for part in parts if part)).strip("-.") or "view"

    # -- the report -------------------------------------------------------------------

    @Slot()
    def _write_report(self) -> None:
        if not self._looking.image or self._looking.listed is None:
            return
        image = self._looking.image
        target = dialogs.ask_target(self, self._session, "Write a report", f"{Path(image).stem}-walk.html", _PAGES)
        if target is not None:
            self._ask.ask(ReportRequest(self._looking.model, image, str(target)))
            self._tell(0)

    def _tell(self, percent: int) -> None:
        self.follow_button.setIcon(theme.icon("stop"))
        self.follow_button.setText(f"Report: {percent} %")
        self.follow_button.setToolTip("Stop; nothing is written then")
        self.follow_button.setAccessibleName(f"Stop the report, {percent} % are done")
        self.follow_button.show()
        self._session.status.emit(f"Writing the report … {percent} %")

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress) and event.total:
            self._tell(100 * event.done // event.total)
        elif isinstance(event, ReportWritten):
            path = Path(event.path)
            self._session.status.emit(f"{path.name} was written ({event.bytes / 1e6:.1f} MB)")
            self._offer(path, "Open report")

    @Slot(object)
    def _fail(self, failure: Failure) -> None:
        self.follow_button.hide()
        self._session.failed.emit(failure)

    # -- what comes after -------------------------------------------------------------

    def _offer(self, path: Path, text: str) -> None:
        self._saved = path
        self.follow_button.setIcon(theme.icon("open"))
        self.follow_button.setText(text)
        self.follow_button.setToolTip(str(path))
        self.follow_button.setAccessibleName(f"{text}: {path.name}")
        self.follow_button.show()

    @Slot()
    def _follow(self) -> None:
        if self.is_busy:
            self._ask.drop()
            self.follow_button.hide()
            self._session.status.emit(_STOPPED)
        else:
            run_guarded(self._session, self._open)

    def _open(self) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._saved))):
            raise InputError(f"No program opens “{self._saved.name}” here. It lies in {self._saved.parent}.")
