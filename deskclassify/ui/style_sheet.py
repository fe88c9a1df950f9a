"""The style sheet of the window, filled in with the colours of a palette."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskclassify.ui.theme import Palette

_SHEET = Template("""
* { outline: none; }
QMainWindow, QDialog, QWidget[role="page"], QScrollArea, QScrollArea > QWidget > QWidget[role="page"] {
    background: $window; }
QScrollArea { border: none; }
QToolTip { background: $surface; color: $text; border: 1px solid $border; padding: 6px 8px; }
QLabel { background: transparent; }
QLabel[role="heading"] { font-size: 17pt; font-weight: 600; color: $text; }
QLabel[role="subheading"] { font-size: 11pt; font-weight: 600; color: $text; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="good"] { color: $good; }
QLabel[role="warn"] { color: $warn; }
QLabel[role="bad"] { color: $bad; }
QLabel[role="badge"] { color: $text; background: $raised; border-radius: 9px; padding: 2px 10px; }
QFrame[role="card"] { background: $surface; border: 1px solid $border; border-radius: 10px; }
QFrame[role="line"] { background: $border; border: none; }

QPushButton, QToolButton[role="button"] {
    background: $surface; color: $text; border: 1px solid $border; border-radius: 7px;
    padding: 6px 14px; min-height: 18px; }
QPushButton:hover, QToolButton[role="button"]:hover { background: $raised; }
QPushButton:pressed, QToolButton[role="button"]:pressed { background: $border; }
QPushButton:focus, QToolButton[role="button"]:focus { border: 2px solid $accent; padding: 5px 13px; }
QPushButton:disabled, QToolButton[role="button"]:disabled { color: $muted; background: $raised; border-color: $raised; }
QPushButton:checked, QToolButton[role="button"]:checked { background: $accent_soft; border-color: $accent; }
QPushButton[role="primary"], QToolButton[role="primary"] {
    background: $accent; color: $accent_text; border: 1px solid $accent; border-radius: 7px;
    padding: 6px 16px; min-height: 18px; font-weight: 600; }
QPushButton[role="primary"]:hover, QToolButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:focus, QToolButton[role="primary"]:focus {
    border: 2px solid $text; padding: 5px 15px; }
QPushButton[role="primary"]:disabled, QToolButton[role="primary"]:disabled {
    background: $raised; color: $muted; border-color: $raised; }
QPushButton::menu-indicator, QToolButton::menu-indicator {
    image: url("$icons/qss-down.svg"); width: 10px; height: 10px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 6px; }
QPushButton[hasMenu="true"] { padding-right: 24px; }
QPushButton[hasMenu="true"]:focus { padding-right: 23px; }
QPushButton[role="primary"]::menu-indicator { image: url("$icons/qss-down-$accent_ink.svg"); }
QToolButton { background: transparent; color: $text; border: 1px solid transparent; border-radius: 7px; padding: 4px; }
QToolButton:hover { background: $raised; }
QToolButton:focus { border: 1px solid $accent; }
QToolButton:disabled { color: $muted; }

QFrame#navigation { background: $surface; border: none; border-right: 1px solid $border; }
QFrame#navigation QToolButton {
    border: 2px solid transparent; border-radius: 10px; padding: 8px 2px 6px 2px; color: $muted; font-weight: 500; }
QFrame#navigation QToolButton:hover { background: $raised; color: $text; }
QFrame#navigation QToolButton:checked { background: $accent_soft; color: $accent_ink_text; font-weight: 600; }
QFrame#navigation QToolButton:focus { border: 2px solid $accent; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit, QTextBrowser {
    background: $surface; color: $text; border: 1px solid $border_strong; border-radius: 7px;
    padding: 5px 8px; min-height: 18px; selection-background-color: $accent; selection-color: $accent_text; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border: 2px solid $accent; padding: 4px 7px; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    background: $raised; color: $muted; border-color: $raised; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$icons/qss-down.svg"); width: 12px; height: 12px; }
QComboBox QAbstractItemView {
    background: $surface; color: $text; border: 1px solid $border; padding: 4px;
    selection-background-color: $accent_soft; selection-color: $text; }
QSpinBox::up-button, QDoubleSpinBox::up-button {
    subcontrol-position: top right; border: none; width: 20px; background: transparent; }
QSpinBox::down-button, QDoubleSpinBox::down-button {
    subcontrol-position: bottom right; border: none; width: 20px; background: transparent; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$icons/qss-up.svg"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$icons/qss-down.svg"); width: 10px; height: 10px; }
QLineEdit QToolButton { padding: 0; border: none; background: transparent; }
QTableView QLineEdit, QListView QLineEdit { border-radius: 0; padding: 0 4px; min-height: 0; }

QCheckBox, QRadioButton { spacing: 8px; background: transparent; }
QCheckBox::indicator, QTableView::indicator {
    width: 16px; height: 16px; border: 1px solid $muted; border-radius: 4px; background: $surface; }
QCheckBox::indicator:checked, QTableView::indicator:checked {
    background: $accent; border-color: $accent; image: url("$icons/qss-check-$accent_ink.svg"); }
QCheckBox::indicator:focus { border: 2px solid $accent; }
QCheckBox::indicator:disabled { background: $raised; border-color: $border; }
QRadioButton::indicator {
    width: 16px; height: 16px; border: 1px solid $muted; border-radius: 9px; background: $surface; }
QRadioButton::indicator:checked { width: 8px; height: 8px; border: 5px solid $accent; }
QRadioButton::indicator:focus { border-color: $accent; }
QRadioButton::indicator:disabled { border-color: $border; }

QTableView, QListView, QTreeView {
    background: $surface; alternate-background-color: $raised; color: $text; border: 1px solid $border;
    border-radius: 8px; gridline-color: $border; selection-background-color: $accent_soft; selection-color: $text; }
QTableView:focus, QListView:focus, QTreeView:focus { border-color: $accent; }
QFrame[role="card"] QTableView, QFrame[role="card"] QListView, QFrame[role="card"] QTreeView { border-radius: 6px; }
QTableView::item, QListView::item, QTreeView::item { padding: 4px 6px; }
QTableView::item:selected, QListView::item:selected, QTreeView::item:selected {
    background: $accent_soft; color: $text; }
QTableView#classTable { border: none; border-radius: 0; }
QHeaderView { background: transparent; }
/* The arrow of a sorted column would lie on a title that is aligned to the right. */
QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-position: top center; width: 11px; height: 6px; }
QHeaderView::section {
    background: $surface; color: $muted; border: none; border-bottom: 1px solid $border; padding: 5px 6px;
    font-weight: 500; }
QTableCornerButton::section { background: $surface; border: none; }

QProgressBar {
    background: $raised; border: none; border-radius: 4px; min-height: 8px; max-height: 8px; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal {
    width: 16px; height: 16px; margin: -6px 0; border-radius: 8px; background: $accent; border: 2px solid $surface; }
QSlider::handle:horizontal:focus { border-color: $text; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $border_strong; border-radius: 4px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $border; }
QTabWidget::pane { border: none; }
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $muted; padding: 7px 12px; border: none; border-bottom: 2px solid transparent;
    font-weight: 500; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; }

QMenuBar { background: $surface; color: $text; border-bottom: 1px solid $border; padding: 2px 6px; }
QMenuBar::item { padding: 4px 10px; border-radius: 6px; background: transparent; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $surface; color: $text; border: 1px solid $border; padding: 6px; }
QMenu::item { padding: 6px 28px 6px 12px; border-radius: 5px; }
QMenu::item:selected { background: $accent_soft; color: $text; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 5px 8px; }
QMenu::icon { padding-left: 8px; }
QStatusBar { background: $surface; color: $muted; border-top: 1px solid $border; }
QStatusBar::item { border: none; }
QStatusBar QLabel { color: $muted; padding: 2px 6px; }
QStatusBar QLabel[role="badge"] { color: $text; }
QStatusBar QLabel[role="badgeWarn"] { color: $window; background: $warn; border-radius: 9px; padding: 2px 10px; }

QFrame#problemBar { background: $bad_soft; border: none; border-bottom: 1px solid $bad; }
QFrame#problemBar QLabel { color: $text; }
QFrame#dropFrame { background: $surface; border: 2px dashed $border_strong; border-radius: 14px; }
QFrame#dropFrame[over="true"] { background: $accent_soft; border-color: $accent; }
QGroupBox { font-weight: 600; border: none; margin-top: 20px; }
QGroupBox::title { subcontrol-origin: margin; left: 0; }
""")


def style_sheet(palette: Palette, icons: Path) -> str:
    """The style sheet in the colours of a palette; pictures for it lie in `icons`."""
    dark = palette.is_dark
    return _SHEET.substitute(
        asdict(palette),
        icons=icons.as_posix(),
        accent_ink="dark" if dark else "light",  # the drawings on the accent colour
        accent_ink_text=palette.accent,
        accent_hover=mix(palette.accent, palette.text, 0.15),
        border_strong=mix(palette.border, palette.muted, 0.35),
        bad_soft=mix(palette.surface, palette.bad, 0.14),
    )


def mix(first: str, second: str, share: float) -> str:
    """A colour between two: `share` 0 gives the first, 1 the second."""
    parts = [round(int(first[i : i + 2], 16) * (1 - share) + int(second[i : i + 2], 16) * share) for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)
