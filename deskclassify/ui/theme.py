"""Colours, spacing, fonts and icons of the window, in one place; light and dark.

The window draws itself with Qt's Fusion style, one palette and one style sheet, so that it looks
the same on every system. `system` follows the desktop's own choice, also while the window is open.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QAction, QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QStyleFactory

import resources
from deskclassify.ui.style_sheet import style_sheet

Theme = Literal["system", "light", "dark"]
GAP = 8  # pixels between things that belong together
MARGIN = 20  # pixels around a page and inside a card
RADIUS = 8  # pixels, of a card's corners
_RESOURCES = Path(resources.__file__).parent
_ICON_PIXELS = (16, 20, 32, 52)
# Families that stand for “this Linux desktop has chosen no font”.
_NO_CHOICE = frozenset({"", "DejaVu Sans", "Sans Serif", "Sans", "sans-serif", "Bitstream Vera Sans"})


@dataclass(frozen=True)
class Palette:
    """Colours as `#rrggbb`. Each text colour has a contrast of at least 4.5 : 1 on window, surface and raised."""

    window: str
    surface: str
    raised: str
    border: str
    text: str
    muted: str
    accent: str
    accent_text: str
    accent_soft: str
    good: str
    warn: str
    bad: str
    is_dark: bool


LIGHT = Palette(
    window="#f4f6f7",
    surface="#ffffff",
    raised="#eaeef0",
    border="#d5dce0",
    text="#182126",
    muted="#53616a",
    accent="#0b6b74",
    accent_text="#ffffff",
    accent_soft="#d9eef0",
    good="#12703f",
    warn="#855400",
    bad="#b3261e",
    is_dark=False,
)
DARK = Palette(
    window="#13181b",
    surface="#1b2226",
    raised="#263036",
    border="#38454c",
    text="#e7edf0",
    muted="#a3b1b9",
    accent="#57c5cc",
    accent_text="#06282b",
    accent_soft="#1d3e42",
    good="#67cf97",
    warn="#e6b450",
    bad="#ff8a80",
    is_dark=True,
)
# Told apart with every common kind of colour blindness (they differ in lightness as well as in hue
# from their neighbours), and at least 3 : 1 against the surface of both themes.
CLASS_COLORS = (
    "#2f7fd6",
    "#d9760b",
    "#1f9e77",
    "#c65bb0",
    "#a08a12",
    "#7b74dc",
    "#d9534f",
    "#2593ab",
    "#8c7662",
    "#6f9a2e",
)


class Notifier(QObject):
    """Says that the colours have changed."""

    changed = Signal()

    @Slot()
    def follow_system(self) -> None:
        """The desktop has changed between light and dark."""
        app = QApplication.instance()
        if isinstance(app, QApplication) and _state.theme == "system":
            _use(app, DARK if _system_is_dark(app) else LIGHT)


class _State:
    """What is in use. One for the process, as is the application."""

    def __init__(self) -> None:
        self.palette = LIGHT
        self.theme: Theme = "system"
        self.icon_names: dict[int, str] = {}  # cache key of a QIcon made here → its name


_state = _State()


@cache
def notifier() -> Notifier:
    """The object whose signal `changed` tells that the colours have changed."""
    return Notifier()


def current() -> Palette:
    """The colours in use."""
    return _state.palette


def class_color(index: int) -> str:
    """The colour of a class by its place in the alphabetical order; repeats after ten."""
    return CLASS_COLORS[index % len(CLASS_COLORS)]


def apply(app: QApplication, theme: Theme) -> None:
    """Use a theme for the whole application, now and when the desktop changes."""
    hints = app.styleHints()
    first = app.property("deskclassifyTheme") is None
    app.setProperty("deskclassifyTheme", theme)
    _state.theme = theme
    if first:
        app.setStyle(QStyleFactory.create("Fusion"))
        _choose_font(app)
        hints.colorSchemeChanged.connect(notifier().follow_system)
    # Title bars and native dialogs are the desktop's: it is told as well.
    wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
    hints.setColorScheme(wanted.get(theme, Qt.ColorScheme.Unknown))
    dark = _system_is_dark(app) if theme == "system" else theme == "dark"
    _use(app, DARK if dark else LIGHT)


@contextmanager
def on_paper() -> Iterator[None]:
    """The light colours within the block, for what is to be printed.

    The screen shows nothing of it as long as no events are processed in the block.
    """
    app, before = QApplication.instance(), current()
    if not isinstance(app, QApplication) or not before.is_dark:
        yield
        return
    _use(app, LIGHT)
    try:
        yield
    finally:
        _use(app, before)


def _system_is_dark(app: QApplication) -> bool:
    return app.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _use(app: QApplication, palette: Palette) -> None:
    _state.palette = palette
    app.setPalette(_qt_palette(palette))
    app.setStyleSheet(style_sheet(palette, _RESOURCES / "icons"))
    _recolour_icons(app)
    notifier().changed.emit()


def _qt_palette(colors: Palette) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for roles, value in (
        ((role.Window,), colors.window),
        ((role.Base, role.ToolTipBase), colors.surface),
        ((role.AlternateBase, role.Button, role.Midlight), colors.raised),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), colors.text),
        ((role.Mid, role.Dark, role.Light), colors.border),
        ((role.Highlight, role.Link, role.Accent, role.LinkVisited), colors.accent),
        ((role.HighlightedText,), colors.accent_text),
        ((role.PlaceholderText,), colors.muted),
    ):
        for each in roles:
            palette.setColor(each, QColor(value))
    for each in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(colors.muted))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(colors.raised))
    return palette


def _choose_font(app: QApplication) -> None:
    """Where the desktop has no font of its own, use the one that is installed with the program."""
    if not sys.platform.startswith("linux") or app.font().family() not in _NO_CHOICE:
        return
    families: list[str] = []
    for file in sorted((_RESOURCES / "fonts").glob("*.[ot]tf")):
        number = QFontDatabase.addApplicationFont(str(file))
        families += QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    if families:
        font = QFont("Inter" if "Inter" in families else families[0])
        font.setPointSizeF(max(10.0, app.font().pointSizeF()))
        app.setFont(font)


def icon(name: str, color: str = "") -> QIcon:
    """An icon from resources/icons, in the text colour (muted when disabled, accent when checked).

    Buttons and actions that hold it are given a new one when the theme changes.

    Args:
        name: of the SVG file, without its suffix.
        color: another colour, fixed.
    """
    colors = current()
    made = QIcon()
    for mode, state, value in (
        (QIcon.Mode.Normal, QIcon.State.Off, color or colors.text),
        (QIcon.Mode.Normal, QIcon.State.On, color or colors.accent),
        (QIcon.Mode.Selected, QIcon.State.Off, color or colors.text),  # Qt would tint it beyond recognition
        (QIcon.Mode.Disabled, QIcon.State.Off, colors.muted),
    ):
        for pixels in _ICON_PIXELS:
            made.addPixmap(pixmap(name, pixels, value), mode, state)
    if not color:
        _state.icon_names[made.cacheKey()] = name
    return made


@cache
def _svg(name: str) -> QSvgRenderer:
    return QSvgRenderer(str(_RESOURCES / "icons" / f"{name}.svg"))


@cache
def _shape(name: str, pixels: int) -> QPixmap:
    """An icon in black, drawn once: tinting it is far cheaper than to draw it in each colour."""
    drawn = QPixmap(pixels, pixels)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    _svg(name).render(painter, QRectF(drawn.rect()))
    painter.end()
    return drawn


def pixmap(name: str, pixels: int, color: str = "", ratio: float = 1.0) -> QPixmap:
    """An icon as a picture of the given edge, for painting and labels."""
    drawn = _shape(name, round(pixels * ratio)).copy()
    if name != "app":  # it has colours of its own
        painter = QPainter(drawn)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(drawn.rect(), QColor(color or current().text))
        painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


def _recolour_icons(app: QApplication) -> None:
    """Icons are pictures and keep their colour: those that are in use are replaced."""
    names, _state.icon_names = _state.icon_names, {}
    owners: list[QAbstractButton | QAction] = []
    for widget in app.allWidgets():
        if isinstance(widget, QAbstractButton):
            owners.append(widget)
        owners.extend(widget.actions())
    fresh: dict[tuple[str, bool], QIcon] = {}
    for owner in owners:
        name = names.get(owner.icon().cacheKey())
        if name is not None:
            accent = owner.property("role") == "primary"
            if (name, accent) not in fresh:
                fresh[name, accent] = _icon_on_accent(name) if accent else icon(name)
            owner.setIcon(fresh[name, accent])


def _icon_on_accent(name: str) -> QIcon:
    made = icon(name, current().accent_text)
    _state.icon_names[made.cacheKey()] = name
    return made


def recolour_for_accent(button: QAbstractButton) -> None:
    """Give a button that lies on the accent colour its icon in the colour for that."""
    name = _state.icon_names.get(button.icon().cacheKey())
    if name is not None:
        button.setIcon(_icon_on_accent(name))
