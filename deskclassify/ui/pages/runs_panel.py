"""The Runs tab of the Train page: the table of runs, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QAction, QDesktopServices, QHideEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QStackedLayout, QToolButton, QWidget

from deskclassify.core.errors import InputError
from deskclassify.core.runs import RunSummary
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.pages.runs_table import NAME, RunsTable
from deskclassify.ui.run_library import RunLibrary
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named

_WORDS_FROM = 700  # pixels


class RunsPanel(QWidget):
    """Lists the runs of a library and calls its commands.

    `tools` are its buttons, to be placed by the owner, and seen as long as the panel is; each is also
    in the table's context menu.
    """

    def __init__(self, session: Session, library: RunLibrary, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._library = session, library
        self.table = named(RunsTable(library), "runsTable")
        self._make_actions()
        self.tools = self._make_tools()
        empty = common.muted("No runs yet. Each training appears here, to be compared with others.")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        self._stack.addWidget(self.table)
        self.table.runs_model.ticked.connect(library.draw)
        self.table.runs_model.renamed.connect(self._rename)
        self.table.activated.connect(self._show)
        self.table.selectionModel().selectionChanged.connect(self._enable)
        library.changed.connect(self.refresh)
        self.refresh()

    def _make_actions(self) -> None:
        self.show_action = self._action("Show", "eye", self._show)
        self.compare_action = self._action("Compare…", "table", self._compare)
        self.folder_action = self._action("Show folder", "folder", self._show_folder, "Folder")
        self.rename_action = self._action("Rename", "rename", self._edit_name)
        self.draw_action = self._action("Draw in the charts", "", self._draw)
        self.trash_action = self._action("Move to trash…", "remove", self._move_to_trash, "Trash…")
        self.draw_action.setCheckable(True)
        self.rename_action.setToolTip("Gives the run another name (F2); its folder keeps its own.")
        self.trash_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Delete))
        self.trash_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)

    def _action(self, text: str, icon: str, slot: Callable[..., None], button: str = "") -> QAction:
        """An action of the context menu; `button` is a shorter text for its button."""
        action = QAction(text, self.table)
        action.setIconText(button or text)
        if icon:
            action.setIcon(theme.icon(icon))
        action.triggered.connect(slot)
        self.table.addAction(action)
        return action

    def _make_tools(self) -> QWidget:
        """The buttons; the owner finds a place for them, so that the table has all the height."""
        tools = QWidget(self)
        tools.hide()
        row = QHBoxLayout(tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self._buttons: list[QToolButton] = []
        for action, name in (
            (self.show_action, "showRunButton"),
            (self.compare_action, "compareRunsButton"),
            (self.folder_action, "runFolderButton"),
            (self.trash_action, "trashRunButton"),
        ):
            button = named(QToolButton(), name)
            button.setDefaultAction(action)
            row.addWidget(button)
            self._buttons.append(button)
        return tools

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """Where it is narrow, the buttons are icons only."""
        super().resizeEvent(event)
        style = Qt.ToolButtonStyle
        fits = self.width() >= _WORDS_FROM
        for button in self._buttons:
            button.setToolButtonStyle(style.ToolButtonTextBesideIcon if fits else style.ToolButtonIconOnly)

    # -- state ------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """Runs may have come from the command line meanwhile."""
        super().showEvent(event)
        self.tools.show()
        self._library.refresh()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 (Qt's name)
        """The buttons go with the table."""
        super().hideEvent(event)
        self.tools.hide()

    @Slot()
    def refresh(self) -> None:
        """Show the library's runs."""
        self.table.set_runs(self._library.runs)
        self._stack.setCurrentIndex(1 if self._library.runs else 0)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        """Enable what can be done with the selection, and say why the rest cannot."""
        chosen = self.table.selected()
        one = chosen[0] if len(chosen) == 1 else None
        is_shown = one is not None and one.path == self._library.shown()
        self.show_action.setEnabled(one is not None and one.can_be_shown and not is_shown)
        self.show_action.setToolTip(_show_tip(one, is_shown))
        self.compare_action.setEnabled(len(chosen) == 2 and all(run.status != "damaged" for run in chosen))
        self.compare_action.setToolTip(
            "What differs between the two runs: settings, measures, and the pictures whose verdict flipped."
            if self.compare_action.isEnabled()
            else "Select two runs to compare them: click one, then the other with Ctrl held."
        )
        self.folder_action.setEnabled(one is not None)
        self.folder_action.setToolTip("Opens the folder with all files of the run.")
        self.rename_action.setEnabled(one is not None)
        self.draw_action.setEnabled(bool(chosen))
        self.draw_action.setChecked(bool(chosen) and all(self._library.color(run.path) for run in chosen))
        in_training = self._library.trained() in [run.path for run in chosen]
        self.trash_action.setEnabled(bool(chosen) and not in_training)
        self.trash_action.setToolTip(
            "The run that is being trained cannot be deleted: stop the training first."
            if in_training
            else "Moves the folders of the selected runs to the desktop's trash; your pictures stay."
        )

    # -- commands ---------------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        chosen = self.table.selected()
        if len(chosen) == 1 and chosen[0].path != self._library.shown():
            common.run_guarded(self._session, self._library.show, chosen[0])

    @Slot()
    def _compare(self) -> None:
        chosen = self.table.selected()
        if len(chosen) == 2:
            common.run_guarded(self._session, self._open_comparison, *chosen)

    def _open_comparison(self, first: RunSummary, second: RunSummary) -> None:
        from deskclassify.ui.pages.compare_dialog import CompareDialog

        CompareDialog(self._library.compare(first, second), self).open()

    @Slot()
    def _show_folder(self) -> None:
        for run in self.table.selected()[:1]:
            common.run_guarded(self._session, open_folder, Path(run.path))

    @Slot()
    def _edit_name(self) -> None:
        rows = self.table.selectionModel().selectedRows(NAME)
        if len(rows) == 1:
            self.table.setCurrentIndex(rows[0])
            self.table.edit(rows[0])

    @Slot(object, str)
    def _rename(self, run: RunSummary, name: str) -> None:
        common.run_guarded(self._session, self._library.rename, run, name)

    @Slot(bool)
    def _draw(self, wanted: bool) -> None:
        for run in self.table.selected():
            self._library.draw(run.path, wanted and run.status != "damaged")

    @Slot()
    def _move_to_trash(self) -> None:
        chosen = self.table.selected()
        if chosen and may_move(self, chosen):
            common.run_guarded(self._session, self._library.move_to_trash, chosen)


def _show_tip(one: RunSummary | None, is_shown: bool) -> str:
    if one is None:
        return "Select one run to use it on the Evaluate, Layers and Predict pages."
    if is_shown:
        return "The other pages show this run already."
    if one.problem:
        return one.problem
    if not one.can_be_shown:
        return "This run has no result yet."
    return "Uses this run on the Evaluate, Layers and Predict pages."


def open_folder(path: Path) -> None:
    """Open a folder in the desktop's file manager.

    Raises:
        InputError: there is none, or the folder has gone.
    """
    if not path.is_dir():
        raise InputError(f"The folder “{path}” is not there any more.")
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
        raise InputError(f"No program could be found to show folders. The run lies in “{path}”.")


def may_move(parent: QWidget, chosen: list[RunSummary]) -> bool:
    """Ask whether runs may be moved to the trash."""
    box = QMessageBox(parent)
    box.setObjectName("trashQuestion")
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Move to trash")
    box.setTextFormat(Qt.TextFormat.PlainText)
    what = f"the run “{chosen[0].title}”" if len(chosen) == 1 else counted(len(chosen), "run")
    box.setText(f"Move {what} to the trash?")
    box.setInformativeText("Your pictures stay where they are. Until the trash is emptied, you can take it back there.")
    move = box.addButton("Move to trash", QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton("Keep", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    agreed = box.clickedButton() is move
    box.deleteLater()
    return agreed
