"""The project's runs in the window: listed, renamed, shown, drawn beside one another, moved to the trash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core import runs
from deskclassify.core.comparison import Comparison, compare
from deskclassify.core.errors import Failure, InputError, UserError
from deskclassify.core.events import EpochDone, Event
from deskclassify.core.requests import ExportRequest, FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.runs import RunSummary
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.session import Session

# Those that the lines of the run in the charts do not have.
OVERLAY_COLORS = tuple(theme.CLASS_COLORS[place] for place in (3, 4, 5, 7, 8, 9))
_LONGEST_NAME = 28  # characters in the legend of a chart


@dataclass(frozen=True)
class Overlay:
    """A run that is drawn beside the one in the charts; `name` is short and no other overlay has it."""

    name: str
    color: str
    rows: tuple[EpochDone, ...]


class RunLibrary(QObject):
    """Commands on runs, and the list of them. Failures are raised; the caller shows them."""

    changed = Signal()  # self.runs, or which of them is shown or trained
    overlays_changed = Signal()  # self.overlays()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._project = session.project.folder
        self._colors: dict[str, str] = {}  # path of a run that is drawn → its colour
        self.runs: tuple[RunSummary, ...] = ()
        session.project_changed.connect(self._on_project)
        session.run_changed.connect(self.refresh)
        session.runs_changed.connect(self.refresh)
        session.train_state_changed.connect(self.refresh)
        session.train_event.connect(self._on_event)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Read the list anew: runs may have come, changed or gone."""
        session = self._session
        self.runs = runs.summaries(session.project.runs()) if session.has_project else ()
        known = {one.path for one in self.runs}
        self._colors = {path: color for path, color in self._colors.items() if path in known}
        self.changed.emit()
        self.overlays_changed.emit()

    @Slot()
    def _on_project(self) -> None:
        if self._session.project.folder != self._project:
            self._project = self._session.project.folder
            self.refresh()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        """A new run writes its folder some time after the training was started."""
        path = self.trained() if isinstance(event, EpochDone) else ""
        is_new = path and path not in {one.path for one in self.runs}
        if is_new and Path(path).is_relative_to(self._project):  # not one of a project that was left
            self.refresh()

    # -- which is which ---------------------------------------------------------------

    def trained(self) -> str:
        """The path of the run that is being trained; empty for none."""
        if self._session.train_state == "idle":
            return ""
        requests = (job.request for job in self._session.owner.jobs)
        return next((request.run for request in requests if isinstance(request, FitRequest)), "")

    def shown(self) -> str:
        """The path of the run that the other pages show; empty for none."""
        return str(self._session.run.path) if self._session.run is not None else ""

    def in_charts(self) -> str:
        """The path of the run that the charts show: the one in training, else the one that is shown."""
        return self.shown() if self._session.train_state == "idle" else self.trained()

    # -- commands ---------------------------------------------------------------------

    def show(self, run: RunSummary) -> None:
        """Let the other pages show a run and predict with it.

        Raises:
            InputError: it has no network yet.
        """
        if not run.can_be_shown:
            raise InputError(run.problem or f"“{run.title}” has no result yet. Let its training end first.")
        self._session.show_run(run.folder)

    def rename(self, run: RunSummary, name: str) -> None:
        """Give a run another name; an empty one gives it the folder's again.

        Raises:
            InputError: the name is too long, or the run has gone.
            OSError: the name cannot be written.
        """
        runs.rename(run.folder, name)
        self._session.runs_changed.emit()

    def compare(self, first: RunSummary, second: RunSummary) -> Comparison:
        """What differs, from the older run to the newer.

        Raises:
            InputError: one of them is damaged.
        """
        older, newer = sorted((first, second), key=lambda one: (one.created, one.path))
        return compare(older.folder, newer.folder)

    def move_to_trash(self, chosen: Iterable[RunSummary]) -> None:
        """Move run folders to the desktop's trash. If the run that is shown goes, the newest other one is shown.

        Raises:
            InputError: one is in use; nothing was moved.
            UserError: one cannot be moved; it and those after it are still there.
        """
        chosen = tuple(chosen)
        for run in chosen:
            self._check_unused(run)
        moved = 0
        try:
            for run in chosen:
                _trash(run)
                moved += 1
        finally:
            if moved:
                self._session.status.emit(f"Moved to the trash: {counted(moved, 'run')}.")
                self._after_removal()

    def _check_unused(self, run: RunSummary) -> None:
        for request in (job.request for job in self._session.owner.jobs):
            if isinstance(request, FitRequest) and request.run == run.path:
                raise InputError(f"“{run.title}” is being trained. Stop the training first, then move it to the trash.")
            if isinstance(request, ExportRequest) and request.run == run.path:
                raise InputError(f"“{run.title}” is being exported. Wait a moment, then move it to the trash.")

    def _after_removal(self) -> None:
        shown = self._session.run
        if shown is not None and not shown.path.is_dir():
            rest = runs.summaries(self._session.project.runs())
            others = [one for one in rest if one.can_be_shown]
            self._session.show_run(others[0].folder if others else None)
        self._session.runs_changed.emit()

    # -- overlays ---------------------------------------------------------------------

    def color(self, path: str) -> str:
        """The colour of a run that is drawn in the charts; empty for one that is not."""
        return self._colors.get(path, "")

    def draw(self, path: str, wanted: bool) -> None:
        """Draw a run in the charts beside the current one, or take it away."""
        if not wanted:
            self._colors.pop(path, None)
        elif path not in self._colors:
            used = list(self._colors.values())
            self._colors[path] = min(OVERLAY_COLORS, key=used.count)  # the first of those used least
        self.changed.emit()
        self.overlays_changed.emit()

    def overlays(self) -> tuple[Overlay, ...]:
        """The runs to draw; the one that the charts show anyway is not among them.

        A run whose history cannot be read has no rows, and its line says why.
        """
        names: set[str] = set()
        made = []
        for run in self.runs:
            if run.path in self._colors and run.path != self.in_charts():
                name = _short(run.title)
                name = f"{name} ({run.folder.name})" if name in names else name
                names.add(name)
                made.append(Overlay(name, self._colors[run.path], _rows(run.folder)))
        return tuple(made)


def _short(title: str) -> str:
    return title if len(title) <= _LONGEST_NAME else title[: _LONGEST_NAME - 1].rstrip() + "…"


def _rows(run: RunFolder) -> tuple[EpochDone, ...]:
    try:
        return tuple(run.history())
    except (OSError, ValueError):
        return ()


def _trash(run: RunSummary) -> None:
    from send2trash import send2trash  # asks the desktop: not needed before

    try:
        send2trash(run.path)
    except Exception as error:  # each system has errors of its own
        why = Failure.of(error)
        raise UserError(
            f"“{run.title}” could not be moved to the trash, and is still there. {why.sentence} "
            "“Show folder” leads to it, if you want to delete it yourself.",
            why.details,
        ) from error
