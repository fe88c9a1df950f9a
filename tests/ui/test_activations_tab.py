"""What the activations tab shows of a layer, with jobs that answer with real events."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from layers_double import LAYERS, layer_of, shown
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QFileDialog

from deskclassify.core.errors import UserError
from deskclassify.core.layer_events import ChannelShown
from deskclassify.core.layer_requests import ChannelRequest, LayerRequest
from deskclassify.ui.pages.layers.activations_tab import ActivationsTab
from deskclassify.ui.pages.layers.channel_tiles import signed
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.colormap import shade, span_of, table

KEYS = dict(
    zip("RLUDE", (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Escape), strict=True)
)


def exact(request):
    """Channel i holds i + row / 10 + column / 100."""
    rows, columns = np.mgrid[:8, :8].astype(np.float32)
    values = (request.channel + rows / 10 + columns / 100).astype(np.float32)
    yield ChannelShown(request.layer, request.channel, request.image, values)


@pytest.fixture
def looking(session, engine):
    engine.answers[ChannelRequest] = exact
    return Looking(session)


@pytest.fixture
def tab(qtbot, looking, picture):
    made = ActivationsTab(looking)
    qtbot.addWidget(made)
    made.resize(850, 480)
    made.show()
    looking.open("a run")
    qtbot.waitUntil(lambda: looking.listed is not None)
    looking.set_image(str(picture))
    looking.set_layer(LAYERS[0])
    qtbot.waitUntil(lambda: made.grid.model().rowCount() == 4)
    return made


@pytest.fixture
def second(tmp_path):
    return str(tmp_path / "second.png")


def settled(tab, qtbot):
    qtbot.waitUntil(
        lambda: not tab._looking.is_busy and not tab._looking.session.owner.jobs and not tab._ask_other.is_busy
    )
    qtbot.waitUntil(lambda: not any(side.ask.is_busy for side in tab.panel._sides))


def captions(tab):
    model = tab.grid.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def choose(box, value):
    box.setCurrentIndex(box.findData(value))


def put_beside(tab, qtbot, path):
    tab._looking.set_other(path)
    qtbot.waitUntil(lambda: tab._other is not None)
    settled(tab, qtbot)


# -- order --------------------------------------------------------------------------------


def test_channels_come_strongest_first_or_by_number(tab):
    assert captions(tab) == ["2", "0", "3", "1"]
    assert tab.channel == tab._looking.channel == 2
    assert tab.panel.facts_label.whole_text == "No. 1  ·  4.00 above zero on average"
    assert tab.text_label.text().startswith("4 channels, strongest first: by what is above zero, on average.")
    tab.grid.setCurrentIndex(tab.grid.model().index(2, 0))
    assert tab.panel.title_label.text() == "Channel 3" and tab._looking.channel == 3
    choose(tab.order_box, "number")
    assert captions(tab) == ["0", "1", "2", "3"]
    assert tab.channel == 0  # the first of the new order


def test_arrow_keys_move_in_the_grid(tab, qtbot):
    qtbot.keyClick(tab.grid, Qt.Key.Key_Right)
    assert tab.channel == 0
    qtbot.keyClick(tab.grid, Qt.Key.Key_Left)
    assert tab.channel == 2


def test_what_separates_is_asked_for_named_and_shown_with_its_sign(tab, engine, qtbot):
    assert tab.order_box.itemText(1) == "What separates “bees” from “ants”"
    assert not engine.of(LayerRequest)[-1].separate
    choose(tab.order_box, "separation")
    qtbot.waitUntil(lambda: captions(tab)[0].startswith("1"))
    assert engine.of(LayerRequest)[-1].separate
    assert captions(tab) == ["1  ·  +0.400", "3  ·  +0.300", "2  ·  −0.200", "0  ·  +0.100"]
    assert tab.channel == 1  # the most decisive, not the strongest as before
    assert [round(tab.grid.tiles.tile(row).weight, 3) for row in range(4)] == [1.0, 0.75, -0.5, 0.25]
    assert "+ speaks for “bees”, − for “ants”" in tab.text_label.text()
    tab.grid.setCurrentIndex(tab.grid.model().index(2, 0))
    assert tab.panel.facts_label.whole_text == "No. 3  ·  −0.200 for “ants”"
    choose(tab.order_box, "strength")
    settled(tab, qtbot)
    assert not engine.of(LayerRequest)[-1].separate and captions(tab)[0] == "2"


def test_without_classes_nothing_is_offered_to_separate(tab, engine, qtbot):
    choose(tab.order_box, "separation")
    settled(tab, qtbot)
    engine.answers[LayerRequest] = lambda request: iter([replace(next(shown(request)), answer=())])
    tab._looking.set_layer(LAYERS[1])
    settled(tab, qtbot)
    assert tab.order == "strength"
    assert not tab.order_box.model().item(1).isEnabled()
    assert tab.order_box.itemText(1) == "What separates two classes"


@pytest.mark.parametrize(("value", "text"), [(0.25, "+0.250"), (-0.25, "−0.250"), (0.0, "0")])
def test_contributions_have_signs(value, text):
    assert signed(value) == text


# -- scale and colours --------------------------------------------------------------------


def painted(tab):
    tile = tab.grid.visualRect(tab.grid.model().index(0, 0)).center()
    color = tab.grid.viewport().grab().toImage().pixelColor(tile - QPoint(0, 10))
    return color.red(), color.green(), color.blue()


def test_tiles_are_painted_in_the_chosen_colours_on_the_chosen_scale(tab, qtbot):
    settled(tab, qtbot)
    # Level 100 of a tile from −1 to 4.1 stands for 1.
    assert painted(tab) == tuple(map(int, table("viridis")[100]))
    choose(tab.colors_box, "grey")
    assert painted(tab) == (100, 100, 100)
    choose(tab.colors_box, "diverging")
    place = round((1 + 4.1) / 8.2 * 255)
    assert painted(tab) == tuple(map(int, table("diverging")[place]))
    assert "orange above" in tab.text_label.text()


def test_one_scale_for_all_is_that_of_all_channels(tab, engine, qtbot):
    settled(tab, qtbot)

    def wider(request):
        one = next(shown(request))
        high = one.high.copy()
        high[1] = 9.2
        yield replace(one, high=high)

    engine.answers[LayerRequest] = wider
    choose(tab.colors_box, "grey")
    choose(tab.scale_box, "shared")
    tab._looking.set_layer(LAYERS[1])
    settled(tab, qtbot)
    assert painted(tab) == (50, 50, 50)  # 1 lies at 2 / 10.2 of −1 to 9.2
    assert "All on one scale, −1.00 to 9.20" in tab.text_label.text()
    assert tab.panel.span() == pytest.approx((-1, 9.2))
    choose(tab.scale_box, "own")
    assert painted(tab) == (100, 100, 100)
    assert "Each on its own scale" in tab.text_label.text()


def test_a_scale_for_signed_numbers_has_zero_in_its_middle():
    assert span_of(-1, 4, "viridis") == (-1, 4) and span_of(-1, 4, "diverging") == (-4, 4)
    values = np.array([-4, 0, 4, np.inf, -np.inf, 9], dtype=np.float32)
    colors = shade(values, (-4, 4), "diverging").tolist()
    ends = table("diverging").tolist()
    assert colors == [ends[0], ends[128], ends[255], ends[255], ends[0], ends[255]]
    assert shade(np.full((2, 2), 7.0), (7, 7), "grey").tolist() == [[[255, 255, 255]] * 2] * 2  # saturated
    assert shade(np.zeros(1), (0, 0), "viridis").tolist() == table("viridis")[:1].tolist()  # dead
    assert shade(np.zeros(1), (0, 0), "diverging").tolist() == [ends[128]]


# -- one channel, exactly -----------------------------------------------------------------


def test_exact_values_replace_those_of_the_tile(tab, engine, qtbot):
    settled(tab, qtbot)
    asked = engine.of(ChannelRequest)
    assert [(one.layer, one.channel, one.image) for one in asked] == [("stem.conv", 2, tab._looking.image)]
    channel = tab.panel.view.channel
    assert channel.is_exact and channel.values[3, 4] == pytest.approx(2.34)
    assert tab.panel.histogram.span == pytest.approx((2.0, 2.77))


def test_fast_moves_ask_for_the_last_channel_only(tab, engine, qtbot):
    settled(tab, qtbot)
    engine.requests.clear()
    for row in (1, 2, 3):
        tab.grid.setCurrentIndex(tab.grid.model().index(row, 0))
        assert tab.channel == [2, 0, 3, 1][row]  # at once, from the tile
        assert not tab.panel.view.channel.is_exact
    settled(tab, qtbot)
    assert [one.channel for one in engine.of(ChannelRequest)] == [1]
    assert tab.panel.view.channel.is_exact


def test_value_under_the_cursor_is_told_and_marked(tab, qtbot):
    settled(tab, qtbot)
    view, panel = tab.panel.view, tab.panel
    assert panel.value_label.whole_text == "Point at the picture to read its values."
    area = view.area()
    cell = QPointF(area.width() / 8, area.height() / 8)
    point = area.topLeft() + QPointF(4.5 * cell.x(), 3.5 * cell.y())
    with qtbot.waitSignal(view.hovered) as told:
        qtbot.mouseMove(view, point.toPoint())
    assert told.args == [3, 4]
    assert panel.value_label.whole_text == "Row 3, column 4: 2.34"
    assert panel.histogram.marks == pytest.approx((2.34,))
    # The next channel changes beneath the resting cursor.
    tab.grid.setCurrentIndex(tab.grid.model().index(1, 0))
    assert panel.value_label.whole_text == "Row 3, column 4: about −1.00"
    qtbot.waitUntil(lambda: panel.view.channel.is_exact)
    assert panel.value_label.whole_text == "Row 3, column 4: 0.34"
    view.hovered.emit(-1, -1)
    assert panel.value_label.whole_text == panel._hint() and panel.histogram.marks == ()


def test_arrow_keys_read_the_values_of_the_large_view(tab, qtbot):
    settled(tab, qtbot)
    view, label = tab.panel.view, tab.panel.value_label
    for keys, told in (
        ("R", "Row 4, column 4: 2.44"),
        ("RRRRR", "Row 4, column 7: 2.47"),
        ("U", "Row 3, column 7: 2.37"),
        ("LD", "Row 4, column 6: 2.46"),
        ("E", "Point at the picture to read its values."),
    ):
        for key in keys:
            qtbot.keyClick(view, KEYS[key])
        assert label.whole_text == told


def test_the_slider_lays_the_channel_over_the_picture(tab, qtbot):
    settled(tab, qtbot)
    view = tab.panel.view

    def middle():
        return view.grab().toImage().pixelColor((view.area().center() + QPointF(3, 3)).toPoint()).red()

    choose(tab.colors_box, "grey")
    alone = middle()
    tab.panel.slider.setValue(60)
    assert abs(middle() - (0.6 * alone + 0.4 * 90)) <= 2
    tab.panel.slider.setValue(0)
    assert middle() == 90


def test_nothing_is_asked_for_while_the_tab_is_hidden(tab, engine, qtbot, second):
    settled(tab, qtbot)
    tab.hide()
    engine.requests.clear()
    tab._looking.set_other(second)
    tab._looking.set_layer(LAYERS[1])
    qtbot.waitUntil(lambda: tab.grid.model().rowCount() == 4 and not tab._looking.is_busy)
    qtbot.wait(120)
    assert [type(one) for one in engine.requests] == [LayerRequest]  # the page's own
    tab.show()
    qtbot.waitUntil(lambda: tab.panel.view.channel.is_exact and tab._other is not None)


# -- two pictures -------------------------------------------------------------------------


def test_another_picture_beside_has_its_tiles_views_and_scale(tab, engine, qtbot, second):
    settled(tab, qtbot)
    assert not tab.panel.other_view.isVisible() and not tab.leave_button.isVisible()

    def wider(request):
        one = next(shown(request))
        if request.image == second:
            yield replace(one, high=one.high + 5, answer=(("wasps", 0.6), ("ants", 0.4)))
        else:
            yield one

    engine.answers[LayerRequest] = wider
    put_beside(tab, qtbot, second)
    tile = tab.grid.tiles.tile(0)
    assert tile.beside is not None and tile.beside.high == pytest.approx(9.1)
    assert len(tab.grid.tiles.pixmaps(0)) == 2
    assert tab.panel.other_view.isVisible()
    assert [label.whole_text for label in tab.panel.captions] == [
        f"bees 90.0 %  ·  {Path(tab._looking.image).name}",
        "wasps 60.0 %  ·  second.png",
    ]
    assert [(one.channel, one.image) for one in engine.of(ChannelRequest)[-1:]] == [(2, second)]
    assert tab.panel.view._span == tab.panel.other_view._span == pytest.approx(tab.panel.span())
    tab.panel.view.hovered.emit(3, 4)
    assert tab.panel.value_label.whole_text == "Row 3, column 4: 2.34 | 2.34"
    assert "Each pair on its own scale" in tab.text_label.text()
    tab.leave_button.click()
    assert tab.grid.tiles.tile(0).beside is None
    assert not tab.panel.other_view.isVisible() and not tab.leave_button.isVisible()


def test_both_pictures_go_on_to_the_next_layer(tab, engine, qtbot, second):
    put_beside(tab, qtbot, second)
    engine.requests.clear()
    tab._looking.set_layer(LAYERS[2])
    qtbot.waitUntil(lambda: tab._other is not None and tab._other.layer.name == "body.conv")
    settled(tab, qtbot)
    assert [(one.layer, one.image) for one in engine.of(LayerRequest)] == [
        ("body.conv", tab._looking.image),
        ("body.conv", second),
    ]
    tab._looking.set_layer(LAYERS[3])
    qtbot.waitUntil(lambda: len(tab.values.other_bars.bars) == 3)
    assert tab.values.bars._span == tab.values.other_bars._span == (-1.0, 3.0)  # both can be compared
    assert [label.text() for label in tab.values.title_labels] == [Path(tab._looking.image).name, "second.png"]


def test_a_late_answer_for_the_picture_beside_is_not_put_to_another_layer(tab, engine, qtbot, second):
    settled(tab, qtbot)
    gate = threading.Event()

    def slow(request):
        if request.image == second and request.layer == "stem.conv":
            gate.wait(5)
        yield from shown(request)

    engine.answers[LayerRequest] = slow
    tab._looking.set_other(second)
    qtbot.waitUntil(lambda: engine.requests[-1] == LayerRequest("a run", "stem.conv", second))
    tab._looking.set_layer(LAYERS[2])
    qtbot.waitUntil(lambda: tab._shown.layer == LAYERS[2])
    gate.set()
    qtbot.waitUntil(lambda: tab._other is not None)
    assert tab._other.layer == layer_of("body.conv")
    settled(tab, qtbot)


def test_a_picture_beside_that_cannot_be_read_is_a_sentence(tab, engine, qtbot, second):
    settled(tab, qtbot)
    engine.errors[LayerRequest] = UserError("The file is cut off.")
    with qtbot.waitSignal(tab._looking.layer_failed) as failed:
        tab._looking.set_other(second)
    assert failed.args[0].sentence == "The file is cut off."
    assert tab._looking.other == "" and not tab.leave_button.isVisible()
    assert tab.grid.model().rowCount() == 4


def test_the_button_asks_for_a_picture(tab, qtbot, second, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    tab.compare_button.click()
    assert tab._looking.other == ""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (second, ""))
    tab.compare_button.click()
    assert tab._looking.other == second
    settled(tab, qtbot)


# -- single values, and nothing -----------------------------------------------------------


def test_a_layer_of_single_values_shows_bars_the_highest_first(tab, qtbot):
    tab._looking.set_layer(LAYERS[3])
    qtbot.waitUntil(lambda: len(tab.values.bars.bars) == 3)
    assert [(bar.name, bar.text) for bar in tab.values.bars.bars] == [
        ("bees", "3.00"),
        ("ants", "0.500"),
        ("wasps", "−1.00"),
    ]
    assert tab.values.text_label.text() == "All 3 values: this layer gives one number for each class."
    assert tab.grid.model().rowCount() == 0 and not tab.scale_box.isVisible()


def test_single_values_tell_what_separates(tab, engine, qtbot):
    def values(request):
        one = next(shown(request))
        yield replace(one, separation=np.array([-0.5, 3, 0], np.float32)) if one.values.size else one

    engine.answers[LayerRequest] = values
    choose(tab.order_box, "separation")
    tab._looking.set_layer(LAYERS[3])
    qtbot.waitUntil(lambda: len(tab.values.bars.bars) == 3)
    assert [(bar.name, bar.text) for bar in tab.values.bars.bars] == [
        ("bees", "+3.00"),
        ("ants", "−0.500"),
        ("wasps", "0"),
    ]
    assert "+ speaks for “bees”, − for “ants”" in tab.values.text_label.text()


def test_many_values_are_cut_to_the_highest_of_all(tab, engine, qtbot):
    engine.answers[LayerRequest] = lambda request: iter(
        [replace(next(shown(request)), values=np.arange(1280, dtype=np.float32), value_names=())]
    )
    tab._looking.set_layer(LAYERS[3])
    qtbot.waitUntil(lambda: len(tab.values.bars.bars) == 12)
    assert tab.values.bars.bars[0].name == "Channel 1279"
    text = "The 12 highest of 1,280 values: this layer gives one number for each channel."
    assert tab.values.text_label.text() == text


def test_without_a_picture_it_says_so(tab, qtbot):
    tab._looking.set_image("")
    qtbot.waitUntil(lambda: tab.nothing.isVisible())
    assert tab.grid.model().rowCount() == 0 and tab.channel == -1
    tab._looking.open("another")
    assert tab.nothing.isVisible()
    qtbot.waitUntil(lambda: not tab._looking.is_busy)
