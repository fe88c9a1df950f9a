"""Colours have enough contrast, and a change reaches what is on the screen."""

from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton

import resources
from deskclassify.ui import theme
from deskclassify.ui.style_sheet import mix
from deskclassify.ui.widgets.common import primary

ICONS = Path(resources.__file__).parent / "icons"


@pytest.fixture(autouse=True)
def light_again(qapp):
    yield
    theme.apply(qapp, "light")


def luminance(color: str) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    q = QColor(color)
    return 0.2126 * linear(q.red()) + 0.7152 * linear(q.green()) + 0.0722 * linear(q.blue())


def contrast(first: str, second: str) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "good", "warn", "bad"])
@pytest.mark.parametrize("ground", ["window", "surface", "raised"])
def test_text_can_be_read(palette, ink, ground):
    assert contrast(getattr(palette, ink), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_text_on_coloured_grounds_can_be_read(palette):
    assert contrast(palette.accent_text, palette.accent) >= 4.5
    assert contrast(palette.accent_text, mix(palette.accent, palette.text, 0.15)) >= 4.5
    assert contrast(palette.text, palette.accent_soft) >= 4.5
    assert contrast(palette.accent, palette.accent_soft) >= 4.5
    assert contrast(palette.text, mix(palette.surface, palette.bad, 0.14)) >= 4.5


@pytest.mark.parametrize("color", theme.CLASS_COLORS)
def test_class_colours_are_seen_on_both_surfaces(color):
    assert contrast(color, theme.LIGHT.surface) >= 3
    assert contrast(color, theme.DARK.surface) >= 3


def test_class_colours_differ_and_repeat():
    assert len(set(theme.CLASS_COLORS)) == len(theme.CLASS_COLORS)
    assert theme.class_color(len(theme.CLASS_COLORS)) == theme.class_color(0)


def test_a_change_is_told_and_reaches_widgets(qapp, qtbot):
    theme.apply(qapp, "light")
    button = QPushButton()
    button.setIcon(theme.icon("folder"))
    qtbot.addWidget(button)
    light = button.icon().pixmap(24, 24).toImage()
    with qtbot.waitSignal(theme.notifier().changed):
        theme.apply(qapp, "dark")
    assert theme.current().is_dark
    assert qapp.palette().window().color() == QColor(theme.DARK.window)
    dark = button.icon().pixmap(24, 24).toImage()
    assert dark != light, "the icon kept its colour"
    assert theme.DARK.text in colors_of(dark)


def test_the_icon_of_a_primary_button_is_on_the_accent_in_both_themes(qapp, qtbot):
    theme.apply(qapp, "light")
    button = QPushButton()
    button.setIcon(theme.icon("stop"))
    primary(button)
    qtbot.addWidget(button)
    assert theme.LIGHT.accent_text in colors_of(button.icon().pixmap(32, 32).toImage())
    theme.apply(qapp, "dark")
    assert theme.DARK.accent_text in colors_of(button.icon().pixmap(32, 32).toImage())


def colors_of(image) -> set[str]:
    every = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {color.name() for color in every if color.alpha() == 255}


def test_the_bundled_font_is_used_where_the_desktop_has_none(qapp):
    theme.apply(qapp, "light")
    assert qapp.font().family() == "Inter"


@pytest.mark.parametrize("file", sorted(ICONS.glob("*.svg")), ids=lambda file: file.stem)
def test_every_icon_draws_something(qapp, file):
    image = theme.pixmap(file.stem, 32, "#ff0000").toImage()
    assert any(image.pixelColor(x, y).alpha() > 128 for x in range(32) for y in range(32))


def test_every_colour_is_a_colour():
    for palette in (theme.LIGHT, theme.DARK):
        for field in fields(palette):
            value = getattr(palette, field.name)
            assert isinstance(value, bool) or QColor(value).isValid()
