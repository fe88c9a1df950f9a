"""What is said of the layer that is looked at."""

from __future__ import annotations

import pytest
from layers_double import LAYERS
from PySide6.QtGui import QColor, QTextDocumentFragment

from deskclassify.core.errors import UserError
from deskclassify.core.layer_requests import LayerRequest
from deskclassify.ui.pages.layers.facts import FactsPanel, answer_text
from deskclassify.ui.pages.layers.looking import Looking


@pytest.fixture
def looking(session):
    return Looking(session)


@pytest.fixture
def card(looking, qtbot, picture):
    made = FactsPanel(looking)
    qtbot.addWidget(made)
    made.resize(850, 110)
    made.show()
    looking.set_image(str(picture))
    looking.open("efficientnet_lite0")
    qtbot.waitUntil(lambda: looking.listed is not None)
    return made


def look_at(looking, qtbot, layer):
    looking.set_layer(layer)
    qtbot.waitUntil(lambda: looking.shown is not None and looking.shown.layer == layer and not looking.is_busy)


def facts(card):
    return card.facts_label.text().replace("\u00a0", " ")


def crumbs(card):
    return QTextDocumentFragment.fromHtml(card.crumbs.text()).toPlainText()


def test_place_name_numbers_and_answer(card, looking, qtbot):
    look_at(looking, qtbot, LAYERS[0])
    assert crumbs(card) == "Stem › Convolution 3×3"
    assert card.name_label.text() == "stem.conv"
    assert facts(card) == "kernel 3 × 3 · gives 8×8×4 · 108 parameters (26 %) · sees 3 × 3 pixels · frozen"
    assert card.explanation_label.text() == "stem.conv explained."
    assert card.answer_label.text() == "The network's answer to this picture: bees 90 %, then ants 8 %"
    look_at(looking, qtbot, LAYERS[3])
    assert facts(card) == "gives 3 values · 99 parameters (23 %) · sees the whole picture · trained"
    look_at(looking, qtbot, LAYERS[1])
    assert facts(card) == "gives 8×8×4 · no parameters · sees 3 × 3 pixels"


def test_the_order_of_the_slots_does_not_matter(session, qtbot):
    looking = Looking(session)

    def first():
        looking.set_layer(looking.listed.layers[0])  # as the list does, before the card knows the network

    looking.listed_changed.connect(first)
    card = FactsPanel(looking)
    qtbot.addWidget(card)
    looking.open("efficientnet_lite0")
    qtbot.waitUntil(lambda: looking.shown is not None)
    assert crumbs(card) == "Stem › Convolution 3×3" and "(26 %)" in facts(card)


def test_breadcrumbs_jump_to_the_first_layer(card, looking, qtbot):
    look_at(looking, qtbot, LAYERS[1])
    card.crumbs.linkActivated.emit("stage")
    assert looking.layer == LAYERS[0]
    look_at(looking, qtbot, LAYERS[3])
    card.crumbs.linkActivated.emit("block")
    assert looking.layer == LAYERS[3]  # it is the only one
    qtbot.waitUntil(lambda: not looking.is_busy)


def test_the_square_is_what_one_value_sees(card, looking, qtbot):
    look_at(looking, qtbot, LAYERS[2])  # 7 of 16 pixels
    assert card.thumb.square.width() == pytest.approx(7 / 16 * card.thumb.width() - 2)
    assert card.thumb.square.center() == card.thumb.rect().toRectF().center()
    image = card.thumb.grab().toImage()
    assert image.pixelColor(card.thumb.square.topLeft().toPoint()).lightness() > 200  # the outline
    assert image.pixelColor(card.thumb.rect().center()) == QColor(90, 90, 90)  # the picture
    assert "sees 7 × 7 pixels" in card.thumb.toolTip()
    look_at(looking, qtbot, LAYERS[3])
    assert card.thumb.square.width() == card.thumb.width() - 2


def test_without_a_picture_there_is_no_answer_and_no_square(card, looking, qtbot):
    looking.set_image("")
    look_at(looking, qtbot, LAYERS[0])
    qtbot.waitUntil(lambda: card.answer_label.text() == "")
    assert not card.thumb.isVisible() and card.thumb.pixmap().isNull()
    assert answer_text((("bees", 1.0),)) == "The network's answer to this picture: bees 100 %"


def test_only_a_pretrained_network_has_the_hint(card, looking, engine, qtbot):
    assert not card.hint_label.isVisible() and card.hint_label.text() == ""
    engine.classes = ()
    looking.open("resnet18")
    assert crumbs(card) == "" and card.facts_label.text() == ""
    qtbot.waitUntil(lambda: card.hint_label.isVisible())
    assert "ImageNet" in card.hint_label.text() and not card.answer_label.isVisible()


def test_a_failure_is_a_sentence_until_the_next_answer(card, looking, engine, qtbot):
    engine.errors[LayerRequest] = UserError("The file is cut off.")
    looking.set_layer(LAYERS[0])
    qtbot.waitUntil(lambda: card.explanation_label.text() == "The file is cut off.")
    assert card.explanation_label.property("role") == "bad"
    del engine.errors[LayerRequest]
    look_at(looking, qtbot, LAYERS[1])
    assert card.explanation_label.property("role") == ""


def test_the_card_is_low(card, looking, qtbot):
    look_at(looking, qtbot, LAYERS[0])
    assert card.heightForWidth(850) <= 112 if card.hasHeightForWidth() else card.sizeHint().height() <= 112
