"""The arithmetic that the stepper shows is the arithmetic of the step, and it asks for what the user picks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from deskclassify.core.layer_events import Following, Stepped
from deskclassify.ui import theme
from deskclassify.ui.widgets.colormap import number, signed_color, table
from deskclassify.ui.widgets.convolution_stepper import ConvolutionStepper
from deskclassify.ui.widgets.formula_text import exact, put_in
from deskclassify.ui.widgets.matrix_view import MatrixView
from deskclassify.ui.widgets.share_bars import ShareBars
from deskclassify.ui.widgets.step_products import reads_picture

NORM = "(x − mean) ÷ √(variance + ε) × scale + shift"


def a_step(channel=1, row=2, column=3, wrong=0.0, channels=3, kernel=(3, 3), **more):
    """A step of a layer in the middle of a network, whose output has 6 × 6 places."""
    random = np.random.default_rng(channel * 100 + row * 10 + column)
    patch = random.normal(size=(channels, *kernel)).astype(np.float32)
    inside = np.ones(kernel, dtype=np.uint8)
    if row == 0 and kernel[0] > 1:
        patch[:, 0, :] = inside[0] = 0
    weights = random.normal(size=(channels, *kernel)).astype(np.float32)
    value = float((patch.astype(float) * weights).sum() - 0.25)
    normed = (value - 0.5) / 2.0 * 1.5 + 0.25
    terms = {"mean": 0.5, "variance": 3.99, "ε": 0.01, "scale": 1.5, "shift": 0.25}
    made = Stepped(
        layer="conv",
        channel=channel,
        row=row,
        column=column,
        patch=patch,
        kernel=weights,
        bias=-0.25,
        value=value,
        network_value=value,
        output=random.normal(size=(6, 6)).astype(np.float32),
        corner=(row - kernel[0] // 2, column - kernel[1] // 2),
        stride=(1, 1),
        padding=(kernel[0] // 2, kernel[1] // 2),
        dilation=(1, 1),
        groups=1,
        inside=inside,
        window=(10, 5, 20, 30),
        picture=np.full((60, 60, 3), 90, dtype=np.uint8),
        following=(
            Following("BatchNorm", "bn", terms, NORM, normed, normed + wrong),
            Following("ReLU", "act", {}, "max(0, x)", max(0.0, normed), max(0.0, normed)),
        ),
    )
    return replace(made, **more)


@pytest.fixture
def stepper(qtbot):
    made = ConvolutionStepper()
    qtbot.addWidget(made)
    made.resize(850, 480)
    made.set_layer(4, 6, 6, channel=1)
    made.show()
    return made


def go_to(stepper, row, column):
    stepper.row_spin.setValue(row)
    stepper.column_spin.setValue(column)


def shows(stepper, step):
    """Bring the stepper to the place of a step, and show it."""
    stepper.channel_spin.setValue(step.channel)
    go_to(stepper, step.row, step.column)
    stepper.show_step(step)
    return step


def test_begins_in_the_middle_of_the_chosen_channel(stepper):
    assert stepper.place == (1, 3, 3)


def test_the_way_of_the_value_is_told_with_its_numbers(stepper):
    step = shows(stepper, a_step())
    total = float((step.patch.astype(float) * step.kernel).sum())
    assert [link.title for link in stepper.chain.links] == ["Σ products", "+ bias", "BatchNorm", "ReLU"]
    values = [total, step.value, *(one.value for one in step.following)]
    assert [link.value for link in stepper.chain.links] == values
    assert [box.accessibleName().rpartition(": ")[2] for box in stepper.chain.boxes] == [exact(one) for one in values]
    wanted = (
        f"27 products = {exact(total)}",
        f"{exact(total)} − 0.25 = {exact(step.value)}",
        f"({exact(step.value)} − 0.5) ÷ √(3.99 + 0.01) × 1.5 + 0.25 = {exact(values[2])}",
        f"max(0, {exact(values[2])}) = {exact(values[3])}",
    )
    for box, numbers in zip(stepper.chain.boxes, wanted, strict=True):
        box.click()
        assert stepper.chain.numbers_label.text() == numbers
        assert numbers in box.toolTip()
    assert stepper.check_label.text().startswith("✓")
    assert stepper.check_label.property("role") == "good"


def test_the_chosen_step_of_the_way_stays_while_the_window_moves(stepper):
    shows(stepper, a_step())
    stepper.chain.boxes[2].click()
    shows(stepper, a_step(column=4))
    assert stepper.chain.chosen == 2
    shows(stepper, replace(a_step(column=5), following=()))
    assert len(stepper.chain.boxes) == 2 and stepper.chain.chosen == 0


@pytest.mark.parametrize(
    ("more", "culprit"), [({"network_value": 9.0}, "+ bias"), ({"wrong": 0.1}, "BatchNorm")], ids=["sum", "norm"]
)
def test_a_disagreeing_network_is_not_hidden(stepper, more, culprit):
    shows(stepper, a_step(**more))
    assert "Not the same" in stepper.check_label.text() and culprit in stepper.check_label.text()
    assert stepper.check_label.property("role") == "bad"
    assert [link.title for link in stepper.chain.links if not link.agrees] == [culprit]


def test_rounding_within_the_tolerance_is_the_same(stepper):
    step = a_step()
    shows(stepper, replace(step, network_value=step.value + 5e-4, tolerance=1e-3))
    assert stepper.check_label.text().startswith("✓")


def test_strongest_input_channel_comes_first_and_others_can_be_chosen(stepper):
    step, products = shows(stepper, a_step()), stepper.products
    shares = (step.patch * step.kernel).sum(axis=(1, 2))
    strongest = int(np.argmax(np.abs(shares)))
    assert products.input_box.itemData(0) == strongest
    np.testing.assert_allclose(products.products.values, step.patch[strongest] * step.kernel[strongest], rtol=1e-6)
    products.input_box.setCurrentIndex(2)
    other = products.input_box.itemData(2)
    np.testing.assert_array_equal(products.kernel.values, step.kernel[other])
    assert exact(float((step.patch[other].astype(float) * step.kernel[other]).sum())) in products.sum_label.text()
    # The chosen input channel stays while the window moves, but not in another channel of the output.
    shows(stepper, a_step(column=4))
    assert products.input_channel == other
    shows(stepper, a_step(channel=2, column=4))
    assert products.input_box.currentIndex() == 0


def test_the_number_of_an_input_channel_is_that_among_all(stepper):
    shows(stepper, a_step(groups=2, first_input=6))
    names = [stepper.products.input_box.itemText(row).partition(":")[0] for row in range(3)]
    assert sorted(names) == ["Input channel 6", "Input channel 7", "Input channel 8"]
    shows(stepper, a_step(channels=1, groups=9, first_input=4))
    assert not stepper.products.input_box.isVisible()
    assert "number 4" in stepper.products.count_label.text()


def first_layer(row=2, column=3):
    """A step of a layer that reads the picture itself."""
    random = np.random.default_rng(1)
    picture = random.integers(0, 255, (6, 6, 3), dtype=np.uint8)
    corner = (row - 1, column - 1)
    window = (max(0, corner[0]), corner[1], 3 + min(0, corner[0]), 3)
    return a_step(row=row, column=column, picture=picture, window=window)


def test_in_the_first_layer_the_three_colours_can_be_seen_together(stepper):
    step, products = shows(stepper, first_layer()), stepper.products
    assert reads_picture(step)
    texts = [products.input_box.itemText(row).partition(":")[0] for row in range(4)]
    assert texts[0] == "Red, green and blue together" and set(texts[1:]) == {"Red", "Green", "Blue"}
    assert products.patch.values.shape == (3, 3, 3)
    np.testing.assert_allclose(products.products.values, (step.patch * step.kernel).sum(axis=0), atol=1e-5)
    place = products.patch.area().topLeft() + QPointF(5, 5)
    painted = products.patch.grab().toImage().pixelColor(place.toPoint())
    assert (painted.red(), painted.green(), painted.blue()) == tuple(step.picture[1, 2])
    products.input_box.setCurrentIndex(1)
    assert products.patch.values.shape == (3, 3)


@pytest.mark.parametrize(
    "more", [{"groups": 3}, {"window": (0, 0, 6, 6)}, {"picture": np.zeros(0, dtype=np.uint8)}], ids=str
)
def test_only_the_first_layer_has_colours(more):
    assert reads_picture(first_layer(row=0))
    assert not reads_picture(replace(first_layer(), **more))


def test_pointing_at_a_cell_tells_the_product_and_marks_it_in_all_three(stepper):
    step, products = shows(stepper, a_step(row=0)), stepper.products
    at = products.input_channel
    before = products.sum_label.text()
    point = products.kernel.area().topLeft() + QPointF(1.5, 2.5) * products.kernel.cell()
    assert products.kernel.place_at(point) == (2, 1)
    products.kernel.pointed.emit(2, 1)
    assert [view.marked for view in (products.patch, products.kernel, products.products)] == [(2, 1)] * 3
    patch, weight = float(step.patch[at][2, 1]), float(step.kernel[at][2, 1])
    text = products.sum_label.text()
    assert "Row 3, column 2" in text and text.endswith(f"= {exact(patch * weight)}")
    assert exact(patch) in text and exact(weight) in text
    products.kernel.pointed.emit(0, 1)
    assert "padding" in products.sum_label.text()
    products.kernel.pointed.emit(-1, -1)
    assert products.patch.marked is None and products.sum_label.text() == before


def test_pointing_at_a_cell_of_the_first_layer_tells_all_three_products(stepper):
    step, products = shows(stepper, first_layer()), stepper.products
    products.patch.pointed.emit(0, 0)
    total = float((step.patch[:, 0, 0].astype(float) * step.kernel[:, 0, 0]).sum())
    assert products.sum_label.text().count("×") == 3
    assert products.sum_label.text().endswith(f"= {exact(total)}")


def test_a_single_place_is_shown_as_bars_largest_first(stepper):
    step = shows(stepper, a_step(channels=40, kernel=(1, 1), first_input=80))
    products = stepper.products
    assert products.bars.isVisible() and not products.patch.isVisible() and not products.input_box.isVisible()
    rows = products.bars.rows()
    shares = (step.patch.astype(float) * step.kernel)[:, 0, 0]
    order = np.argsort(-np.abs(shares))
    assert [texts[0] for texts, _ in rows[:-1]] == [f"{80 + at}" for at in order[: len(rows) - 1]]
    assert rows[-1][0][0] == f"{40 - len(rows) + 1} others"
    assert sum(product for _, product in rows) == pytest.approx(shares.sum())
    shows(stepper, a_step(column=4))
    assert products.patch.isVisible() and not products.bars.isVisible()


def test_bars_of_few_inputs_have_no_others(qtbot):
    bars = ShareBars()
    qtbot.addWidget(bars)
    bars.resize(500, 300)
    bars.set_products(np.array([2.0, -1.0]), np.array([0.5, 3.0]), first=4)
    assert bars.rows() == [
        (("5", "−1.00", "× 3.00", "= −3.00"), -3.0),
        (("4", "2.00", "× 0.500", "= 1.00"), 1.0),
    ]
    image = bars.grab().toImage()
    colors = {image.pixelColor(x, y).name() for x in range(326, 500) for y in (34, 57)}
    assert {signed_color(1, 1).name(), signed_color(-1, 1).name()} <= colors


def test_moving_asks_for_the_new_place_and_a_late_answer_is_passed_over(stepper, qtbot):
    shows(stepper, a_step())
    with qtbot.waitSignal(stepper.wanted) as asked:
        stepper.row_spin.setValue(4)
    assert asked.args == [1, 4, 3]
    before = stepper.chain.links
    stepper.show_step(a_step(row=5))
    assert stepper.chain.links == before
    stepper.show_step(a_step(row=4))
    assert stepper.chain.links != before


@pytest.mark.parametrize(
    ("key", "modifier", "place"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, (2, 4)),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, (2, 2)),
        (Qt.Key.Key_Up, Qt.KeyboardModifier.NoModifier, (1, 3)),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, (3, 3)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, (2, 0)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, (2, 5)),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, (1, 3)),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, (3, 3)),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier, (0, 0)),
        (Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier, (5, 5)),
    ],
)
@pytest.mark.parametrize("view", ["picture", "map"])
def test_keys_move_the_window_on_picture_and_map(stepper, qtbot, view, key, modifier, place):
    shows(stepper, a_step())
    with qtbot.waitSignal(stepper.wanted) as asked:
        qtbot.keyClick(getattr(stepper, view), key, modifier)
    assert asked.args == [1, *place]


@pytest.mark.parametrize("view", ["picture", "map"])
def test_a_click_on_picture_or_map_jumps_there(stepper, qtbot, view):
    shows(stepper, a_step())
    area = getattr(stepper, view).area()
    with qtbot.waitSignal(stepper.wanted) as asked:
        point = area.topLeft() + QPointF(area.width() * 5.5 / 6, area.height() * 0.5 / 6)
        qtbot.mouseClick(getattr(stepper, view), Qt.MouseButton.LeftButton, pos=point.toPoint())
    assert asked.args == [1, 0, 5]


def test_the_window_stops_at_the_edge(stepper, qtbot):
    shows(stepper, a_step(row=0, column=0))
    with qtbot.assertNotEmitted(stepper.wanted):
        qtbot.keyClick(stepper.map, Qt.Key.Key_Up)


def test_the_window_is_drawn_on_the_picture_where_the_value_looks(stepper):
    shows(stepper, a_step())
    area, mark = stepper.picture.area(), stepper.picture.mark()
    scale = area.width() / 60
    found = [mark.left() - area.left(), mark.top() - area.top(), mark.width(), mark.height()]
    assert found == pytest.approx([5 * scale, 10 * scale, 30 * scale, 20 * scale])
    image = stepper.picture.grab().toImage()
    assert image.pixelColor(mark.center().toPoint()) == QColor(90, 90, 90)
    assert image.pixelColor((area.bottomRight() - QPointF(4, 4)).toPoint()).red() < 70  # darker outside
    assert image.pixelColor(QPoint(round(mark.center().x()), round(mark.top()))).red() > 200  # the frame
    assert stepper.picture_label.text() == "Window: 30 × 20 pixels"
    shows(stepper, a_step(column=4, window=(0, 0, 60, 60)))
    assert "whole picture" in stepper.picture_label.text()


def test_padding_is_named(stepper):
    shows(stepper, a_step(row=0))
    assert "rows −1 to 1" in stepper.place_label.text()
    assert "count as 0" in stepper.place_label.text()
    shows(stepper, a_step())
    assert "Hatched" not in stepper.place_label.text()
    filled = a_step(row=0, column=4)
    filled.patch[:, 0, :] = 1.0
    shows(stepper, filled)
    assert "filled up" in stepper.place_label.text()


def test_play_waits_for_each_answer_and_wraps_to_the_next_row(stepper, qtbot):
    shows(stepper, a_step(column=5))
    stepper.controls.speed_box.setCurrentIndex(2)
    with qtbot.waitSignal(stepper.wanted, timeout=3000) as asked:
        stepper.play_button.click()
    assert asked.args == [1, 3, 0]
    with qtbot.assertNotEmitted(stepper.wanted, wait=250):
        pass  # no answer has come
    with qtbot.waitSignal(stepper.wanted, timeout=3000) as asked:
        stepper.show_step(a_step(row=3, column=0))
    assert asked.args == [1, 3, 1]
    stepper.hide()
    assert not stepper.is_playing and stepper.play_button.text() == "Play"


def test_speed_can_be_chosen_while_it_plays(stepper, qtbot):
    shows(stepper, a_step())
    stepper.controls.speed_box.setCurrentIndex(0)
    stepper.play_button.click()
    with qtbot.assertNotEmitted(stepper.wanted, wait=300):
        pass
    stepper.controls.speed_box.setCurrentIndex(2)
    with qtbot.waitSignal(stepper.wanted, timeout=700):
        pass
    stepper.give_up()
    assert not stepper.is_playing


@pytest.mark.parametrize("dark", [False, True])
def test_cells_are_painted_in_the_colour_of_their_sign(qtbot, qapp, dark, monkeypatch):
    monkeypatch.setattr(theme._state, "palette", theme.DARK if dark else theme.LIGHT)
    view = MatrixView()
    qtbot.addWidget(view)
    view.resize(120, 120)
    view.set_values(np.array([[2.0, -2.0], [0.0, 1.0]]), np.array([[1, 1], [1, 0]]))
    image, cell = view.grab().toImage(), view.cell()

    def corner(row, column):
        return image.pixelColor((view.area().topLeft() + QPointF(column * cell + 6, row * cell + 6)).toPoint())

    assert corner(0, 0) == signed_color(1, 1) and corner(0, 1) == signed_color(-1, 1)
    assert corner(1, 0) == QColor(theme.current().raised)
    hatched = {image.pixelColor(round(view.area().left() + cell + x), round(view.area().top() + cell + 8)).name()
               for x in range(5, int(cell) - 5)}  # fmt: skip
    assert signed_color(1, 2).name() not in hatched and len(hatched) > 1


@pytest.mark.parametrize("size", [(850, 480), (620, 380)])
@pytest.mark.parametrize("kernel", [(3, 3), (11, 11), (1, 1), (1, 7)])
def test_nothing_is_cut_off_in_the_smallest_window(stepper, size, kernel):
    stepper.resize(*size)
    shows(stepper, a_step(channels=64, kernel=kernel))
    assert stepper.minimumSizeHint().width() <= size[0] and stepper.minimumSizeHint().height() <= size[1]
    inner = stepper.arithmetic.widget()
    assert inner.minimumSizeHint().width() <= stepper.arithmetic.viewport().width()
    for view in (stepper.picture, stepper.map):
        assert view.mark().top() > -5 and view.area().bottom() <= view.height()


def test_without_a_layer_it_is_disabled_and_asks_nothing(stepper, qtbot):
    shows(stepper, a_step())
    stepper.set_layer(0, 0, 0)
    assert not stepper.isEnabled() and not stepper.chain.links
    with qtbot.assertNotEmitted(stepper.wanted):
        stepper.ask()


@pytest.mark.parametrize(
    ("formula", "x", "terms", "text"),
    [
        ("max(0, x)", -1.25, {}, "max(0, −1.25)"),
        ("max(0, min(6, x))", 7.0, {}, "max(0, min(6, 7))"),
        (NORM, -1.0, {"mean": -0.5, "variance": 2.0, "ε": 1e-5, "scale": 1.5, "shift": -3.0},
         "(−1 + 0.5) ÷ √(2 + 0.00001) × 1.5 − 3"),
        (NORM, 1.0, {"mean": 0.5, "variance": 2.0, "ε": 1e-3, "scale": -1.5, "shift": 3.0},
         "(1 − 0.5) ÷ √(2 + 0.001) × (−1.5) + 3"),
        ("x ÷ (1 + e^(−x))", -2.0, {}, "−2 ÷ (1 + e^(2))"),
        ("x ÷ (1 + e^(−x))", 2.0, {}, "2 ÷ (1 + e^(−2))"),
        ("tanh(x + 0.044715 × x³)", -2.0, {}, "tanh(−2 + 0.044715 × (−2)³)"),
        ("max(x, slope × x)", -2.0, {"slope": 0.1}, "max(−2, 0.1 × (−2))"),
        ("x × max(0, min(6, x + 3)) ÷ 6", -1.0, {}, "−1 × max(0, min(6, −1 + 3)) ÷ 6"),
        ("x + bias", 1.5, {"bias": -0.25}, "1.5 − 0.25"),
    ],
)  # fmt: skip
def test_numbers_are_put_into_formulas_as_people_write_them(formula, x, terms, text):
    assert put_in(formula, x, terms) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (-0.0, "0"), (0.12344, "0.1234"), (-1.5, "−1.5"), (123456.0, "123500"), (1e-5, "0.00001"),
     (-2.5e-9, "−2.5e−09"), (float("inf"), "∞"), (float("nan"), "not a number")],
)  # fmt: skip
def test_exact_numbers_have_four_significant_digits(value, text):
    assert exact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.1234, "0.123"), (-1.5, "−1.50"), (12345.6, "12346"), (1e-5, "1.00e−05"), (float("inf"), "∞")],
)
def test_numbers_have_three_significant_digits(value, text):
    assert number(value) == text


def test_viridis_rises_in_lightness():
    light = table("viridis") @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(light) > -0.5).all() and light[-1] - light[0] > 150
