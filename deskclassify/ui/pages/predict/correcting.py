"""Wrong answers go back to the project as training data: the pictures are copied there with the class they show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from deskclassify.core import mending
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event, Prediction, Progress
from deskclassify.core.own_pictures import KeepRequest, Kept, with_addition
from deskclassify.core.sources import DataSpec, Item, Source
from deskclassify.core.words import counted
from deskclassify.ui.mending import Mender
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.class_keys import place_of

_NO_PROJECT = (
    "No project is open, so there is nowhere to send this to. Open the project that the model was trained in, or make "
    "one (menu File, New project), then correct it again."
)
_UNREADABLE = "Files that could not be read cannot become training data. Choose pictures that have an answer."


@dataclass(frozen=True)
class _Sent:
    """What was done for one picture.

    Attributes:
        path: of the picture that was classified.
        label: the class it got.
        project: folder of the project.
        source: of the data, with the copy; None where the picture was part of the project before.
        copy: path of it.
        key, given: of the picture in the project, where a label was given there, and what is noted of it since.
    """

    path: str
    label: str
    project: Path
    source: Source | None = None
    copy: str = ""
    key: str = ""
    given: str | None = None

    def stands(self, data: DataSpec, project: Path) -> bool:
        """Whether it was not undone."""
        if project != self.project:
            return True  # the other project has it still
        if self.source is not None:
            return self.source in data.sources
        return data.relabelled.get(self.key) == self.given


@dataclass
class _Batch:
    """Pictures that get classes in one step of Undo."""

    project: Path
    wanted: dict[str, str]  # path → class
    kept: list[Kept] = field(default_factory=list)
    mended: dict[str, list[Item]] = field(default_factory=dict)  # class → pictures of the project
    paths_of: dict[str, str] = field(default_factory=dict)  # path in the project → path that was classified
    copied: dict[str, tuple[str, ...]] = field(default_factory=dict)  # class → pictures that are to be copied
    queue: list[str] = field(default_factory=list)  # classes of which they are not yet


class Corrector(QObject):
    """Sends pictures to the project, one batch after the other, and knows what was sent.

    A picture that is in the project already gets its class there, so that none is in it twice.
    """

    changed = Signal()  # self.corrected
    progressed = Signal(object)  # Progress of copying; None when all is done

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._mender = Mender(session, self)
        self._model_classes: tuple[str, ...] = ()
        self._known: tuple[Path, list[str]] = (Path(), [])  # project, its classes when they were last known
        self._waiting: dict[str, str] = {}
        self._batch: _Batch | None = None
        self._sent: list[_Sent] = []
        self._corrected: dict[str, str] = {}
        session.project_changed.connect(self._project_changed)
        session.listing_changed.connect(self._next)

    # -- what there is --------------------------------------------------------------------

    @property
    def corrected(self) -> dict[str, str]:
        """The class that each corrected or confirmed picture got in a project, by path."""
        return dict(self._corrected)

    def set_classes(self, classes: Sequence[str]) -> None:
        """The classes of the model."""
        self._model_classes = tuple(classes)

    def classes(self) -> list[str]:
        """What can be chosen: the project's classes, in the order of their keys; without any, the model's."""
        session = self._session
        if session.listing is not None:
            self._known = session.project.folder, self._mender.classes()
        # While its folders are read anew, a project has the classes that it had: a key must not change its meaning.
        names = self._known[1] if session.has_project and self._known[0] == session.project.folder else []
        return names or sorted(self._model_classes)

    def new_classes(self) -> list[str]:
        """Classes of the model that the project does not have."""
        return sorted(set(self._model_classes) - set(self.classes()))

    # -- what is asked for ----------------------------------------------------------------

    def press(self, digit: int, rows: Sequence[Prediction]) -> bool:
        """Give the class of a key; whether there is one."""
        names, place = self.classes(), place_of(digit)
        if place >= len(names):
            self._session.status.emit(f"No class has the key {digit}.")
            return False
        return self.correct(rows, names[place])

    def correct(self, rows: Sequence[Prediction], label: str) -> bool:
        """Send pictures to the project as a class; whether that was begun."""
        return self._ask({row.path: label for row in rows if not row.error})

    def confirm(self, rows: Sequence[Prediction]) -> bool:
        """Send pictures to the project as the classes that the model says; those without an answer are passed over."""
        return self._ask({row.path: row.label for row in rows if not row.error and not row.refused})

    def _ask(self, wanted: dict[str, str]) -> bool:
        try:
            if not wanted:
                raise InputError(_UNREADABLE)
            if not self._session.has_project:
                raise InputError(_NO_PROJECT)
            names = self.classes()
            wanted = {path: mending.class_name(label, names) for path, label in wanted.items()}
        except InputError as error:
            self._session.failed.emit(Failure.of(error))
            return False
        self._waiting.update(wanted)
        self._next()
        return True

    # -- one batch after the other --------------------------------------------------------

    @Slot()
    def _next(self) -> None:
        """Begin with what waits; all of it, since fast fingers are faster than folders are read."""
        if self._batch is not None or not self._waiting:
            return
        session = self._session
        if session.listing is None and session.project.data.sources:
            return  # it is being read: which pictures are the project's own is known then
        wanted, self._waiting = self._waiting, {}
        batch = self._batch = _Batch(session.project.folder, wanted)
        new: dict[str, list[str]] = {}
        copies = {sent.path: sent.copy for sent in self._standing() if sent.copy}
        places = {path: copies.get(path, os.path.abspath(path)) for path in wanted}
        ours = {item.path: item for item in self._mender.items(places.values())}
        for path, label in wanted.items():
            item = ours.get(places[path])
            if item is None:
                new.setdefault(label, []).append(path)
            else:
                batch.mended.setdefault(label, []).append(item)
                batch.paths_of[item.path] = path
        batch.copied = {label: tuple(paths) for label, paths in new.items()}
        batch.queue = sorted(batch.copied)
        self._copy_next()

    def _copy_next(self) -> None:
        batch = self._batch
        if batch is None:
            return
        if not batch.queue:
            self._finish(batch)
            return
        label, data = batch.queue.pop(0), self._session.project.data
        request = KeepRequest(str(batch.project), label, batch.copied[label], "copied", data=data)
        self._session.ask(request, self._received, self._failed, self._copied)

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progressed.emit(event)
        elif isinstance(event, Kept) and self._batch is not None:
            self._batch.kept.append(event)

    @Slot(object)
    def _copied(self, event: Event | None) -> None:
        self._copy_next()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._session.failed.emit(failure)
        self._copy_next()  # the other classes of the batch may be all right

    def _finish(self, batch: _Batch) -> None:
        self._batch = None
        self.progressed.emit(None)
        session = self._session
        if session.project.folder != batch.project:
            session.status.emit("Another project was opened meanwhile, so nothing was sent.")
        else:
            try:
                self._change(batch)
            except InputError as error:
                session.failed.emit(Failure.of(error))
        refused = [problem for kept in batch.kept for problem in kept.refused]
        if refused:
            name, rest = Path(refused[0].path).name, len(refused) - 1
            more = f" Nor could {counted(rest, 'other picture')}." if rest else ""
            session.failed.emit(Failure(f"“{name}” could not be sent. {refused[0].reason}{more}", is_input=True))
        self._next()

    def _change(self, batch: _Batch) -> None:
        """All of a batch as one undoable change of the data."""
        data = self._session.project.data
        for label, items in batch.mended.items():
            data = mending.relabel(data, items, label)
        sent = [
            _Sent(batch.paths_of[item.path], label, batch.project, key=item.key, given=data.relabelled.get(item.key))
            for label, items in batch.mended.items()
            for item in items
        ]
        for kept in batch.kept:
            if kept.files:
                data = with_addition(data, kept.folder, kept.label)
                refused = {problem.path for problem in kept.refused}
                taken = [path for path in batch.copied[kept.label] if str(Path(path)) not in refused]
                sent += [
                    _Sent(path, kept.label, batch.project, data.sources[-1], copy)
                    for path, copy in zip(taken, kept.files, strict=True)
                ]
        if not sent:
            return
        self._sent.extend(sent)
        labels = {one.label for one in sent}
        into = f"“{labels.pop()}”" if len(labels) == 1 else f"{len(labels)} classes"
        if data == self._session.project.data:
            self._session.status.emit("The project has this with this class already.")
        else:
            self._session.change_data(f"send {counted(len(sent), 'picture')} to {into}", data)
            self._session.status.emit(
                f"Sent to the project as {into}: {counted(len(sent), 'picture')}. Undo takes it back. Train again, and "
                "the network learns from it."
            )
        self._refresh()

    # -- what was sent --------------------------------------------------------------------

    def _standing(self) -> list[_Sent]:
        data, project = self._session.project.data, self._session.project.folder
        return [sent for sent in self._sent if sent.stands(data, project)]

    @Slot()
    def _project_changed(self) -> None:
        self._refresh()
        self._next()

    def _refresh(self) -> None:
        """What was undone is no longer marked, what was redone is again."""
        corrected = {sent.path: sent.label for sent in self._standing()}
        if corrected != self._corrected:
            self._corrected = corrected
            self.changed.emit()
