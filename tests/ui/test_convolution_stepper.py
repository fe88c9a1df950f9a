"""The arithmetic that the stepper shows is the arithmetic of the step, and it asks for what the user picks."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from deskclassify.core.layer_events import Stepped
from deskclassify.ui.widgets.colormap import number, signed_color, table
from deskclassify.ui.widgets.convolution_stepper import ConvolutionStepper


def a_step(channel=1, row=2, column=3, wrong=0.0, channels=3):
    random = np.random.default_rng(channel * 100 + row * 10 + column)
    patch = random.normal(size=(channels, 3, 3)).astype(np.float32)
    if row == 0:
        patch[:, 0, :] = 0
    kernel = random.normal(size=(channels, 3, 3)).astype(np.float32)
    value = float((patch * kernel).sum() - 0.25)
    output = random.normal(size=(6, 6)).astype(np.float32)
    return Stepped(
        layer="conv",
        channel=channel,
        row=row,
        column=column,
        patch=patch,
        kernel=kernel,
        bias=-0.25,
        value=value,
        network_value=value + wrong,
        output=output,
        corner=(row - 1, column - 1),
        stride=(1, 1),
        padding=(1, 1),
        dilation=(1, 1),
        groups=1,
    )


@pytest.fixture
def stepper(qtbot):
    made = ConvolutionStepper()
    qtbot.addWidget(made)
    made.resize(800, 420)
    made.set_layer(4, 6, 6, channel=1)
    made.show()
    return made


def go_to(stepper, row, column):
    stepper.row_spin.setValue(row)
    stepper.column_spin.setValue(column)


def test_begins_in_the_middle_of_the_chosen_channel(stepper):
    assert stepper.place == (1, 3, 3)


def test_equation_tells_sum_bias_and_value(stepper):
    go_to(stepper, 2, 3)
    step = a_step()
    stepper.show_step(step)
    total = number(float((step.patch.astype(float) * step.kernel).sum()))
    assert stepper.equation_label.text() == f"Σ patch × kernel + bias = {total} − 0.250 = {number(step.value)}"
    assert "the same" in stepper.check_label.text() and "not" not in stepper.check_label.text()


def test_a_disagreeing_network_is_not_hidden(stepper):
    go_to(stepper, 2, 3)
    stepper.show_step(a_step(wrong=0.1))
    assert "not the same" in stepper.check_label.text()


def test_strongest_input_channel_comes_first_and_others_can_be_chosen(stepper):
    go_to(stepper, 2, 3)
    step = a_step()
    stepper.show_step(step)
    shares = (step.patch * step.kernel).sum(axis=(1, 2))
    strongest = int(np.argmax(np.abs(shares)))
    assert stepper.input_box.itemData(0) == strongest
    np.testing.assert_array_equal(stepper.products.values, step.patch[strongest] * step.kernel[strongest])
    stepper.input_box.setCurrentIndex(2)
    other = stepper.input_box.itemData(2)
    np.testing.assert_array_equal(stepper.kernel.values, step.kernel[other])
    # The chosen input channel stays while the window moves.
    go_to(stepper, 2, 4)
    stepper.show_step(a_step(column=4))
    assert stepper.input_box.currentData() == other


def test_moving_asks_for_the_new_place_and_a_late_answer_is_passed_over(stepper, qtbot):
    go_to(stepper, 2, 3)
    stepper.show_step(a_step())
    with qtbot.waitSignal(stepper.wanted) as asked:
        stepper.row_spin.setValue(4)
    assert asked.args == [1, 4, 3]
    before = stepper.equation_label.text()
    stepper.show_step(a_step(row=5))
    assert stepper.equation_label.text() == before
    stepper.show_step(a_step(row=4))
    assert stepper.equation_label.text() != before


def test_arrow_keys_and_clicks_on_the_map_move_the_window(stepper, qtbot):
    go_to(stepper, 2, 3)
    stepper.show_step(a_step())
    with qtbot.waitSignal(stepper.wanted) as asked:
        qtbot.keyClick(stepper.map, Qt.Key.Key_Right)
    assert asked.args == [1, 2, 4]
    with qtbot.waitSignal(stepper.wanted) as asked:
        qtbot.mouseClick(stepper.map, Qt.MouseButton.LeftButton, pos=QPoint(stepper.map.width() // 2 - 80, 20))
    assert asked.args[2] == 0


def test_the_window_stops_at_the_edge(stepper, qtbot):
    go_to(stepper, 0, 0)
    stepper.show_step(a_step(row=0, column=0))
    with qtbot.assertNotEmitted(stepper.wanted):
        qtbot.keyClick(stepper.map, Qt.Key.Key_Up)


def test_padding_is_named(stepper):
    go_to(stepper, 0, 3)
    stepper.show_step(a_step(row=0))
    assert "rows −1 to 1" in stepper.place_label.text()
    assert "outside the picture" in stepper.place_label.text()
    go_to(stepper, 2, 3)
    stepper.show_step(a_step())
    assert "outside the picture" not in stepper.place_label.text()


def test_play_waits_for_each_answer_and_wraps_to_the_next_row(stepper, qtbot):
    go_to(stepper, 2, 5)
    stepper.show_step(a_step(column=5))
    with qtbot.waitSignal(stepper.wanted, timeout=3000) as asked:
        stepper.play_button.click()
    assert asked.args == [1, 3, 0]
    with qtbot.assertNotEmitted(stepper.wanted, wait=800):
        pass  # no answer has come
    with qtbot.waitSignal(stepper.wanted, timeout=3000) as asked:
        stepper.show_step(a_step(row=3, column=0))
    assert asked.args == [1, 3, 1]
    stepper.hide()
    assert not stepper.is_playing


def test_cells_are_painted_in_the_colour_of_their_sign(stepper, qtbot):
    go_to(stepper, 2, 3)
    step = a_step()
    stepper.show_step(step)
    values = stepper.products.values
    row, column = np.unravel_index(int(np.argmax(np.abs(values))), values.shape)
    area, cell = stepper.products._area(), stepper.products._cell()
    corner = QPoint(int(area.left() + column * cell + 5), int(area.top() + row * cell + 5))
    painted = stepper.products.grab().toImage().pixelColor(corner)
    wanted = signed_color(float(values[row, column]), float(np.abs(values).max()))
    assert max(abs(painted.red() - wanted.red()), abs(painted.blue() - wanted.blue())) <= 3


def test_without_a_layer_it_is_disabled_and_asks_nothing(stepper, qtbot):
    stepper.set_layer(0, 0, 0)
    assert not stepper.isEnabled()
    with qtbot.assertNotEmitted(stepper.wanted):
        stepper.ask()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.1234, "0.123"), (-1.5, "−1.50"), (12345.6, "12346"), (1e-5, "1.00e−05"), (float("inf"), "∞")],
)
def test_numbers_have_three_significant_digits(value, text):
    assert number(value) == text


def test_viridis_rises_in_lightness():
    light = table("viridis") @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(light) > -0.5).all() and light[-1] - light[0] > 150
