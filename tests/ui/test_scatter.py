"""Pictures as points: what is drawn, what is chosen, how one moves about."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QApplication

from deskclassify.ui import theme
from deskclassify.ui.widgets import scatter_pictures
from deskclassify.ui.widgets.class_legend import ClassLegend
from deskclassify.ui.widgets.cloud import MARGIN, NOTHING, Cloud, Plane
from deskclassify.ui.widgets.marks import SHAPES, Marks
from deskclassify.ui.widgets.scatter import ScatterPlot

CLASSES = ("ants", "bees", "wasps")
PLACES = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [0, 0]], np.float32)
LABELS = ("ants", "ants", "bees", "wasps", "bees")
SAID = ("ants", "bees", "bees", "wasps", "bees")  # the second is wrong
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def cloud(tmp_path):
    paths = []
    for at in range(5):
        paths.append(str(tmp_path / f"{at}.png"))
        Image.new("RGB", (30, 30), "#20c0e0").save(paths[-1])
    return Cloud.of(PLACES, paths, LABELS, SAID, CLASSES, np.full(5, 0.87, np.float32))


@pytest.fixture
def plot(qtbot, cloud):
    made = ScatterPlot("Nothing yet")
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.set_cloud(cloud)
    made.show()
    return made


@pytest.fixture
def legend(qtbot, cloud):
    made = ClassLegend()
    qtbot.addWidget(made)
    made.resize(180, 200)
    made.set_cloud(cloud)
    made.show()
    return made


def place(plot, number):
    return QPointF(*plot.pixels()[number]).toPoint()


def color(plot, where):
    return plot.grab().toImage().pixelColor(where).name()


def drag(plot, *places, button=LEFT, modifiers=Qt.KeyboardModifier.NoModifier):
    """Press at the first place, move over all, let go at the last."""
    kinds = [QEvent.Type.MouseButtonPress, *[QEvent.Type.MouseMove] * (len(places) - 1), QEvent.Type.MouseButtonRelease]
    for kind, (x, y) in zip(kinds, [*places, places[-1]], strict=True):
        here = QPointF(x, y)
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else button
        event = QMouseEvent(kind, here, plot.mapToGlobal(here), button, held, modifiers)
        QApplication.sendEvent(plot, event)


def wheel(plot, x, y, notches=0, pixels=0):
    here = QPointF(x, y)
    turned = (QPoint(0, pixels), QPoint(0, 120 * notches))
    how = (Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(plot, QWheelEvent(here, plot.mapToGlobal(here), *turned, *how))


def square(x, y, half):
    return [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]


def test_points_lie_within_the_margin_and_upwards(plot):
    pixels = plot.pixels()
    assert pixels.min() == pytest.approx(MARGIN) and pixels.max() == pytest.approx(300 - MARGIN)
    assert pixels[3][1] < pixels[0][1], "the second axis goes up"
    plot.resize(500, 300)
    assert np.ptp(plot.pixels()[:, 0]) == pytest.approx(np.ptp(plot.pixels()[:, 1])), "both axes have one scale"


def test_each_class_has_its_colour_and_a_wrong_answer_the_ring_of_what_was_said(plot):
    for number, name in enumerate(LABELS):
        assert color(plot, place(plot, number)) == theme.class_color(CLASSES.index(name))
    below = [QPoint(0, at) for at in range(7, 13)]
    assert theme.class_color(1) in [color(plot, place(plot, 1) + at) for at in below]
    assert {color(plot, place(plot, 0) + at) for at in below} == {theme.current().surface}


def test_seventy_classes_look_different(qapp):
    marks = Marks(13, 2.0)
    drawn = {bytes(marks.get(number).toImage().constBits()) for number in range(70)}
    assert len(SHAPES) == 7 and len(drawn) == 70


def test_without_points_it_says_what_will_come(plot):
    before = plot.grab().toImage()
    plot.set_cloud(NOTHING)
    empty = plot.grab().toImage()
    assert empty != before and plot.point_at(QPointF(150, 150)) == -1
    words = [at for at in range(60, 240) if QColor(empty.pixel(at, 150)).lightness() < 160]
    assert words, "in the middle"


def test_the_wheel_zooms_where_the_pointer_is(plot):
    target = plot.pixels()[2].copy()
    wheel(plot, *target, notches=4)
    assert plot.plane.zoom == pytest.approx(1.25**4)
    assert plot.pixels()[2] == pytest.approx(target, abs=MARGIN), "it stays, but for the margin"
    assert plot.pixels()[0][0] < 0
    wheel(plot, *target, pixels=-30)
    assert plot.plane.zoom < 1.25**4
    wheel(plot, *target, notches=-40)
    assert plot.plane.zoom == 1 and plot.pixels().min() == pytest.approx(MARGIN)


def test_a_plane_keeps_the_point_under_the_pointer():
    plane = Plane()
    plane.set_size(400, 300)
    plane.set_extent(PLACES)
    before = plane.to_point(180, 140)
    plane.zoom_at(180, 140, 3)
    assert plane.to_point(180, 140) == pytest.approx(before)
    assert plane.to_pixels(before[None])[0] == pytest.approx([180, 140])
    plane.move(1e6, -1e6)
    assert (np.abs(plane.centre) <= 1).all(), "there is always something to be seen"


def test_right_button_and_space_move_and_a_double_click_shows_all(plot, qtbot):
    wheel(plot, 150, 150, notches=5)
    before = plot.pixels()[4].copy()
    drag(plot, (150, 150), (170, 145), (180, 140), button=RIGHT)
    assert plot.pixels()[4] - before == pytest.approx([30, -10])
    plot.setFocus()
    qtbot.keyPress(plot, Qt.Key.Key_Space)
    drag(plot, (150, 150), (120, 160))
    qtbot.keyRelease(plot, Qt.Key.Key_Space)
    assert plot.pixels()[4] == pytest.approx(before) and not len(plot.selection)
    qtbot.mouseDClick(plot, LEFT, pos=QPoint(60, 120))
    assert plot.plane.zoom == 1


def test_keys_move_and_zoom(plot, qtbot):
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.plane.zoom == pytest.approx(1.25**2)
    before = plot.pixels()[4].copy()
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.pixels()[4][0] > before[0]
    qtbot.keyClick(plot, Qt.Key.Key_Down)
    assert plot.pixels()[4][1] < before[1]
    qtbot.keyClick(plot, Qt.Key.Key_Minus)
    assert plot.plane.zoom == pytest.approx(1.25)
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert plot.plane.zoom == 1


def test_drawing_around_points_chooses_them(plot, qtbot):
    with qtbot.waitSignal(plot.selection_changed):
        drag(plot, *square(*plot.pixels()[4], 40))
    assert plot.selection.tolist() == [4]
    assert plot.accessibleDescription() == "1 picture chosen, 0 of them wrong"
    drag(plot, *square(*plot.pixels()[1], 20), modifiers=SHIFT)
    assert plot.selection.tolist() == [1, 4]
    assert plot.accessibleDescription() == "2 pictures chosen, 1 of them wrong"
    drag(plot, *square(*plot.pixels()[0], 20))
    assert plot.selection.tolist() == [0], "without Shift it begins anew"


def test_a_line_that_is_not_straight_chooses_what_is_within(plot):
    line = QPolygonF([QPointF(0, 0), QPointF(300, 0), QPointF(300, 300), QPointF(0, 300), QPointF(140, 150)])
    assert plot.points_in(line).tolist() == [0, 1, 2, 3, 4]
    line = QPolygonF([QPointF(0, 0), QPointF(300, 0), QPointF(300, 300), QPointF(0, 300), QPointF(160, 150)])
    assert plot.points_in(line).tolist() == [1, 2], "the notch leaves out what is left of the middle"


def test_what_is_not_chosen_pales(plot):
    full = QColor(color(plot, place(plot, 0))).saturation()
    plot.select([4])
    assert QColor(color(plot, place(plot, 0))).saturation() < full / 2
    assert color(plot, place(plot, 4)) == theme.class_color(1)


def test_nothing_is_chosen_any_more_after_escape_or_a_click_beside(plot, qtbot):
    plot.select([1, 2])
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert not len(plot.selection)
    qtbot.keyClick(plot, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert plot.selection.tolist() == [0, 1, 2, 3, 4]
    drag(plot, (80, 150))
    assert not len(plot.selection)


def test_a_double_click_keeps_what_is_chosen(plot, qtbot):
    plot.select([1, 2])
    drag(plot, (80, 150))
    qtbot.mouseDClick(plot, LEFT, pos=QPoint(80, 150))
    assert plot.selection.tolist() == [1, 2]


def test_a_click_tells_of_the_nearest_point(plot, qtbot):
    x, y = plot.pixels()[3]
    with qtbot.waitSignal(plot.clicked) as told:
        drag(plot, (x + 5, y + 4))
    assert told.args == [3]
    with qtbot.assertNotEmitted(plot.clicked):
        drag(plot, (x + 40, y + 40))


def test_the_pinned_point_has_a_circle(plot):
    before = plot.grab().toImage()
    plot.set_pinned(2)
    assert plot.grab().toImage() != before
    plot.set_pinned(-1)
    assert plot.grab().toImage() == before


def test_hidden_classes_are_neither_drawn_nor_chosen(plot):
    plot.select([1, 2])
    plot.set_hidden({1})
    assert plot.selection.tolist() == [1]
    assert color(plot, place(plot, 2)) == theme.current().surface
    assert plot.point_at(QPointF(place(plot, 4))) == -1
    drag(plot, *square(150, 150, 149))
    assert plot.selection.tolist() == [0, 1, 3]
    plot.set_hidden(())
    assert plot.point_at(QPointF(place(plot, 4))) == 4


def test_the_pointer_shows_picture_class_and_answer(plot, qtbot, cloud):
    qtbot.mouseMove(plot, place(plot, 1))
    tip = plot._tip
    assert tip.isVisible() and tip.title_label.text() == "ants"
    assert tip.answer_label.text() == "The network says “bees” (87 %)" and tip.answer_label.property("role") == "bad"
    assert tip.name_label.text() == "1.png"
    assert plot.rect().contains(tip.geometry()), "it stays within the plot"
    qtbot.waitUntil(lambda: not tip.picture.pixmap().isNull())
    assert tip.picture.pixmap().toImage().pixelColor(20, 20).name() == "#20c0e0"
    qtbot.mouseMove(plot, place(plot, 4))
    assert tip.answer_label.text() == "The network agrees (87 %)" and tip.answer_label.property("role") == "good"
    qtbot.mouseMove(plot, place(plot, 4) + QPoint(40, 0))
    assert not tip.isVisible()


def test_a_picture_that_is_gone_is_said(plot, qtbot, cloud, tmp_path):
    (tmp_path / "0.png").unlink()
    qtbot.mouseMove(plot, place(plot, 0))
    qtbot.waitUntil(lambda: plot._tip.picture.text() == "It cannot be read")


def test_points_move_to_their_new_places(plot, qtbot, cloud):
    plot.select([1])
    there = Cloud(-PLACES, cloud.paths, cloud.labels, cloud.predicted, cloud.classes)
    plot.set_cloud(there)
    start = plot.pixels()[0].copy()
    assert start == pytest.approx([MARGIN, 300 - MARGIN]), "they begin where they were"
    qtbot.waitUntil(lambda: np.allclose(plot.pixels()[0], [300 - MARGIN, MARGIN]), timeout=3000)
    assert plot.selection.tolist() == [1], "what was chosen is still"
    plot.set_cloud(cloud)
    plot.hide()
    assert plot.pixels()[0] == pytest.approx(start), "unseen they are there at once"


def test_other_pictures_begin_anew(plot, cloud):
    plot.select([1])
    plot.set_pinned(1)
    plot.set_cloud(Cloud(PLACES[:2], cloud.paths[:2], cloud.labels[:2], cloud.predicted[:2], cloud.classes))
    assert not len(plot.selection) and plot.pinned == -1
    assert "agrees" in plot.answer(0) and "%" not in plot.answer(0)


def test_points_in_one_place_are_in_the_middle(qtbot, cloud):
    plot = ScatterPlot()
    qtbot.addWidget(plot)
    plot.resize(200, 200)
    plot.set_cloud(Cloud(np.zeros((5, 2), np.float32), cloud.paths, cloud.labels, cloud.predicted, cloud.classes))
    plot.show()
    assert plot.pixels() == pytest.approx(np.full((5, 2), 100))


def test_the_theme_changes_with_the_window(plot, qapp):
    theme.apply(qapp, "dark")
    try:
        assert color(plot, QPoint(80, 150)) == theme.DARK.surface
    finally:
        theme.apply(qapp, "light")
    assert color(plot, QPoint(80, 150)) == theme.LIGHT.surface


def test_points_are_shown_as_pictures_framed_in_their_colours(plot, qtbot):
    plot.set_as_pictures(True)
    qtbot.waitUntil(lambda: color(plot, place(plot, 4)) == "#20c0e0")
    edge = scatter_pictures.EDGE // 2
    assert color(plot, place(plot, 4) - QPoint(edge + 1, 0)) == theme.class_color(1)
    qtbot.waitUntil(lambda: color(plot, place(plot, 1)) == "#20c0e0")
    assert color(plot, place(plot, 1) - QPoint(edge + 1, 0)) == theme.class_color(0)
    assert color(plot, place(plot, 1) - QPoint(edge + 4, 0)) == theme.class_color(1), "and what the network says"
    assert plot.point_at(QPointF(place(plot, 4) + QPoint(edge - 2, 0))) == 4, "all of the picture can be pointed at"
    plot.set_as_pictures(False)
    assert color(plot, place(plot, 4)) == theme.class_color(1)


def test_pictures_do_not_overlap_and_the_first_go_first():
    pixels = np.random.default_rng(0).random((400, 2)) * 300
    placed = scatter_pictures.with_room(pixels, list(range(400)))
    assert placed[0] == 0 and 12 < len(placed) < 60
    gaps = np.abs(pixels[placed][:, None] - pixels[placed][None]).max(axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert gaps.min() > scatter_pictures.EDGE
    missed = [at for at in range(400) if at not in placed]
    assert all(np.abs(pixels[placed] - pixels[at]).max(axis=1).min() < scatter_pictures.EDGE + 8 for at in missed)


def test_a_label_that_the_network_does_not_know_is_a_class_of_its_own():
    cloud = Cloud.of(PLACES[:2], ("a", "b"), ("ants", "zebras"), ("ants", "ants"), ("ants",), np.ones(2, np.float32))
    assert cloud.classes == ("ants", "zebras") and cloud.labels.tolist() == [0, 1] and cloud.wrong.tolist() == [0, 1]


def test_the_legend_names_classes_and_hides_them(legend, qtbot):
    assert [row.text() for row in legend.rows] == list(CLASSES)
    assert legend.rows[0].accessibleName() == "ants: 2 pictures, 1 of them wrong"
    assert legend.rows[2].accessibleName() == "wasps: 1 picture, all of them right"
    with qtbot.waitSignal(legend.hidden_changed):
        qtbot.mouseClick(legend.rows[1], LEFT)
    assert legend.hidden == {1}
    qtbot.keyClick(legend.rows[1], Qt.Key.Key_Space)
    assert legend.hidden == frozenset()


def test_a_double_click_in_the_legend_shows_one_class_alone(legend, qtbot):
    def double_click(row):
        qtbot.mouseClick(row, LEFT)
        qtbot.mouseDClick(row, LEFT)

    double_click(legend.rows[2])
    assert legend.hidden == {0, 1} and [row.isChecked() for row in legend.rows] == [False, False, True]
    double_click(legend.rows[2])
    assert legend.hidden == frozenset() and all(row.isChecked() for row in legend.rows)


def test_the_legend_keeps_what_is_hidden_for_the_same_pictures(legend, cloud):
    legend.rows[0].click()
    legend.set_cloud(Cloud(-PLACES, cloud.paths, cloud.labels, cloud.predicted, cloud.classes))
    assert legend.hidden == {0}
    right = Cloud(PLACES[2:], cloud.paths[2:], cloud.labels[2:], cloud.predicted[2:], cloud.classes)
    legend.set_cloud(right)
    assert legend.hidden == frozenset() and not legend.ring_label.isVisible(), "without errors there is no ring"
    legend.set_cloud(cloud)
    assert legend.ring_label.isVisible()


def test_the_legend_asks_for_room_for_all_rows_and_scrolls_with_less(legend, cloud):
    names = tuple(f"class {at}" for at in range(30))
    legend.set_cloud(Cloud(PLACES, cloud.paths, cloud.labels, cloud.predicted, names))
    row = legend.rows[0].sizeHint().height()
    assert legend.sizeHint().height() > 30 * row
    assert legend.minimumSizeHint().height() < 8 * row
    legend.show_key(False)
    assert legend.sizeHint().height() == 30 * row
