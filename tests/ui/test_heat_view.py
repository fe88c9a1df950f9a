"""A picture with heat over it, and the small parts beside it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor

from deskclassify.ui import theme
from deskclassify.ui.widgets.choice import Choice
from deskclassify.ui.widgets.class_bars import ClassBars
from deskclassify.ui.widgets.heat_view import Heat, HeatPanel, overlay

PICTURE = np.full((20, 20, 3), (40, 160, 60), dtype=np.uint8)
ANSWER = (("bees", 0.9), ("ants", 0.08), ("wasps", 0.02))


@pytest.fixture
def panel(qtbot):
    made = HeatPanel()
    qtbot.addWidget(made)
    made.resize(400, 460)
    made.show()
    return made


def corner_heat(value=1.0, **more):
    values = np.zeros((20, 20), dtype=np.float32)
    values[:10, :10] = value
    return Heat(values, more.pop("is_signed", True), "against", "for “bees”", **more)


def color_at(panel, across, down):
    """The colour at a place of the picture, by shares of its sides."""
    area = panel.view.area()
    point = QPointF(area.left() + area.width() * across, area.top() + area.height() * down).toPoint()
    return panel.view.grab().toImage().pixelColor(point)


def test_the_stronger_the_less_one_sees_through():
    values = np.array([[-1.0, -0.5, 0.0, 0.03, 0.5, 1.0]])
    signed = overlay(values, True)
    assert signed.shape == (1, 6, 4) and signed.dtype == np.uint8
    opacity = signed[0, :, 3].astype(int)
    assert opacity[2] == opacity[3] == 0 and opacity[0] == opacity[5] > opacity[1] == opacity[4] > 0
    assert signed[0, 0, 2] > signed[0, 0, 0] and signed[0, 5, 0] > signed[0, 5, 2]  # blue, orange
    amount = overlay(values, False)[0]
    assert amount[0, 3] == 0  # nothing below zero
    assert amount[5, :3].sum() > amount[4, :3].sum()


def test_heat_colours_its_place_and_leaves_the_rest(panel):
    panel.show_picture(PICTURE)
    bare = color_at(panel, 0.2, 0.2)
    assert bare == QColor(40, 160, 60)
    for value, is_signed in ((1.0, True), (-1.0, True), (1.0, False)):
        panel.show_picture(PICTURE, corner_heat(value, is_signed=is_signed))
        hot, cold = color_at(panel, 0.2, 0.2), color_at(panel, 0.8, 0.8)
        assert cold.green() > cold.red() and cold.green() > cold.blue()
        difference = sum(abs(one - other) for one, other in zip(hot.getRgb(), cold.getRgb(), strict=True))
        assert difference > 100
        if is_signed:
            assert (hot.red() > hot.blue()) == (value > 0)


def test_the_slider_goes_from_the_bare_picture_to_the_heat(panel):
    panel.show_picture(PICTURE, corner_heat())
    reds = []
    for percent in (0, 50, 100):
        panel.slider.setValue(percent)
        reds.append(color_at(panel, 0.2, 0.2).red())
    assert reds[0] == 40 and reds[0] < reds[1] < reds[2]
    panel.show_picture(PICTURE)
    assert not panel.slider.isEnabled()


def test_the_marked_place_has_a_frame(panel):
    panel.show_picture(PICTURE, corner_heat(0.0))
    before = panel.view.grab().toImage()
    panel.show_picture(PICTURE, corner_heat(0.0, spot=(10, 10, 5, 5)))
    after = panel.view.grab().toImage()
    area = panel.view.area()
    side = area.width() / 20
    frame = QRectF(area.left() + 10 * side, area.top() + 10 * side, 5 * side, 5 * side).adjusted(-1, -1, 1, 1)
    changed = [
        (x, y)
        for x in range(after.width())
        for y in range(after.height())
        if after.pixelColor(x, y) != before.pixelColor(x, y)
    ]
    assert changed and all(frame.contains(x, y) for x, y in changed)


def test_the_heat_under_the_cursor_is_told(panel, qtbot):
    panel.show_picture(PICTURE, corner_heat(0.5))
    area = panel.view.area()
    seen = []
    panel.view.hovered.connect(seen.append)
    qtbot.mouseMove(panel.view, QPoint(int(area.left() + 0.3 * area.width()), int(area.top() + 0.3 * area.height())))
    qtbot.waitUntil(lambda: seen[-1:] == [0.5])
    qtbot.mouseMove(panel.view, QPoint(int(area.left() + 0.9 * area.width()), int(area.top() + 0.9 * area.height())))
    qtbot.waitUntil(lambda: seen[-1:] == [0.0])
    assert panel.view.heat_at(QPointF(area.left() - 1, area.top() + 1)) is None
    assert panel.view.heat_at(area.bottomRight() - QPointF(0.01, 0.01)) == 0.0
    panel.show_picture(PICTURE)
    assert panel.view.heat_at(area.center()) is None


def test_without_a_picture_nothing_is_painted(panel):
    panel.show_picture(None)
    assert panel.view.area().isEmpty()
    image = panel.view.grab().toImage()
    assert len({image.pixel(x, y) for x in range(0, 400, 20) for y in range(0, 300, 20)}) == 1


def test_the_scale_speaks(panel):
    panel.show_picture(PICTURE, corner_heat())
    assert "for “bees”" in panel.view.accessibleName()


@pytest.fixture
def bars(qtbot):
    made = ClassBars()
    qtbot.addWidget(made)
    made.resize(300, 100)
    made.show()
    return made


def test_mouse_and_keys_choose_a_class_and_the_program_tells_nothing(bars, qtbot):
    told = []
    bars.chosen.connect(told.append)
    bars.show_answer(ANSWER, "bees")
    bars.show_answer(ANSWER, "wasps")
    assert told == [] and bars.current == "wasps"
    qtbot.mouseClick(bars.viewport(), Qt.MouseButton.LeftButton, pos=bars.visualRect(bars.model().index(1, 0)).center())
    assert told == ["ants"]
    qtbot.keyClick(bars, Qt.Key.Key_Up)
    assert told == ["ants", "bees"] and bars.current == "bees"
    bars.show_answer((), "")
    assert told == ["ants", "bees"] and bars.current == ""


def test_classes_are_spoken_and_painted(bars):
    bars.show_answer(ANSWER, "bees")
    index = bars.model().index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "bees, 90.0 %"
    image = bars.viewport().grab().toImage()
    accent = QColor(theme.current().accent)
    lengths = [
        sum(image.pixelColor(x, bars.visualRect(bars.model().index(row, 0)).center().y()) == accent for x in range(300))
        for row in range(3)
    ]
    assert lengths[0] > 5 * lengths[1] > 0


def test_many_classes_scroll(bars):
    bars.show_answer([(f"class {at}", 0.01) for at in range(100)], "class 99")
    assert bars.height() < 200
    assert bars.viewport().rect().intersects(bars.visualRect(bars.currentIndex()))


def test_a_choice_grows_with_its_text_and_is_clicked_anywhere(qtbot):
    choice = Choice("Occlusion", "Covers one square after the other and asks again.", "some seconds")
    qtbot.addWidget(choice)
    choice.resize(200, choice.heightForWidth(200))
    choice.show()
    assert choice.heightForWidth(140) > choice.heightForWidth(600) > 0
    qtbot.mouseClick(choice, Qt.MouseButton.LeftButton, pos=choice.text_label.geometry().center())
    assert choice.isChecked()
    assert choice.accessibleName() == "Occlusion" and "some seconds" in choice.accessibleDescription()
