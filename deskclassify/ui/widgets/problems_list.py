"""What is wrong with the data, one row each; a double click opens the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QIcon
from PySide6.QtWidgets import QListView, QWidget

from deskclassify.core.events import ScanDone
from deskclassify.core.sources import Listing, Problem
from deskclassify.ui import theme

_ICONS = {
    "unreadable": ("image-broken", "bad"),
    "unlabelled": ("tag", "warn"),
    "link": ("link", "warn"),
    "class": ("warning", "warn"),
    "folder": ("error", "bad"),
    "duplicate": ("duplicate", "warn"),
    "note": ("info", "muted"),
}

Index = QModelIndex | QPersistentModelIndex


def all_problems(listing: Listing | None, scan: ScanDone | None) -> list[Problem]:
    """What listing and check have found, the gravest first, each once."""
    found = list(listing.problems) if listing is not None else []
    if scan is not None:
        found += [*scan.problems, *scan.unreadable, *_duplicates(scan)]
    order = list(_ICONS)
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda problem: order.index(problem.kind) if problem.kind in order else len(order))


def _duplicates(scan: ScanDone) -> list[Problem]:
    near = {frozenset(group) for group in scan.near_duplicates}
    made = []
    for group in scan.duplicates:
        names = ", ".join(Path(path).name for path in group[:4]) + (" …" if len(group) > 4 else "")
        same = "look nearly the same" if frozenset(group) in near else "are the same picture"
        advice = "Such pictures make the result look better than it is if one is for training and one for validation."
        made.append(Problem(group[0], f"{len(group)} files {same}: {names}. {advice}", "duplicate"))
    return made


class ProblemsModel(QAbstractListModel):
    """Reason and place of each problem."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.problems: list[Problem] = []
        self._icons: dict[str, QIcon] = {}

    def set_problems(self, problems: list[Problem]) -> None:
        """Show other problems."""
        self.beginResetModel()
        self.problems = problems
        self.endResetModel()

    @Slot()
    def recolour(self) -> None:
        """The colours have changed."""
        self._icons.clear()
        if self.problems:
            self.dataChanged.emit(self.index(0), self.index(len(self.problems) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's signature)
        """Number of problems."""
        return 0 if parent.isValid() else len(self.problems)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """`name: reason`, the icon of the kind, and the whole path as tooltip."""
        if not index.isValid():
            return None
        problem = self.problems[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{Path(problem.path).name}: {problem.reason}" if problem.path else problem.reason
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{problem.path}\n{problem.reason}"
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(problem.kind)
        return None

    def _icon(self, kind: str) -> QIcon:
        if kind not in self._icons:
            name, color = _ICONS.get(kind, _ICONS["note"])
            self._icons[kind] = theme.icon(name, getattr(theme.current(), color))
        return self._icons[kind]


class ProblemsList(QListView):
    """Shows problems; Enter or a double click opens the folder that the file lies in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problemsList")
        self.setAccessibleName("Problems with the pictures")
        self.model_ = ProblemsModel(self)
        self.setModel(self.model_)
        self.setUniformItemSizes(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setToolTip("Double-click to open the folder")
        self.activated.connect(self._open)
        theme.notifier().changed.connect(self.model_.recolour)

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        path = Path(self.model_.problems[index.row()].path)
        folder = path if path.is_dir() else path.parent
        if folder.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
