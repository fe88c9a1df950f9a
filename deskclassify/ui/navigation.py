"""The rail on the left that leads to the five pages."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QFrame, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from deskclassify.ui import theme

# Name of a page → its title and what it is for.
PAGES = {
    "data": ("Data", "Choose pictures and their classes"),
    "train": ("Train", "Teach a network to tell the classes apart"),
    "evaluate": ("Evaluate", "See how well it does, and where it errs"),
    "layers": ("Layers", "Look inside the network, layer by layer"),
    "predict": ("Predict", "Classify new pictures"),
}
_WIDTH = 92  # pixels
_ICON = 26  # pixels


class NavigationRail(QFrame):
    """Five checkable buttons, of which one is down. Its actions carry Ctrl+1 to Ctrl+5."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("navigation")
        self.setFixedWidth(_WIDTH)
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._actions = QActionGroup(self)
        self._actions.setExclusive(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.GAP, theme.MARGIN - 4, theme.GAP, theme.GAP)
        layout.setSpacing(theme.GAP - 2)
        for place, (name, (title, purpose)) in enumerate(PAGES.items(), start=1):
            action = QAction(theme.icon(name), title, self._actions)
            action.setShortcut(QKeySequence(f"Ctrl+{place}"))
            action.setData(name)
            self.addAction(action)
            layout.addWidget(self._button(name, title, f"{purpose} (Ctrl+{place})"))
        layout.addStretch(1)
        self._group.buttonClicked.connect(self._clicked)
        self._actions.triggered.connect(self._triggered)

    def _button(self, name: str, title: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"nav{title}Button")
        button.setText(title)
        button.setIcon(theme.icon(name))
        button.setIconSize(QSize(_ICON, _ICON))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setCheckable(True)
        button.setToolTip(tip)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setProperty("page", name)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._group.addButton(button)
        self._buttons[name] = button
        return button

    def show_chosen(self, name: str) -> None:
        """Press the button of the page that is shown."""
        self._buttons[name].setChecked(True)

    @Slot(QToolButton)
    def _clicked(self, button: QToolButton) -> None:
        self.chosen.emit(str(button.property("page")))

    @Slot(QAction)
    def _triggered(self, action: QAction) -> None:
        self.chosen.emit(str(action.data()))
