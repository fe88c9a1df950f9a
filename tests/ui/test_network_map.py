"""The map of a network: where things lie, what a click chooses, and what can be seen."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from layers_double import CLASSES, LAYERS
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor

from deskclassify.core.layer_events import Layer
from deskclassify.core.network_parts import Network
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.network_panel import NetworkPanel
from deskclassify.ui.widgets import map_painter
from deskclassify.ui.widgets.map_layout import DEEPEST, FLAT, depth_of, height_of, lay_out
from deskclassify.ui.widgets.network_map import FLOOR, NetworkMap


def ladder(stages=7, blocks=2):
    """A network whose maps halve from stage to stage, as long as there is something to halve."""
    made = [Layer("conv_stem", "Convolution", (32, 112, 112), 864, "3 → 32, 3×3", "", 3, False)]
    for stage in range(stages):
        size = max(7, 112 >> stage)
        for block in range(blocks):
            name = f"blocks.{stage}.{block}"
            made.append(Layer(f"{name}.conv", "Convolution", (16 << stage, size, size), 500, "", "", 9, stage > 3))
            made.append(Layer(f"{name}.act", "ReLU", (16 << stage, size, size), 0))
    return (*made, Layer("head.linear", "Linear", (3,), 99, "", "", 0, True))


@pytest.fixture
def made(qtbot):
    widget = NetworkMap()
    qtbot.addWidget(widget)
    widget.set_network(ladder(), 224)
    widget.resize(800, widget.height())
    widget.show()
    return widget


def columns(widget):
    return [column for box in widget.boxes() for column in box.columns]


def spot(column):
    return QPointF(column.middle, FLOOR - column.height / 2)


@pytest.mark.parametrize("width", [400, 560, 1400])
def test_everything_lies_in_order_and_in_the_room(width):
    boxes = lay_out(Network(ladder()), 224, 10, width, 50)
    assert boxes[0].left == 10 and boxes[-1].right + boxes[-1].depth == pytest.approx(width)
    for before, after in pairwise(boxes):
        assert before.right + before.depth < after.left
    for before, after in pairwise([column for box in boxes for column in box.columns]):
        assert before.left < before.right <= after.left


def test_height_is_the_size_of_the_maps_and_depth_the_channels():
    sizes = (1, 7, 14, 28, 56, 112, 224)
    heights = [height_of(size, 224, 50) for size in sizes]
    assert heights[0] == FLAT and heights[-1] == 50
    assert heights == sorted(set(heights))
    assert height_of(300, 224, 50) == 50  # never above the map
    assert depth_of(1) == depth_of(8) < depth_of(64) < depth_of(2048) == depth_of(9999) == DEEPEST


def test_a_gate_inside_a_block_makes_no_notch():
    block = [
        Layer("features.1.0.block.0", "Convolution", (8, 56, 56), 9, trained=False),
        Layer("features.1.0.block.1.fc1", "Convolution", (2, 1, 1), 9, trained=False),
        Layer("features.1.0.block.2", "ReLU", (8, 56, 56), 0),
        Layer("avgpool", "Average pooling", (8, 1, 1), 0),
        Layer("head.linear", "Linear", (3,), 9, trained=True),
    ]
    boxes = lay_out(Network(block), 224, 0, 300, 50)
    assert len({column.height for column in boxes[0].columns}) == 1
    assert {column.height for column in boxes[1].columns} == {FLAT}
    # What has no weights is drawn as its neighbours in the block.
    assert [column.trained for box in boxes for column in box.columns] == [False, False, False, True, True]


def test_a_click_on_each_layer_chooses_it(made, qtbot):
    for column in columns(made):
        with qtbot.waitSignal(made.chosen) as chosen:
            qtbot.mouseClick(made, Qt.MouseButton.LeftButton, pos=spot(column).toPoint())
        assert chosen.args[0].name == column.layer.name
        assert made.layer == column.layer


def test_a_click_on_a_stages_name_chooses_its_first_layer(made, qtbot):
    box = made.boxes()[3]
    assert box.stage.title == "Stage 3"
    with qtbot.waitSignal(made.chosen) as chosen:
        place = QPointF((box.left + box.right) / 2, FLOOR + 10).toPoint()
        qtbot.mouseClick(made, Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args[0].name == "blocks.2.0.conv"
    assert made.layer_at(QPointF(5, 40)) is None  # the picture is no layer


def test_keys_step_and_stay_inside(made, qtbot):
    made.set_layer("blocks.0.0.conv")
    for key, name in (
        (Qt.Key.Key_Right, "blocks.0.0.act"),
        (Qt.Key.Key_Left, "blocks.0.0.conv"),
        (Qt.Key.Key_End, "head.linear"),
        (Qt.Key.Key_Right, "head.linear"),
        (Qt.Key.Key_Home, "conv_stem"),
        (Qt.Key.Key_Left, "conv_stem"),
    ):
        qtbot.keyClick(made, key)
        assert made.layer.name == name


def test_the_tip_says_where_how_large_and_whether_trained(made):
    tip = made.tip(made.network.layers[1])
    for part in ("Stage 1 › Block 1 › Convolution", "blocks.0.0.conv", "112 × 112 × 16", "500 parameters"):
        assert part in tip
    assert "6 % of all" in tip and "sees 9 × 9 pixels" in tip and "frozen" in tip
    assert "trained: training has changed it" in made.tip(made.network.layers[-1])
    odd = NetworkMap()
    odd.set_network([Layer("a<b>", "Own & kind", (3,), 0)], 16)
    assert "a&lt;b&gt;" in odd.tip(odd.network.layers[0]) and "Own &amp; kind" in odd.tip(odd.network.layers[0])


def test_the_pointer_tells_what_it_is_on(made, qtbot):
    column = columns(made)[4]
    qtbot.mouseMove(made, QPoint(5, 5))
    plain = made.grab().toImage()
    qtbot.mouseMove(made, spot(column).toPoint())
    assert column.layer.name in made.toolTip() and made.cursor().shape() == Qt.CursorShape.PointingHandCursor
    assert made.grab().toImage() != plain
    qtbot.mouseMove(made, QPoint(5, 5))
    assert made.toolTip() == "" and made.grab().toImage() == plain


def test_the_mark_is_on_the_layer_that_is_looked_at(made):
    for column in (columns(made)[2], columns(made)[-1]):
        made.set_layer("")
        without = made.grab().toImage()
        made.set_layer(column.layer.name)
        marked = made.grab().toImage()
        place = spot(column).toPoint()
        assert marked.pixelColor(place) != without.pixelColor(place)
        assert marked.pixelColor(place) == QColor(map_painter.theme.current().text)


def test_trained_and_frozen_differ_also_without_colour(made):
    made.set_network([replace(one, trained=False) for one in ladder()], 224)
    frozen = made.grab().toImage()
    made.set_network([replace(one, trained=True) for one in ladder()], 224)
    trained = made.grab().toImage()
    column = columns(made)[2]
    place = QPoint(int(column.left), int(FLOOR - column.height))

    def greys(image):
        return {image.pixelColor(place + QPoint(x, y)).lightness() for x in range(2, 12) for y in range(4, 20)}

    assert len(greys(trained)) == 1 < len(greys(frozen))  # a plain face, and a hatched one
    assert greys(trained).isdisjoint(greys(frozen))


@pytest.mark.parametrize("width", [420, 560, 700, 850, 1200])
def test_captions_never_touch(made, width, monkeypatch):
    drawn = []

    def note(self, middle, number, text, color, is_bold=False):
        half = self._metrics.horizontalAdvance(text) / 2
        drawn.append((number, middle - half, middle + half, text))

    monkeypatch.setattr(map_painter.MapPainter, "_line", note)
    made.set_answer((("fish", 0.98), ("mushroom", 0.02)))
    made.resize(width, made.height())
    made.grab()
    for number in (0, 1):
        row = sorted(one for one in drawn if one[0] == number and one[3])
        assert len(row) >= 6 or width < 500
        for before, after in pairwise(row):
            assert before[2] < after[1], (before, after)


def test_picture_and_answer_are_shown_where_there_is_room(made):
    bare = made.grab().toImage()
    made.set_picture(np.full((224, 224, 3), (200, 30, 40), dtype=np.uint8))
    made.set_answer((("fish", 0.9), ("mushroom", 0.1)))
    shown = made.grab().toImage()
    assert shown.pixelColor(30, 50) == QColor(200, 30, 40) != bare.pixelColor(30, 50)
    right = made.boxes()[-1].right
    made.resize(560, made.height())
    assert made.boxes()[-1].right > 500  # too narrow for the answer: the network has the room
    made.resize(800, made.height())
    assert made.boxes()[-1].right == right < 700
    made.set_picture(np.empty(0, dtype=np.uint8))
    assert made.grab().toImage().pixelColor(30, 50) != QColor(200, 30, 40)


def test_nothing_is_drawn_or_chosen_without_a_network(made, qtbot):
    made.set_network((), 1)
    made.grab()
    assert made.layer is None and made.layer_at(QPointF(200, 50)) is None
    with qtbot.assertNotEmitted(made.chosen):
        qtbot.mouseClick(made, Qt.MouseButton.LeftButton, pos=QPoint(200, 50))
        qtbot.keyClick(made, Qt.Key.Key_Right)


def test_the_card_follows_and_leads_what_is_looked_at(session, qtbot, picture):
    looking = Looking(session)
    card = NetworkPanel(looking)
    qtbot.addWidget(card)
    card.resize(900, 130)
    card.show()
    looking.set_image(str(picture))
    looking.open("efficientnet_lite0")
    qtbot.waitUntil(lambda: card.map.network.layers == LAYERS)
    looking.set_layer(LAYERS[2])
    assert card.map.layer == LAYERS[2]
    qtbot.waitUntil(lambda: looking.shown is not None)
    bees = card.map.grab().toImage()
    card.map.set_answer(())
    assert card.map.grab().toImage() != bees  # the answer was there
    place = spot(columns(card.map)[0]).toPoint()
    qtbot.mouseClick(card.map, Qt.MouseButton.LeftButton, pos=place)
    assert looking.layer == LAYERS[0] and looking.listed.classes == CLASSES
    looking.open("resnet18")
    assert card.map.network.layers == ()
    qtbot.waitUntil(lambda: card.map.network.layers == LAYERS and not looking.is_busy)
