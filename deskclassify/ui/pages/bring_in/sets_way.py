"""The list of public sets, with what one should know before a download."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QTableView, QWidget

from deskclassify.core import paths, words
from deskclassify.core.data_requests import PublicSetRequest
from deskclassify.core.public_sets import PublicSet
from deskclassify.core.requests import Request
from deskclassify.ui import theme
from deskclassify.ui.pages.bring_in.way import DOWNLOAD_CANCELLED, Way
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tables import NO_INDEX, Index, TitledModel, plain_table

_COLUMNS = (
    ("Set", ""),
    ("Pictures", "How many pictures it has"),
    ("Classes", "How many classes its pictures have"),
    ("Download", "Size of the download; unpacked it takes about as much again"),
    ("Licence", "What its publisher allows. Read it there before you use the set for more than trying out."),
)
_ROOM = 2.2  # times the download: the archive, and what is in it


class SetsModel(TitledModel):
    """A row for each public set."""

    def __init__(self, sets: Sequence[PublicSet], parent: QWidget | None = None) -> None:
        super().__init__(_COLUMNS, left=(0, 4), parent=parent)
        self.sets = tuple(sets)

    def rowCount(self, parent: Index = NO_INDEX) -> int:  # noqa: N802 (Qt's name)
        """Number of sets."""
        return 0 if parent.isValid() else len(self.sets)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text and alignment."""
        one, column = self.sets[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (one.title, f"{one.images:,}", f"{one.classes:,}", one.size, one.licence)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{one.about} Licence: {one.licence}."
        return None


class SetsWay(Way):
    """Public sets that are downloaded as they are.

    Args:
        sets: see `public_sets.SETS`.
    """

    name = "sets"
    icon = "data"
    title = "Public sets"
    heading = "Public sets of pictures"
    about = (
        "Sets that teaching and research have used for years: good for trying out, and to compare with what others got."
    )
    verb = "Download"
    cancelled = DOWNLOAD_CANCELLED

    def __init__(self, sets: Sequence[PublicSet], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = named(QTableView(), "publicSetsTable")
        self.table.setAccessibleName("Public sets")
        self.model_ = SetsModel(sets, self)
        self.table.setModel(self.model_)
        plain_table(self.table)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)  # the tooltip has all of it
        self.table.setWordWrap(False)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.licence_button = named(QPushButton(theme.icon("link"), "Read the licence"), "licenceButton")
        self.licence_button.setAutoDefault(False)
        self.licence_button.setToolTip("Opens the publisher's page in the browser")
        self.licence_button.clicked.connect(self._read_licence)
        row = QHBoxLayout()
        row.addWidget(self.note, 1)
        row.addWidget(self.licence_button, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self.table, 1)
        self.body.addLayout(row)
        self.table.selectionModel().selectionChanged.connect(self.say)
        self.table.doubleClicked.connect(self.submitted)
        self._free = 0
        self.refresh()

    def first_field(self) -> QWidget:
        """The table."""
        return self.table

    def chosen(self) -> PublicSet | None:
        """The set that is selected."""
        rows = self.table.selectionModel().selectedRows()
        return self.model_.sets[rows[0].row()] if rows else None

    def request(self) -> Request | None:
        """The download."""
        chosen = self.chosen()
        return PublicSetRequest(chosen.name) if chosen is not None and not self.lacks() else None

    def lacks(self) -> str:
        """Whether the disk has room for the chosen set."""
        chosen = self.chosen()
        if chosen is None or chosen.bytes * _ROOM <= self._free:
            return ""
        return (
            f"{chosen.title} needs about {words.size(chosen.bytes * _ROOM)}, and {words.size(self._free)} are free "
            "on the disk. Make room first."
        )

    def refresh(self) -> None:
        """Look how much room there is."""
        self._free = shutil.disk_usage(paths.pictures_dir()).free
        self.say()

    @Slot()
    def say(self) -> None:
        """Beside what is missing, tell what the chosen set takes."""
        super().say()
        chosen = self.chosen()
        self.licence_button.setEnabled(chosen is not None)
        if not self.note.text():
            about = "" if chosen is None else f"{chosen.about} Licence: {chosen.licence}. "
            unchecked = "" if chosen is None or chosen.is_checked else "No checksum of it was published. "
            self.note.setText(f"{about}{unchecked}{words.size(self._free)} are free on the disk.")
            self.note.show()

    @Slot()
    def _read_licence(self) -> None:
        chosen = self.chosen()
        if chosen is not None:
            QDesktopServices.openUrl(QUrl(chosen.page))
