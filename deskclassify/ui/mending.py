"""Mending the data from anywhere in the window: another class, left out, put back; all of it undoable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from deskclassify.core import mending
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.sources import DataSpec, Item
from deskclassify.core.words import counted
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.class_table import class_names

if TYPE_CHECKING:
    from deskclassify.ui.grid_mending import GridMending
    from deskclassify.ui.widgets.image_grid import ImageGrid

_NOT_OURS = (
    "{} not part of this project, so no class can be given here. Add the folder on the Data page, then mend it there."
)


class Mender(QObject):
    """Changes the data of the session. What cannot be done is told by a sentence at the top of the window.

    Pictures are named by their paths, as the user sees them. Every method says whether something has changed.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session

    # -- what there is --------------------------------------------------------------------

    def classes(self) -> list[str]:
        """All classes, also those without pictures, in the order of their keys."""
        return class_names(self.session.listing, self.session.project.data.created)

    def items(self, paths: Iterable[str]) -> list[Item]:
        """The pictures of the project with these paths, also those that are left out; others are passed over."""
        listing, wanted = self.session.listing, frozenset(paths)
        if listing is None:
            return []
        return [
            item
            for part in (listing.items, listing.unlabelled, listing.left_out)
            for item in part
            if item.path in wanted
        ]

    # -- pictures -------------------------------------------------------------------------

    def relabel(self, paths: Sequence[str], label: str) -> bool:
        """Give pictures a class; one that is new is made."""
        return self._guarded(self._relabel, paths, label)

    def _relabel(self, paths: Sequence[str], label: str) -> bool:
        label = mending.class_name(label, self.classes())
        items = self._ours(paths)
        text = f"give {label} to {counted(len(items), 'picture')}"
        return self._change(text, mending.relabel(self._data, items, label))

    def exclude(self, paths: Sequence[str]) -> bool:
        """Leave pictures out."""
        return self._guarded(self._exclude, paths)

    def _exclude(self, paths: Sequence[str]) -> bool:
        keys = [item.key for item in self._ours(paths)]
        return self._change(f"leave out {_these(paths)}", mending.exclude(self._data, keys))

    def include(self, keys: Collection[str]) -> bool:
        """Use pictures again that were left out.

        Args:
            keys: of the pictures (`Item.key`).
        """
        text = f"put {_these(tuple(keys))} back"
        return self._guarded(lambda: self._change(text, mending.include(self._data, keys)))

    def put_back(self, paths: Sequence[str]) -> bool:
        """The same, by paths."""
        return self.include([item.key for item in self.items(paths)])

    def keep_together(self, groups: Iterable[Sequence[str]]) -> bool:
        """Keep pictures on one side of the split.

        Args:
            groups: paths of pictures that are alike.
        """
        keys = [[item.key for item in self.items(group)] for group in groups]
        count = len({key for group in keys for key in group})
        text = f"keep {counted(count, 'picture')} together"
        return self._guarded(lambda: self._change(text, mending.keep_together(self._data, keys)))

    # -- classes --------------------------------------------------------------------------

    def create_class(self, name: str) -> bool:
        """Make a class that has no pictures yet."""
        return self._guarded(self._create_class, name)

    def _create_class(self, name: str) -> bool:
        name = mending.class_name(name)
        if name in self.classes():
            raise InputError(f"There is a class “{name}” already. Choose another name.")
        return self._change(f"make the class {name}", mending.create_class(self._data, name))

    def rename_class(self, old: str, new: str) -> bool:
        """Give a class another name; two classes of one name become one."""
        return self._guarded(self._merge, [old], new, f"rename {old}")

    def merge_classes(self, names: Sequence[str], into: str) -> bool:
        """Make one class of several."""
        return self._guarded(self._merge, names, into, f"merge {_listed(names)}")

    def _merge(self, names: Sequence[str], into: str, text: str) -> bool:
        return self._change(text, mending.merge_classes(self._data, names, into, self.session.listing))

    def leave_out_classes(self, names: Sequence[str]) -> bool:
        """Leave out all pictures of classes."""
        return self._guarded(self._leave_out_classes, names)

    def _leave_out_classes(self, names: Sequence[str]) -> bool:
        listing, wanted, data = self.session.listing, frozenset(names), self._data
        if listing is None:
            return False
        data = mending.exclude(data, [item.key for item in listing.items if item.label in wanted])
        for name in names:
            data = mending.drop_class(data, name)
        return self._change(f"leave out {_listed(names)}", data)

    # -- grids ----------------------------------------------------------------------------

    def attach(self, grid: ImageGrid) -> GridMending:
        """Let the pictures of a grid be mended: by the digits, Delete, a menu, and by dragging them on a class."""
        from deskclassify.ui.grid_mending import GridMending

        return GridMending(self, grid)

    # -- how ------------------------------------------------------------------------------

    @property
    def _data(self) -> DataSpec:
        return self.session.project.data

    def _ours(self, paths: Sequence[str]) -> list[Item]:
        items = self.items(paths)
        known = {item.path for item in items}
        others = [path for path in paths if path not in known]
        if paths and not items:
            name = f"“{Path(paths[0]).name}” is" if len(paths) == 1 else f"These {len(paths):,} pictures are"
            raise InputError(_NOT_OURS.format(name))
        if others:
            self.session.status.emit(f"{counted(len(others), 'picture')} passed over: not part of this project.")
        return items

    def _change(self, text: str, data: DataSpec) -> bool:
        if data == self._data:
            return False
        self.session.change_data(text, data)
        self.session.status.emit(f"Done: {text}. Undo takes it back; your files are as they were.")
        return True

    def _guarded(self, act: Callable[..., bool], *args: object) -> bool:
        try:
            return act(*args)
        except Exception as error:
            self.session.failed.emit(Failure.of(error))
            return False


def _these(paths: Sequence[str]) -> str:
    return Path(paths[0]).name if len(paths) == 1 else counted(len(paths), "picture")


def _listed(names: Sequence[str]) -> str:
    return (
        f"{', '.join(names[:-1])} and {names[-1]}"
        if 1 < len(names) < 4
        else (names[0] if len(names) == 1 else f"{len(names)} classes")
    )
