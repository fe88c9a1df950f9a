"""All actions of the menu bar, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from deskclassify.ui import theme

Key = QKeySequence.StandardKey


@dataclass(frozen=True)
class ActionSpec:
    """One row of the table.

    Attributes:
        name: object name; also the key of `Actions`.
        text: in the menu, with its mnemonic.
        command: name of the method of the window that it calls.
        keys: shortcuts.
        icon: name of an icon; may be empty.
        tip: one sentence for the status bar and the tooltip.
        role: where macOS puts it.
    """

    name: str
    text: str
    command: str
    keys: tuple[str | QKeySequence.StandardKey, ...] = ()
    icon: str = ""
    tip: str = ""
    role: QAction.MenuRole = QAction.MenuRole.NoRole


SEPARATOR = ActionSpec("", "", "")
RECENT = ActionSpec("recent", "Open &recent", "")
THEME = ActionSpec("theme", "&Theme", "")
PAGES = ActionSpec("pages", "", "")

MENUS: dict[str, tuple[ActionSpec, ...]] = {
    "&File": (
        ActionSpec("actionNewProject", "&New project…", "new_project", (Key.New,), "new", "Begin with other pictures"),
        ActionSpec("actionOpenProject", "&Open…", "open_project", (Key.Open,), "open", "Open a project or a model"),
        RECENT,
        SEPARATOR,
        ActionSpec(
            "actionAddFolder",
            "&Add pictures…",
            "add_folder",
            ("Ctrl+Shift+O",),
            "folder-add",
            "Add a folder that holds one folder of pictures for each class",
        ),
        ActionSpec(
            "actionExport",
            "&Export model…",
            "export_model",
            ("Ctrl+E",),
            "export",
            "Save the trained model as one ONNX file that other programs can use",
        ),
        ActionSpec(
            "actionExportCopy",
            "Export &cleaned copy…",
            "export_copy",
            (),
            "copy",
            "Copy the pictures as they are labelled now into a new folder; the originals stay as they are",
        ),
        ActionSpec(
            "actionLookAgain",
            "&Look into the folders again",
            "look_again",
            ("Ctrl+R",),
            "refresh",
            "Find pictures that were added, changed or removed outside of this program",
        ),
        SEPARATOR,
        ActionSpec("actionQuit", "&Quit", "close", (Key.Quit,), role=QAction.MenuRole.QuitRole),
    ),
    "&Edit": (
        ActionSpec("actionUndo", "&Undo", "undo", (Key.Undo,), "undo", "Take back the last change of the data"),
        ActionSpec("actionRedo", "&Redo", "redo", (Key.Redo,), "redo", "Make the change again that was taken back"),
        SEPARATOR,
        ActionSpec(
            "actionPreferences",
            "&Preferences…",
            "show_preferences",
            (Key.Preferences, "Ctrl+,"),
            "settings",
            "Colours, device and disk space",
            QAction.MenuRole.PreferencesRole,
        ),
    ),
    "&View": (PAGES, SEPARATOR, THEME),
    "&Train": (
        ActionSpec("actionTrain", "&Train", "train", ("Ctrl+T", "F5"), "play", "Train with the options of the page"),
        ActionSpec("actionStop", "&Stop", "stop", ("Ctrl+.",), "stop", "End the training; what was reached is kept"),
    ),
    "&Help": (
        ActionSpec("actionGettingStarted", "&Getting started", "show_getting_started", (Key.HelpContents,), "help"),
        ActionSpec("actionOpenLog", "Open &log", "open_log", (), "log", "Open the folder of the log files"),
        SEPARATOR,
        ActionSpec("actionAbout", "&About deskclassify", "show_about", (), "info", role=QAction.MenuRole.AboutRole),
    ),
}


class Actions:
    """The actions of a window, made from the table."""

    def __init__(self, window: QWidget, bar: QMenuBar) -> None:
        self._by_name: dict[str, QAction] = {}
        self.menus: dict[str, QMenu] = {}
        for title, specs in MENUS.items():
            menu = bar.addMenu(title)
            for spec in specs:
                self._add(window, menu, spec)

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def _add(self, window: QWidget, menu: QMenu, spec: ActionSpec) -> None:
        if spec is SEPARATOR:
            menu.addSeparator()
        elif spec is PAGES:
            self.menus[spec.name] = menu
        elif not spec.command:
            self.menus[spec.name] = menu.addMenu(spec.text)
        else:
            action = QAction(spec.text, window)
            action.setObjectName(spec.name)
            action.setShortcuts([key for each in spec.keys for key in _sequences(each)])
            action.setMenuRole(spec.role)
            if spec.icon:
                action.setIcon(theme.icon(spec.icon))
            if spec.tip:
                action.setToolTip(spec.tip)
                action.setStatusTip(spec.tip)
            command: Callable[[], None] = getattr(window, spec.command)
            action.triggered.connect(command)
            menu.addAction(action)
            window.addAction(action)  # shortcuts work with a hidden menu bar too
            self._by_name[spec.name] = action


def _sequences(key: str | QKeySequence.StandardKey) -> list[QKeySequence]:
    """Some desktops bind no key to a standard action."""
    return [QKeySequence(key)] if isinstance(key, str) else QKeySequence.keyBindings(key)


class ThemeMenu(QActionGroup):
    """System, light or dark."""

    def __init__(self, menu: QMenu, chosen: str, choose: Callable[[str], None]) -> None:
        super().__init__(menu)
        self._choose = choose
        for name, text in (("system", "As the &system"), ("light", "&Light"), ("dark", "&Dark")):
            action = self.addAction(QAction(text, self))
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name == chosen)
            menu.addAction(action)
        self.triggered.connect(self._chosen)

    def show(self, name: str) -> None:
        """Tick the theme in use."""
        for action in self.actions():
            action.setChecked(action.data() == name)

    @Slot(QAction)
    def _chosen(self, action: QAction) -> None:
        self._choose(str(action.data()))
