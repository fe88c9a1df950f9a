"""The list of layers, its search, and the ways to step through it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListView, QVBoxLayout, QWidget

from deskclassify.core.events import Event
from deskclassify.core.layer_events import Layer, LayersListed
from deskclassify.core.layer_requests import LayerRequest, LayersRequest
from deskclassify.ui.pages.layers.layer_list import LayerRole, PlaceRole
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.walk import WalkCard


def conv(name, size, trained, kind="Convolution", detail="8 → 8, 1×1"):
    return Layer(name, kind, (8, size, size), 64, detail, "", 5, trained)


NETWORK = (
    conv("conv_stem", 112, False, detail="3 → 8, 3×3, stride 2"),
    conv("blocks.0.0.conv_dw", 112, False, "Depthwise convolution", "8 → 8, 3×3"),
    Layer("blocks.0.0.bn1", "BatchNorm + ReLU6", (8, 112, 112), 16, "", "", 5, False),
    conv("blocks.0.1.conv_pw", 112, False),
    conv("blocks.1.0.conv_dw", 56, True, "Depthwise convolution", "8 → 8, 5×5"),
    *(conv(f"blocks.1.{at}.conv_pw", 56, True) for at in range(1, 10)),
    Layer("head.linear", "Linear", (3,), 27, "", "", 0, True),
)


@pytest.fixture
def looking(session, engine):
    def listed(request: LayersRequest):
        yield LayersListed(request.model, NETWORK, 1000, ("a", "b", "c"), 224)

    def silent(request: LayerRequest):
        yield Event()

    engine.answers[LayersRequest] = listed
    engine.answers[LayerRequest] = silent
    return Looking(session)


@pytest.fixture
def page(qtbot):
    """A window with a field of its own beside the walk."""
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(700, 600)
    return made


@pytest.fixture
def card(page, looking, qtbot):
    made = WalkCard(looking)
    layout = QVBoxLayout(page)
    layout.addWidget(made)
    page.other = QLineEdit()
    layout.addWidget(page.other)
    looking.open("efficientnet_lite0")
    page.show()
    qtbot.waitUntil(lambda: looking.layer is not None)
    yield made
    qtbot.waitUntil(lambda: not looking.is_busy)


def names(card):
    return [card.list.filter.index(row, 0).data() for row in range(card.list.filter.rowCount())]


def found(card, text):
    card.search_edit.setText(text)
    return names(card)


def test_rows_are_the_layers_with_their_places(card):
    assert names(card) == [layer.name for layer in NETWORK]
    index = card.list.filter.index(4, 0)
    assert index.data(LayerRole) == NETWORK[4]
    assert index.data(PlaceRole).title == "Stage 2 › Block 1 › Depthwise convolution 5×5"
    assert index.data(Qt.ItemDataRole.ToolTipRole).endswith("trained")


def test_headings_make_the_first_row_of_a_stage_and_of_a_block_higher(card):
    heights = [card.list.visualRect(card.list.filter.index(row, 0)).height() for row in range(5)]
    stem, stage, plain, block, both = heights
    assert plain < block < stem < stage == both  # the stem is a stage without blocks


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("depthwise", ["blocks.0.0.conv_dw", "blocks.1.0.conv_dw"]),
        ("DEPTHWISE 112x112", ["blocks.0.0.conv_dw"]),
        ("depthwise 56 × 56", ["blocks.1.0.conv_dw"]),
        ("stage 1 conv", ["blocks.0.0.conv_dw", "blocks.0.1.conv_pw"]),
        ("stage 2 block 1", ["blocks.1.0.conv_dw"]),  # and not block 10
        ("trained linear", ["head.linear"]),
        ("frozen 3×3", ["conv_stem", "blocks.0.0.conv_dw"]),
        ("relu", ["blocks.0.0.bn1"]),
        ("1.0.conv", ["blocks.1.0.conv_dw"]),
        ("(", []),
        ("", [layer.name for layer in NETWORK]),
    ],
)
def test_search(card, text, wanted):
    assert found(card, text) == wanted


def test_the_chosen_layer_stays_while_somebody_searches(card, looking):
    looking.set_layer(NETWORK[4])
    told = []
    card.list.chosen.connect(told.append)
    for text in ("d", "de", "depthwise", "depthwise 112×112", "zzz", ""):
        found(card, text)
        assert looking.layer == NETWORK[4]
        here = card.list.layer
        assert here == (NETWORK[4] if NETWORK[4].name in names(card) else None)
    assert told == []
    assert card.position_label.text() == "Layer 5 of 15"
    found(card, "depthwise")
    assert card.position_label.text() == "2 of 15 found"


def test_that_nothing_fits_is_said(card):
    empty = card.list.viewport().grab().toImage()
    found(card, "zzz")
    assert not card.next_button.isEnabled() and not card.previous_button.isEnabled()
    said = card.list.viewport().grab().toImage()
    card.list.layer_model.set_layers(())
    assert said != empty and said != card.list.viewport().grab().toImage()


def test_enter_goes_from_one_to_the_next_that_fits_and_round(card, looking, qtbot):
    found(card, "depthwise")
    for name in ("blocks.0.0.conv_dw", "blocks.1.0.conv_dw", "blocks.0.0.conv_dw"):
        qtbot.keyClick(card.search_edit, Qt.Key.Key_Return)
        assert looking.layer.name == name


def test_keys_of_the_list(card, looking, qtbot):
    for key, modifier, name in (
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, "blocks.0.0.conv_dw"),
        (Qt.Key.Key_Down, Qt.KeyboardModifier.NoModifier, "blocks.0.0.bn1"),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, "blocks.0.0.conv_dw"),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, "head.linear"),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, "head.linear"),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, "conv_stem"),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, "conv_stem"),
    ):
        qtbot.keyClick(card.list, key, modifier)
        assert looking.layer.name == name


def test_shortcuts_work_while_another_field_has_the_focus(card, page, looking, qtbot):
    page.activateWindow()
    page.other.setFocus()
    qtbot.waitUntil(page.other.hasFocus)
    alt, control = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
    for key, modifier, name in (
        (Qt.Key.Key_Down, alt, "blocks.0.0.conv_dw"),
        (Qt.Key.Key_Down, alt, "blocks.0.0.bn1"),
        (Qt.Key.Key_Up, alt, "blocks.0.0.conv_dw"),
        (Qt.Key.Key_PageDown, control, "blocks.1.0.conv_dw"),
        (Qt.Key.Key_PageDown, control, "head.linear"),
        (Qt.Key.Key_Up, alt, "blocks.1.9.conv_pw"),
        (Qt.Key.Key_PageUp, control, "blocks.1.0.conv_dw"),  # first to where the stage begins
        (Qt.Key.Key_PageUp, control, "blocks.0.0.conv_dw"),
        (Qt.Key.Key_PageUp, control, "conv_stem"),
    ):
        qtbot.keyClick(page.other, key, modifier)
        assert looking.layer.name == name, (key, modifier)
    assert page.other.hasFocus()
    assert not card.previous_stage_button.isEnabled() and not card.previous_button.isEnabled()
    assert card.next_stage_button.isEnabled() and card.next_button.isEnabled()


def test_stages_can_be_stepped_by_buttons(card, looking):
    card.next_stage_button.click()
    card.next_stage_button.click()
    assert looking.layer.name == "blocks.1.0.conv_dw"
    card.previous_stage_button.click()
    assert looking.layer.name == "blocks.0.0.conv_dw"
    looking.set_layer(NETWORK[-1])
    assert not card.next_stage_button.isEnabled() and not card.next_button.isEnabled()


def test_a_layer_chosen_elsewhere_is_shown_whatever_was_searched(card, looking):
    found(card, "depthwise")
    looking.set_layer(NETWORK[-1])
    assert card.search_edit.text() == "" and card.list.layer == NETWORK[-1]
    assert card.position_label.text() == "Layer 15 of 15"
    found(card, "linear")
    looking.set_layer(NETWORK[-1])
    assert card.search_edit.text() == "linear"  # nothing hides it


def test_a_distant_layer_comes_to_the_middle(card, page, qtbot):
    page.resize(700, 330)
    card.list.choose("conv_stem")
    qtbot.waitUntil(lambda: card.list.viewport().height() < 250)
    card.list.choose("blocks.1.4.conv_pw")
    middle = card.list.visualRect(card.list.currentIndex()).center().y()
    assert abs(middle - card.list.viewport().rect().center().y()) < 40


def test_the_same_layer_is_found_again_in_the_network_read_anew(card, looking, qtbot):
    looking.set_layer(NETWORK[4])
    looking.open("other")
    assert names(card) == [] and card.position_label.text() == ""
    assert not card.next_button.isEnabled() and not card.next_stage_button.isEnabled()
    qtbot.waitUntil(lambda: looking.layer is not None)
    assert looking.layer == NETWORK[4] and card.list.layer == NETWORK[4]


def test_the_mark_for_trained_differs_from_frozen(card):
    def row(at):
        card.list.scrollTo(card.list.filter.index(at, 0), QListView.ScrollHint.PositionAtCenter)
        area = card.list.visualRect(card.list.filter.index(at, 0))
        image = card.list.viewport().grab(area).toImage()
        return [
            image.pixelColor(x, y).lightness()
            for x in range(image.width() - 22, image.width() - 8)
            for y in range(image.height() - 38, image.height() - 20)
        ]

    frozen, trained = row(2), row(7)
    assert min(trained) < min(frozen) and sum(trained) != sum(frozen)
