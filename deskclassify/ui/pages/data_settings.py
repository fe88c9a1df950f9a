"""The cards of the Data page for the split and for the folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QToolButton,
    QWidget,
)

from deskclassify.core.sources import Source, as_classes, bare_folders
from deskclassify.ui import theme
from deskclassify.ui.pages.data_split import SplitCard
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, muted, primary, run_guarded

__all__ = ["BareFolders", "SourcesCard", "SplitCard"]
_ROW_PIXELS = 28
_MOST_ROWS = 4


class BareFolders(QWidget):
    """Offers to make a class of each folder that holds pictures but no class folders; hidden without any."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = primary(QPushButton())
        self.button.setObjectName("oneClassButton")
        self.button.setToolTip("All pictures of the folder get one class; nothing on the disk changes")
        self.button.clicked.connect(self._accept)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, theme.GAP)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        session.listing_changed.connect(self._show)
        self._show()

    @Slot()
    def _show(self) -> None:
        names = [Path(source.path).name for source in self._bare()]
        self.setVisible(bool(names))
        if len(names) == 1:
            self.text.setText(
                f"The pictures lie directly in “{names[0]}” and have no class yet. If they all show the same, make "
                "them one class; if their names tell what they show, choose so on the left."
            )
            self.button.setText("Make them one class")
        elif names:
            self.text.setText(
                f"The pictures of {len(names)} folders have no class yet. If each folder shows one thing, make it a "
                "class; if the names of the files tell what they show, choose so on the left."
            )
            self.button.setText("Make each folder a class")

    @Slot()
    def _accept(self) -> None:
        data = as_classes(self._session.project.data, self._bare())
        run_guarded(self._session, self._session.change_data, "use as one class", data)

    def _bare(self) -> tuple[Source, ...]:
        listing = self._session.listing
        return bare_folders(self._session.project.data, listing) if listing is not None else ()


class SourcesCard(Card):
    """The folders of the project, and what was left out or mended by hand."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Folders", parent)
        self._session = session
        self.list = QListWidget()
        self.list.setObjectName("sourcesList")
        self.list.setAccessibleName("Folders")
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.remove_action = QAction(theme.icon("remove"), "Remove from the project", self.list)
        self.remove_action.setShortcut(QKeySequence("Delete"))
        self.remove_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.remove_action.triggered.connect(self._remove)
        self.list.addAction(self.remove_action)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.remove_button = QToolButton()
        self.remove_button.setObjectName("removeSourceButton")
        self.remove_button.setDefaultAction(self.remove_action)
        self.remove_button.setIconSize(QSize(18, 18))
        self.remove_button.setToolTip("Take the chosen folder out of the project; nothing on the disk changes")
        self.repairs = muted("")
        self.restore_button = QPushButton("Put back")
        self.restore_button.setObjectName("restoreButton")
        self.restore_button.setToolTip("Use the pictures again that were left out by hand")
        self._build()
        self.restore_button.clicked.connect(self._restore)
        self.list.currentRowChanged.connect(self._chosen)
        theme.notifier().changed.connect(self._recolour)
        session.project_changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.list, 1)
        row.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignTop)
        end = QHBoxLayout()
        end.addWidget(self.repairs, 1)
        end.addWidget(self.restore_button)
        self.body.addLayout(row)
        self.body.addLayout(end)

    @Slot()
    def _show(self) -> None:
        data = self._session.project.data
        self.list.clear()
        for source in data.sources:
            name = Path(source.path).name or source.path
            item = QListWidgetItem(f"{name} → {source.label}" if source.label else name)
            item.setToolTip(source.path)
            self.list.addItem(item)
        self._recolour()
        rows = min(max(1, len(data.sources)), _MOST_ROWS)
        self.list.setFixedHeight(rows * _ROW_PIXELS + 2 * self.list.frameWidth() + 2)
        self.list.setCurrentRow(0)
        self._chosen()
        parts = []
        if data.excluded:
            parts.append(f"{len(data.excluded):,} left out")
        if data.relabelled:
            parts.append(f"{len(data.relabelled):,} given another class")
        self.repairs.setText("By hand: " + ", ".join(parts) if parts else "")
        self.repairs.setVisible(bool(parts))
        self.restore_button.setVisible(bool(data.excluded))

    @Slot()
    def _recolour(self) -> None:
        for row, source in enumerate(self._session.project.data.sources):
            self.list.item(row).setIcon(theme.icon("folder" if source.label else "folders"))

    @Slot()
    def _chosen(self) -> None:
        self.remove_action.setEnabled(self._source() is not None)

    def _source(self) -> Source | None:
        sources, row = self._session.project.data.sources, self.list.currentRow()
        return sources[row] if 0 <= row < len(sources) else None

    @Slot()
    def _remove(self) -> None:
        source = self._source()
        if source is not None:
            run_guarded(self._session, self._session.remove_source, source)

    @Slot()
    def _restore(self) -> None:
        data = replace(self._session.project.data, excluded=())
        run_guarded(self._session, self._session.change_data, "put pictures back", data)
