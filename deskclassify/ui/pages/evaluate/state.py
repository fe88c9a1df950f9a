"""What the Evaluate page is about: a run's answers, held against the labels as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core import standing
from deskclassify.core.data_events import Relearned
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Evaluated, Event, Progress, Scored, Verdict
from deskclassify.core.mending import found_names
from deskclassify.core.requests import EvaluateRequest
from deskclassify.core.run_folder import measure
from deskclassify.core.sources import DataSpec, Source
from deskclassify.jobs.job import Job
from deskclassify.ui.pages.evaluate.view import Choice, Origin, View
from deskclassify.ui.pages.evaluate.words import by_loss
from deskclassify.ui.session import Session


class Evaluation(QObject):
    """The state that all parts of the page share. Parts set it by its methods, and follow its signals.

    Attributes:
        view: what is shown; None without a run.
        choice: the pictures that were chosen last; None: none were.
        trained_accuracy: of the run as it was trained, 0 to 1; None without a run or validation pictures.
    """

    view_changed = Signal()  # self.view
    choice_changed = Signal()  # self.choice: parts show its pictures
    measuring_changed = Signal()  # self.measuring, self.progress
    picture_wanted = Signal(str)  # path of a picture to be opened large

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.view: View | None = None
        self.choice: Choice | None = None
        self.measuring = ""  # what is being measured, in words; empty for nothing
        self.progress: Progress | None = None
        self._origin: Origin = "valid"
        self._folder = ""
        self._given: tuple[Scored | None, tuple[Verdict, ...], int, float] = (None, (), 0, 0.0)
        self._scored: Scored | None = None
        self._live: Relearned | None = None
        self._live_data = DataSpec()  # by which it was learned
        self._run_data: DataSpec | None = None  # by which the run was trained
        self._run_classes: tuple[str, ...] = ()
        self.trained_accuracy: float | None = None
        self._job: Job | None = None
        session.run_changed.connect(self.show_run)
        session.listing_changed.connect(self._labels_changed)

    # -- what is shown ----------------------------------------------------------------

    @Slot()
    def show_run(self) -> None:
        """Show the session's run on its validation pictures, or that there is none."""
        self._show_run(keep_choice=False)

    def show_trained(self) -> None:
        """End the look at what was learned anew: the same pictures stay chosen."""
        if self._live is not None:
            self._show_run(keep_choice=True)

    def _show_run(self, keep_choice: bool) -> None:
        self.stop()
        self._live, self._origin, self._folder = None, "valid", ""
        self.trained_accuracy = self._run_data = None
        run = self.session.run
        if run is None:
            self._set_view(None)
            return
        try:
            self._run_data, scored = run.data(), run.scored()
            verdicts = scored.verdicts if scored is not None else tuple(run.predictions())
            if verdicts:
                self.trained_accuracy = sum(one.label == one.predicted for one in verdicts) / len(verdicts)
            self._run_classes = run.info().classes
            self._take(scored, verdicts, 0, 0.0, self._run_classes, keep_choice)
        except (InputError, OSError, ValueError, KeyError) as error:
            self.session.failed.emit(Failure.of(error))
            self._set_view(None)

    def show_live(self, scored: Scored, relearned: Relearned, data: DataSpec | None = None) -> None:
        """Show what a last layer says that was learned anew; the same pictures stay chosen.

        `show_run` goes back to the run itself.

        Args:
            scored: what it says of the validation pictures.
            relearned: how it was learned.
            data: by which it was learned; None: the project's as they are now.
        """
        self.stop()
        self._live, self._origin, self._folder = relearned, "valid", ""
        self._live_data = data or self.session.project.data
        self._take(scored, scored.verdicts, 0, relearned.seconds, scored.classes, keep_choice=True)

    def class_of_model(self, name: str) -> str:
        """What the run's own network calls a class, by its name now; empty where it does not know it.

        Of classes that were merged since, it is the first.
        """
        names = self._run_classes
        if self._run_data is None or not self._is_of_project():
            return name if name in names else ""
        now = self._names_now(self._run_data, names)
        return next((own for own, shown in now.items() if shown == name), "")

    def choose(self, choice: Choice | None) -> None:
        """Show the pictures of a cell, bar, point or row."""
        self.choice = choice
        self.choice_changed.emit()

    # -- measuring --------------------------------------------------------------------

    def measure_folder(self, folder: Path) -> None:
        """Measure the run's network on other labelled pictures."""
        data = DataSpec((Source(str(folder)),), rule=self.session.project.data.rule)
        self._measure("folder", f"“{folder.name}”", data, str(folder))

    def measure_test(self) -> None:
        """Measure the run's network on the pictures that are kept for the test."""
        self._measure("test", "the test pictures", self.session.project.data, "")

    def measure_again(self) -> None:
        """Measure on the validation pictures, for a run that did not keep its probabilities."""
        run = self.session.run
        data = run.data() if run is not None else None
        self._measure("valid", "the validation pictures", data or self.session.project.data, "")

    def stop(self) -> None:
        """Give up what is being measured."""
        if self._job is not None:
            self._job.control.stop()
            self._end()

    def _measure(self, origin: Origin, what: str, data: DataSpec, folder: str) -> None:
        run = self.session.run
        if run is None:
            return
        self.stop()
        subset: Literal["all", "valid", "test"] = "all" if origin == "folder" else origin
        request = EvaluateRequest(str(run.path), data, subset, self.session.settings.device)
        self._wanted: tuple[Origin, str] = (origin, folder)
        self._scored, self.measuring, self.progress = None, what, None
        self._job = self.session.ask(request, self._on_event, self._on_failure)
        self.measuring_changed.emit()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        if isinstance(event, Progress):
            self.progress = event
            self.measuring_changed.emit()
        elif isinstance(event, Scored):
            self._scored = event
        elif isinstance(event, Evaluated) and self._scored is not None:
            self._end()
            self._live = None
            self._origin, self._folder = self._wanted
            scored = self._scored
            self._take(scored, scored.verdicts, event.skipped_images, event.seconds, scored.classes)

    @Slot(object)
    def _on_failure(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._end()
        self.session.failed.emit(failure)

    def _end(self) -> None:
        self._job, self.measuring, self.progress = None, "", None
        self.measuring_changed.emit()

    # -- labels -----------------------------------------------------------------------

    def _take(
        self,
        scored: Scored | None,
        verdicts: tuple[Verdict, ...],
        skipped: int,
        seconds: float,
        classes: tuple[str, ...],
        keep_choice: bool = False,
    ) -> None:
        self._given, self._classes = (scored, verdicts, skipped, seconds), classes
        self._set_view(self._view_now(), keep_choice)

    @Slot()
    def _labels_changed(self) -> None:
        if self.view is not None and self.session.listing is not None:
            self._set_view(self._view_now(), keep_choice=True)

    def _view_now(self) -> View:
        scored, verdicts, skipped, seconds = self._given
        classes = self._classes
        if scored is not None and not self._folder and self._is_of_project():
            scored = self._mended(scored)
            verdicts, classes = scored.verdicts, scored.classes
        evaluated = measure(list(verdicts), classes, skipped, seconds)
        return View(evaluated, by_loss(verdicts), self._origin, self._folder, scored, self._live)

    def _is_of_project(self) -> bool:
        run = self.session.run
        return run is not None and self.session.has_project and run.path.is_relative_to(self.session.project.folder)

    def _mended(self, scored: Scored) -> Scored:
        """The answers by the class names and labels as they are now; pictures that were left out are left out."""
        listing = self.session.listing
        then = self._live_data if self._live is not None else self._run_data
        if then is not None:
            scored = standing.renamed(scored, self._names_now(then, scored.classes))
        if listing is None or not listing.items:
            return scored
        return standing.relabelled(scored, {item.path: item.label for item in listing.items})

    def _names_now(self, then: DataSpec, classes: tuple[str, ...]) -> dict[str, str]:
        listing = self.session.listing
        found = found_names(listing) if listing is not None else None
        return standing.names_now(then, self.session.project.data, classes, found)

    def _set_view(self, view: View | None, keep_choice: bool = False) -> None:
        self.view = view
        if not keep_choice:
            self.choice = None
        self.view_changed.emit()
        if not keep_choice:
            self.choose(None)
