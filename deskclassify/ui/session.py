"""What the window is about: the project, its run, its model, and the jobs at work on them.

Pages show this state and call these methods; they know neither files nor processes. Every
change of the data is on the undo stack, and every change is saved at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from deskclassify.core import mending, run_model, scan_result
from deskclassify.core import project as projects
from deskclassify.core import settings as settings_file
from deskclassify.core.archive_names import is_archive_name
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import (
    Event,
    Examined,
    Exported,
    FitDone,
    Held,
    Listed,
    PredictDone,
    Prediction,
    Progress,
    ScanDone,
)
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.project import Project, TrainOptions
from deskclassify.core.requests import (
    DoctorRequest,
    ExportRequest,
    ListRequest,
    PredictRequest,
    Request,
    ScanRequest,
    WarmRequest,
)
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.settings import Settings
from deskclassify.core.sources import DataSpec, Found, Listing, Problem, Source, arrange
from deskclassify.jobs.job import Job
from deskclassify.jobs.owner import JobOwner
from deskclassify.ui.predict_queue import PredictQueue

TrainState = Literal["idle", "running", "paused", "stopping"]
_AT_ONCE = 5_000  # pictures that are arranged in the window's thread: more would be felt


class _DataChange(QUndoCommand):
    """An undoable change of the data: the whole frozen spec, before and after."""

    def __init__(self, session: Session, text: str, after: DataSpec) -> None:
        super().__init__(text)
        self._session = session
        self._before = session.project.data
        self._after = after

    def redo(self) -> None:
        self._session.put_data(self._after)

    def undo(self) -> None:
        self._session.put_data(self._before)


class Session(QObject):
    """The window's state and commands. All signals are emitted in the window's thread."""

    project_changed = Signal()  # another project, or its data or options
    options_changed = Signal()  # self.project.options, by the user
    listing_changed = Signal()  # self.listing
    scan_progress = Signal(object)  # Progress of the check of all files
    scan_changed = Signal()  # self.scan_result
    train_state_changed = Signal()  # self.train_state
    train_event = Signal(object)  # any Event of the training
    run_changed = Signal()  # self.run: shown by Evaluate and Layers
    runs_changed = Signal()  # runs of the project were renamed or removed
    model_changed = Signal()  # self.model: used by Predict; None while there is none
    export_done = Signal(object)  # Exported, when the user asked for it
    predict_started = Signal()
    prediction = Signal(object)  # Prediction
    predict_progress = Signal(object)  # Progress of a prediction: counts and the time left
    predict_done = Signal(object)  # PredictDone
    examined_changed = Signal()  # self.examined: the device
    settings_changed = Signal()
    failed = Signal(object)  # Failure, to be shown
    status = Signal(str)  # one line for the status bar
    page_wanted = Signal(str)  # "data", "train", "evaluate", "layers" or "predict"
    archive_wanted = Signal(str)  # path of an archive that is to be brought in, if the user agrees

    def __init__(self, owner: JobOwner, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.owner = owner
        self.settings = settings
        self.undo_stack = QUndoStack(self)
        self.predictions = PredictQueue(self._start_prediction, self)
        self.project: Project = projects.Project(Path())
        self.listing: Listing | None = None
        self.scan_result: ScanDone | None = None
        self.train_state: TrainState = "idle"
        self.run: RunFolder | None = None
        self.model: Path | None = None
        self.examined: Examined | None = None
        self._found: Found | None = None  # what the last walk through the folders came to
        self._checked: ScanDone | None = None  # of all that was found, also of what was left out
        self._list_job: Job | None = None
        self._scan_job: Job | None = None
        self._use_job: Job | None = None  # makes the model of the run that is shown
        self._train_job: Job | None = None
        self._model_from_run = False
        self._is_warm = False
        self._waiting_paths: tuple[Path, ...] = ()

    # -- project ----------------------------------------------------------------------

    @property
    def has_project(self) -> bool:
        """Whether a project is open."""
        return self.project.folder != Path()

    def new_project(self, name: str = "Project") -> None:
        """Make an empty project and open it."""
        self._open(projects.create(name))

    def open_project(self, path: Path) -> None:
        """Open a project file or folder.

        Raises:
            InputError: it is no project.
        """
        self._open(projects.load(path))

    def _open(self, project: Project) -> None:
        self.stop_training()
        self.undo_stack.clear()
        self.project = project
        self.change_settings(self.settings.with_recent(project.file))
        finished = [run for run in project.runs() if run.is_finished()]
        self.show_run(finished[-1] if finished else None)
        self.project_changed.emit()
        self.look_again()

    def change_settings(self, settings: Settings) -> None:
        """Save other settings."""
        self.settings = settings
        self._try(lambda: settings_file.save(settings))
        self.settings_changed.emit()

    def open_path(self, path: Path) -> None:
        """Do what a drop on the window or an argument does.

        A project is opened, a folder becomes the data of a new project, a model is put on
        the Predict page, and a picture is classified there. For an archive, `archive_wanted` asks.

        Raises:
            InputError: the path is nothing of these.
        """
        if not path.exists():
            raise InputError(f"There is nothing at “{path}”. Check the path.")
        if projects.is_project(path):
            self.open_project(path)
            self.page_wanted.emit("data")
        elif path.is_dir() and RunFolder(path).is_finished():
            self.show_run(RunFolder(path))
            self.page_wanted.emit("evaluate")
        elif path.is_dir():
            self.add_folder(path)
            self.page_wanted.emit("data")
        elif path.suffix.lower() == ".onnx":
            self.open_model(path)
            self.page_wanted.emit("predict")
        elif is_picture_name(path.name):
            self.page_wanted.emit("predict")
            self.predict([path])
        elif is_archive_name(path.name):
            self.page_wanted.emit("data")
            self.archive_wanted.emit(str(path))
        else:
            raise InputError(
                f"“{path.name}” is no folder of pictures, no picture, no archive, no project and no .onnx model. "
                "Open one of these."
            )

    # -- data -------------------------------------------------------------------------

    def change_data(self, text: str, data: DataSpec) -> None:
        """Change the data, undoably. `text` names the change in the Edit menu."""
        if data != self.project.data:
            self.undo_stack.push(_DataChange(self, text, data))

    def put_data(self, data: DataSpec) -> None:
        """Set the data without the undo stack (the stack calls this)."""
        self.project = self.project.with_data(data)
        self._try(self.project.save)
        if self._found is not None and self._found.fits(data):
            self._arrange(self._found)
        else:
            self.project_changed.emit()
            self.look_again()

    def add_folder(self, path: Path, label: str = "") -> None:
        """Add a folder of class folders, or (with a label) one class folder.

        Without a project, the one that was made of this folder before is opened, or a new one
        is made and named after it.
        """
        if not self.has_project:
            known = self._known_project(path) if not label else None
            if known is not None:
                self._open(known)
                return
            self.new_project(path.resolve().name or "Project")
        source = Source(str(path.resolve()), label)
        data = self.project.data
        if source in data.sources:
            raise InputError(f"The folder “{path.name}” is part of the project already.")
        self.change_data(f"add {path.name}", replace(data, sources=(*data.sources, source)))

    def _known_project(self, folder: Path) -> Project | None:
        for file in self.settings.recent:
            try:
                project = projects.load(Path(file))
            except InputError:
                continue  # moved or deleted since
            if project.data.sources == (Source(str(folder.resolve())),):
                return project
        return None

    def remove_source(self, source: Source) -> None:
        """Take a folder out of the project; nothing on the disk changes."""
        data = self.project.data
        rest = tuple(item for item in data.sources if item != source)
        self.change_data(f"remove {Path(source.path).name}", replace(data, sources=rest))

    def rename_class(self, old: str, new: str) -> None:
        """Give a class another name; two classes of one name become one.

        Raises:
            InputError: it cannot be called so.
        """
        data = mending.rename_class(self.project.data, old, new, self.listing)
        self.change_data(f"rename {old}", data)

    def look_again(self) -> None:
        """Walk the folders anew and check all files."""
        for job in (self._list_job, self._scan_job):
            if job is not None:
                job.control.stop()
        self._list_job = self._scan_job = None
        self._found = self._checked = None
        self.listing, self.scan_result = None, None
        self.listing_changed.emit()
        self.scan_changed.emit()
        if self.project.data.sources:
            self._list_job = self._start(
                ListRequest(self.project.data), on_success=self._listed, on_failure=self._not_listed
            )

    def _arrange(self, found: Found) -> None:
        """Mend and split what was found: no folder is walked, no file opened. With very many pictures, in a job."""
        if self._list_job is not None:
            self._list_job.control.stop()
            self._list_job = None
        data = self.project.data
        if len(found.items) + len(found.unlabelled) > _AT_ONCE:
            self.project_changed.emit()
            self._list_job = self._start(
                ListRequest(data, found), on_success=self._arranged, on_failure=self._not_listed
            )
            return
        try:
            self.listing, failure = arrange(found, data), None
        except InputError as error:
            failure = Failure.of(error)
        self.project_changed.emit()
        if failure is not None:
            self._show_not_listed(failure)
        else:
            self._show_arranged()

    @Slot(object)
    def _arranged(self, event: Event | None) -> None:
        if self.sender() is self._list_job and isinstance(event, Listed):
            self.listing = event.listing
            self._show_arranged()

    def _show_arranged(self) -> None:
        self.listing_changed.emit()
        if self._checked is not None and self.listing is not None:
            self.scan_result = scan_result.arranged(self._checked, self.listing, self.project.data)
            self.scan_changed.emit()

    def preview(
        self, data: DataSpec, on_success: Callable[[Event | None], None], on_failure: Callable[[Failure], None]
    ) -> Job:
        """List other data without changing anything: `on_success` gets a `Listed`."""
        return self.owner.start(ListRequest(data), None, on_success, on_failure)

    @Slot(object)
    def _listed(self, event: Event | None) -> None:
        if self.sender() is not self._list_job or not isinstance(event, Listed):
            return
        self._found, self.listing = event.found, event.listing
        self.listing_changed.emit()
        if event.listing.items or event.listing.unlabelled or event.listing.left_out:
            # All of them, so that nothing need be opened again when one is put back.
            request = ScanRequest(replace(self.project.data, excluded=()))
            self._scan_job = self._start(request, self._scanned, None, self._not_scanned)

    @Slot(object)
    def _not_listed(self, failure: Failure) -> None:
        if self.sender() is self._list_job:
            self._show_not_listed(failure)

    def _show_not_listed(self, failure: Failure) -> None:
        self.listing = Listing((), problems=(Problem("", failure.sentence, "folder"),))
        self.listing_changed.emit()
        self.failed.emit(failure)

    @Slot(object)
    def _not_scanned(self, failure: Failure) -> None:
        if self.sender() is self._scan_job:
            self.scan_changed.emit()  # the check has ended, without a result
            self.failed.emit(failure)

    @Slot(object)
    def _scanned(self, event: Event) -> None:
        if self.sender() is not self._scan_job:
            return
        if isinstance(event, Progress):
            self.scan_progress.emit(event)
        elif isinstance(event, ScanDone) and self.listing is not None:
            self._checked = event
            self.scan_result = scan_result.arranged(event, self.listing, self.project.data)
            self.scan_changed.emit()

    # -- training ---------------------------------------------------------------------

    def change_options(self, options: TrainOptions) -> None:
        """Save other training options."""
        if options != self.project.options:
            self.project = self.project.with_options(options)
            if self.has_project:
                self._try(self.project.save)
            self.options_changed.emit()

    def can_train(self) -> bool:
        """Whether there are two classes and no training runs."""
        return self.train_state == "idle" and self.listing is not None and len(self.listing.classes()) >= 2

    @Slot(str)
    def warm_up(self, page: str) -> None:
        """Make the training process ready, once, when the page shows that a training is near."""
        if page == "train" and not self._is_warm:
            self._is_warm = True
            self._start(WarmRequest(self.project.options.architecture), on_failure=self._not_warm)

    @Slot(object)
    def _not_warm(self, failure: Failure) -> None:
        self._is_warm = False  # nobody asked for it: the log has the failure, and a training tells its own

    def start_training(self, resume: RunFolder | None = None) -> None:
        """Train with the project's options, or go on with a run.

        Raises:
            InputError: there is nothing to train on.
        """
        if self.train_state != "idle":
            return
        if not self.can_train():
            raise InputError("Training needs pictures of at least two classes. Add folders on the Data page first.")
        run = resume.path if resume is not None else self.project.next_run()
        request = self.project.fit_request(run, resume is not None)
        self._train_job = self._start(request, self._trained, self._train_ended, self._train_failed)
        self._set_train_state("running")

    def pause_training(self, hold: bool) -> None:
        """Hold the training at the end of a batch, or let it go on."""
        if self._train_job is not None and self.train_state in ("running", "paused"):
            self._train_job.control.pause(hold)
            self._set_train_state("paused" if hold else "running")

    def stop_training(self) -> None:
        """End the training after the batch at hand; what was reached is kept."""
        if self._train_job is not None and self.train_state in ("running", "paused"):
            self._train_job.control.stop()
            self._set_train_state("stopping")

    def _set_train_state(self, state: TrainState) -> None:
        self.train_state = state
        self.train_state_changed.emit()

    @Slot(object)
    def _trained(self, event: Event) -> None:
        if isinstance(event, Held):
            self.pause_training(True)  # it waits by itself; Resume lets it try again
        self.train_event.emit(event)

    @Slot(object)
    def _train_ended(self, event: Event | None) -> None:
        self._train_job = None
        self._set_train_state("idle")
        if not isinstance(event, FitDone):
            return
        run = RunFolder(Path(event.run))
        # Another project may have been opened while the training was being stopped.
        if run.is_finished() and run.path.is_relative_to(self.project.folder):
            self.show_run(run)

    @Slot(object)
    def _train_failed(self, failure: Failure) -> None:
        self._train_job = None
        self._set_train_state("idle")
        self.failed.emit(failure)

    # -- run and model ----------------------------------------------------------------

    def show_run(self, run: RunFolder | None) -> None:
        """Show a finished run on the Evaluate and Layers pages, and use it for prediction."""
        self.run = run
        self.run_changed.emit()
        self.model = None
        self._model_from_run = run is not None
        if run is not None:
            names = run_model.class_names(run, self.project, self.listing)
            if run_model.is_current(run, names):
                self._use_model(run.path / run_model.MODEL_NAME)
                return
            self._make_model(run, names)
        self.model_changed.emit()

    def refresh_model(self, anew: bool = False) -> None:
        """Make the run's model anew if its certainty or its class names have changed since.

        Args:
            anew: also where one is just being made.
        """
        run = self.run
        if run is None or not self._model_from_run or (self.model is None and not anew):
            return
        names = run_model.class_names(run, self.project, self.listing)
        if not run_model.is_current(run, names):
            self.model = None
            self._make_model(run, names)
            self.model_changed.emit()

    def _make_model(self, run: RunFolder, names: dict[str, str]) -> None:
        request = ExportRequest(str(run.path), str(run.path / run_model.MODEL_NAME), fast=True, classes=names)
        self._use_job = self._start(request, None, self._exported_for_use, self._not_exported_for_use)

    def _use_model(self, model: Path) -> None:
        """Predict with a model from now on; pictures that were waiting for one are classified."""
        self.model = model
        self.model_changed.emit()
        if self._waiting_paths:
            paths, self._waiting_paths = self._waiting_paths, ()
            self.predict(list(paths))

    @Slot(object)
    def _exported_for_use(self, event: Event | None) -> None:
        job, run = self._use_job, self.run
        if job is None or self.sender() is not job or not self.model_is_coming or not isinstance(event, Exported):
            return
        if run is not None and isinstance(job.request, ExportRequest):
            self._try(partial(run_model.remember_names, run, job.request.classes))
        self._use_model(Path(event.model))

    @Slot(object)
    def _not_exported_for_use(self, failure: Failure) -> None:
        if self.sender() is self._use_job and self.model_is_coming:
            self._model_from_run, self._waiting_paths = False, ()  # nobody waits for what will not come
            self.model_changed.emit()
        self.failed.emit(failure)

    def export_request(self, target: Path, **options: Any) -> ExportRequest:
        """What exports the run that is shown, with the class names of now.

        Raises:
            InputError: there is no run.
        """
        if self.run is None:
            raise InputError("There is no trained model to export. Train one first.")
        names = run_model.class_names(self.run, self.project, self.listing)
        return ExportRequest(str(self.run.path), str(target), classes=names, **options)

    def export(self, target: Path, **options: Any) -> None:
        """Export the run that is shown.

        Raises:
            InputError: there is no run.
        """
        self._start(self.export_request(target, **options), None, self._exported)

    @Slot(object)
    def _exported(self, event: Event | None) -> None:
        self.export_done.emit(event)

    def open_model(self, path: Path) -> None:
        """Use an exported model on the Predict page."""
        self._model_from_run = False
        self._use_model(path.absolute())

    @property
    def model_is_coming(self) -> bool:
        """Whether the run's model is being exported."""
        return self.model is None and self._model_from_run

    def predict(self, paths: list[Path], top: int = 5) -> None:
        """Classify files and folders; the answers come by `prediction` and `predict_done`.

        Raises:
            InputError: there is no model.
        """
        if self.model is None:
            if not self._model_from_run:
                raise InputError("There is no model yet. Train one, or open an .onnx file, then drop pictures here.")
            self._waiting_paths = (*self._waiting_paths, *paths)
            self.status.emit("The model is being made ready; your pictures are classified in a moment.")
            return
        request = PredictRequest(str(self.model), tuple(map(str, paths)), top, self.settings.device)
        if self.predictions.put(request):
            self.status.emit("What came now is next, after what is being classified.")

    def _start_prediction(self, request: PredictRequest) -> Job:
        self.predict_started.emit()
        return self._start(request, self._predicted, self.predictions.ended, self._prediction_failed)

    @Slot(object)
    def _prediction_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)
        self.predictions.ended()

    def stop_predicting(self) -> None:
        """End the running prediction, and those that wait for it; the answers so far stay."""
        self.predictions.stop()

    @Slot(object)
    def _predicted(self, event: Event) -> None:
        if isinstance(event, Prediction):
            self.prediction.emit(event)
        elif isinstance(event, Progress):
            self.predict_progress.emit(event)
        elif isinstance(event, PredictDone):
            self.predict_done.emit(event)

    # -- machine ----------------------------------------------------------------------

    def examine(self) -> None:
        """Find out in the background which device there is: `examined_changed` tells."""
        self._start(DoctorRequest(self.settings.device), self._examined)

    @Slot(object)
    def _examined(self, event: Event) -> None:
        if isinstance(event, Examined):
            self.examined = event
            self.examined_changed.emit()

    def ask(
        self,
        request: Request,
        on_event: Callable[[Event], None],
        on_failure: Callable[[Failure], None] | None = None,
        on_success: Callable[[Event | None], None] | None = None,
    ) -> Job:
        """Run any other request of a page; a failure is shown unless `on_failure` takes it."""
        return self._start(request, on_event, on_success, on_failure)

    def _start(
        self,
        request: Request,
        on_event: Callable[[Event], None] | None = None,
        on_success: Callable[[Event | None], None] | None = None,
        on_failure: Callable[[Failure], None] | None = None,
    ) -> Job:
        return self.owner.start(request, on_event, on_success, on_failure or self._fail)

    @Slot(object)
    def _fail(self, failure: Failure) -> None:
        self.failed.emit(failure)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.failed.emit(Failure.of(error))
