"""The tab of kernels, with answers as the engine gives them."""

from __future__ import annotations

import numpy as np
import pytest
from layers_double import CLASSES, LAYERS
from PySide6.QtCore import QAbstractItemModel, QPoint, Qt
from PySide6.QtGui import QColor

from deskclassify.core.colormap import NEGATIVE, POSITIVE
from deskclassify.core.layer_events import NOTHING, KernelShown, KernelsShown, LayersListed
from deskclassify.core.layer_requests import KernelRequest, KernelsRequest, LayersRequest
from deskclassify.ui.pages.layers.kernels_tab import KernelsTab
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.kernel_view import KernelView, MixRow, MixView, Panel

KINDS = {"stem.conv": ("colour", 3, 3), "body.conv": ("per input", 5, 3), "head.fc": ("mix", 8, 1)}
NORMS = np.array([2.0, 4.0, 1.0, 3.0], dtype=np.float32)


def weights(layer: str, channel: int, epoch: int | None) -> np.ndarray:
    _, inputs, edge = KINDS[layer]
    draw = np.random.default_rng(channel).normal(size=(inputs, edge, edge)).astype(np.float32)
    return draw + np.float32(0.001 * (epoch or 0))


@pytest.fixture
def answers(engine):
    """Kernels of three kinds, with their changes but for the head."""
    state = {"dead": (2,), "has_pretrained": True}

    def kernels(request):
        if request.layer not in KINDS:
            tiles = np.empty((0, 0, 0, 3), np.uint8)
            yield KernelsShown(request.layer, "none", tiles, NOTHING, NOTHING, (), 0.0, 0.0, "No kernels, truly.", "")
            return
        is_head = request.layer == "head.fc"
        count, knows = 3 if is_head else 4, state["has_pretrained"] and not is_head
        norms = NORMS[:count] + np.float32(0 if request.epoch is None else 10 * (np.arange(count) == 0))
        changes = np.array([0.1, 0.0, 0.3, 0.2], np.float32) if knows else NOTHING
        tiles = np.stack([np.full((3, 3, 3), 60 * at, np.uint8) for at in range(count)])
        texts = ("What is seen.", "What the numbers say.")
        kind = KINDS[request.layer][0]
        yield KernelsShown(
            request.layer, kind, tiles, norms, changes, state["dead"], 0.0, 1.0, *texts, epoch=request.epoch
        )

    def kernel(request):
        own = weights(request.layer, request.channel, request.epoch)
        knows = state["has_pretrained"] and request.layer != "head.fc"
        before = own - np.float32(0.002) if knows else NOTHING
        inputs = tuple(range(10, 10 + len(own)))
        kind = KINDS[request.layer][0]
        yield KernelShown(request.layer, request.channel, kind, own, before, inputs, 0.5, request.epoch)

    def listed(request):
        yield LayersListed(
            request.model, LAYERS, 423, engine.classes, 16, "A network", has_pretrained=state["has_pretrained"]
        )

    engine.answers |= {KernelsRequest: kernels, KernelRequest: kernel, LayersRequest: listed}
    return state


@pytest.fixture
def looking(session, answers):
    return Looking(session)


@pytest.fixture
def tab(looking, qtbot):
    made = KernelsTab(looking)
    qtbot.addWidget(made)
    made.resize(850, 480)
    made.show()
    return made


def settle(tab, qtbot):
    looking = tab._looking
    asking = (looking, tab._ask, tab._ask_one)
    qtbot.waitUntil(lambda: not any(one.is_busy for one in asking) and not looking.session.owner.jobs)


def look(tab, qtbot, name="stem.conv"):
    looking = tab._looking
    if looking.listed is None:
        looking.open("run")
        qtbot.waitUntil(lambda: looking.listed is not None)
    looking.set_layer(next(layer for layer in LAYERS if layer.name == name))
    settle(tab, qtbot)


def numbers(tab):
    model: QAbstractItemModel = tab.grid.model()
    return [model.index(row, 0).data(Qt.ItemDataRole.UserRole) for row in range(model.rowCount())]


def captions(tab):
    return [tab.grid.model().index(row, 0).data() for row in range(tab.grid.model().rowCount())]


def test_the_strongest_comes_first_and_is_shown_large(tab, qtbot):
    look(tab, qtbot)
    assert numbers(tab) == [1, 3, 0, 2]
    assert captions(tab) == ["1", "3", "0", "2 · dead"]
    assert tab.note_label.text() == "What is seen."
    assert tab.summary_label.text() == "What the numbers say."
    assert tab.detail.shown.channel == 1
    assert tab.detail.title_label.text() == "Kernel 1"
    facts = tab.detail.facts_label.text()
    assert "number 1 of 4" in facts
    assert "Training left it as it was" in facts
    assert "Bias +0.5" in facts


@pytest.mark.parametrize(("row", "expected"), [(1, [0, 1, 2, 3]), (2, [2, 3, 0, 1]), (0, [1, 3, 0, 2])])
def test_kernels_are_sorted_as_asked(tab, qtbot, row, expected):
    look(tab, qtbot)
    tab.order_box.setCurrentIndex(row)
    settle(tab, qtbot)
    assert numbers(tab) == expected


def test_choosing_one_shows_it_and_tells_the_other_tabs(tab, engine, qtbot):
    look(tab, qtbot)
    tab.grid.setCurrentIndex(tab.grid.model().index(3, 0))
    settle(tab, qtbot)
    assert tab._looking.channel == 2
    assert engine.of(KernelRequest)[-1] == KernelRequest("run", "stem.conv", 2)
    assert "Dead: its weights are all but zero" in tab.detail.facts_label.text()
    assert "changed it by 30.0\u00a0%" in tab.detail.facts_label.text()


def test_before_after_and_difference_are_on_one_scale(tab, qtbot):
    look(tab, qtbot, "body.conv")
    tab.detail.magnify_check.setChecked(False)
    panels = tab.detail.view.panels
    assert [panel.title for panel in panels] == ["Before", "After", "Difference"]
    assert len({panel.largest for panel in panels}) == 1
    strongest = int(np.linalg.norm(weights("body.conv", 1, None).reshape(5, -1), axis=1).argmax())
    assert np.allclose(panels[1].values, weights("body.conv", 1, None)[strongest])
    assert np.allclose(panels[2].values, 0.002, atol=1e-6)
    tab.detail.magnify_check.setChecked(True)
    assert tab.detail.view.panels[2].title == "Difference × 1,000"
    assert np.allclose(tab.detail.view.panels[2].values, 2.0, atol=1e-3)
    assert tab.detail.view.panels[2].values.max() <= panels[2].largest


def test_one_of_many_input_channels_is_chosen_the_strongest_first(tab, qtbot):
    look(tab, qtbot, "body.conv")
    box = tab.detail.input_box
    own = weights("body.conv", 1, None)
    order = np.argsort(-np.linalg.norm(own.reshape(5, -1), axis=1))
    assert box.isVisible()
    assert box.itemText(0) == f"Input channel {10 + order[0]} (strongest)"
    box.setCurrentIndex(3)
    assert np.allclose(tab.detail.view.panels[1].values, own[order[3]])


def test_colours_can_be_looked_at_one_by_one(tab, qtbot):
    look(tab, qtbot)
    assert tab.detail.view.panels[0].values.shape == (3, 3, 3)
    tab.detail.input_box.setCurrentIndex(3)  # blue
    assert np.allclose(tab.detail.view.panels[1].values, weights("stem.conv", 1, None)[2])
    tab.grid.setCurrentIndex(tab.grid.model().index(1, 0))
    settle(tab, qtbot)
    assert tab.detail.input_box.currentText() == "Blue"  # still


def test_a_mix_is_bars_named_by_input_and_the_head_by_its_classes(tab, qtbot):
    look(tab, qtbot, "head.fc")
    assert captions(tab)[:1] == ["bees"]
    assert set(captions(tab)) == set(CLASSES)
    assert tab.detail.title_label.text() == "Kernel 1: bees"
    rows = tab.detail.mix.rows
    own = weights("head.fc", 1, None).reshape(-1)
    assert [row.after for row in rows] == pytest.approx(sorted(own, key=lambda value: -abs(value)))
    assert rows[0].name == f"Input {10 + np.abs(own).argmax()}"
    assert {row.before for row in rows} == {None}
    assert "before training all its weights were zero" in tab.note_label.text()
    assert not tab.order_box.model().item(2).isEnabled()  # nothing to sort by


def test_without_pretrained_weights_it_says_why_nothing_is_compared(tab, answers, qtbot):
    answers["has_pretrained"] = False
    look(tab, qtbot)
    assert "pretrained weights are not on this computer" in tab.note_label.text()
    assert [panel.title for panel in tab.detail.view.panels] == ["Weights"]
    assert not tab.detail.magnify_check.isVisible()


def test_the_pretrained_network_is_not_told_to_lack_anything(tab, engine, answers, qtbot):
    engine.classes = ()
    answers["has_pretrained"] = False
    look(tab, qtbot)
    assert tab.note_label.text() == "What is seen."


def test_over_the_epochs_each_kernel_keeps_its_place(tab, engine, qtbot):
    look(tab, qtbot, "body.conv")
    tab.grid.setCurrentIndex(tab.grid.model().index(1, 0))
    settle(tab, qtbot)
    tab.detail.input_box.setCurrentIndex(2)
    chosen = tab.detail.input_box.currentText()
    tab._looking.set_epoch(7)  # kernel 0 is the strongest then
    settle(tab, qtbot)
    assert engine.of(KernelsRequest)[-1].epoch == 7
    assert engine.of(KernelRequest)[-1] == KernelRequest("run", "body.conv", 3, 7)
    assert numbers(tab) == [1, 3, 0, 2]
    assert tab.detail.input_box.currentText() == chosen
    assert tab.detail.shown.epoch == 7


def test_a_layer_without_kernels_says_so(tab, qtbot):
    look(tab, qtbot)
    look(tab, qtbot, "stem.act")
    assert tab.grid.model().rowCount() == 0
    assert tab.currentWidget() is tab.nothing
    assert tab.nothing.text_label.text() == "No kernels, truly."
    assert tab.detail.shown is None


def test_it_asks_nothing_while_it_is_hidden(tab, engine, qtbot):
    tab.hide()
    look(tab, qtbot)
    assert not engine.of(KernelsRequest)
    tab.show()
    settle(tab, qtbot)
    assert len(engine.of(KernelsRequest)) == 1
    assert numbers(tab)


def test_another_network_clears_it(tab, qtbot):
    look(tab, qtbot)
    tab._looking.open("another")
    assert tab.currentWidget() is tab.nothing
    assert not numbers(tab)
    settle(tab, qtbot)


def test_before_training_nothing_is_said_of_its_changes(tab, qtbot):
    look(tab, qtbot)
    tab._looking.set_epoch(0)
    settle(tab, qtbot)
    assert "raining" not in tab.detail.facts_label.text()


# -- the views ------------------------------------------------------------------------


@pytest.fixture
def view(qtbot):
    made = KernelView()
    qtbot.addWidget(made)
    made.resize(420, 220)
    return made


def test_weights_have_the_colours_of_the_scale(view):
    values = np.zeros((3, 3), np.float32)
    values[0, 0], values[2, 2] = 1.0, -1.0
    view.set_panels([Panel("Weights", values, 1.0)])
    image = view.grab().toImage()
    area = view._areas()[0]
    cell = area.width() / 3
    corner = QPoint(int(area.left() + 3), int(area.top() + 3))
    assert QColor(image.pixel(corner)).getRgb()[:3] == POSITIVE
    far = QPoint(int(area.left() + 2 * cell + 3), int(area.top() + 2 * cell + 3))
    assert QColor(image.pixel(far)).getRgb()[:3] == NEGATIVE


@pytest.mark.parametrize("size", [(420, 220), (260, 400), (240, 120), (900, 300)])
@pytest.mark.parametrize("edge", [1, 3, 7, 11])
def test_panels_lie_side_by_side_within_the_widget(view, size, edge):
    view.resize(*size)
    view.set_panels([Panel(title, np.ones((edge, edge), np.float32), 1.0) for title in ("a", "b", "c")])
    areas = view._areas()
    assert len(areas) == 3
    for at, area in enumerate(areas):
        assert area.left() >= 0
        assert area.top() >= 0
        assert area.right() <= size[0] + 1
        assert not any(area.intersects(other) for other in areas[at + 1 :])
    view.grab()


def test_the_cursor_tells_the_weights_of_all_panels(view, qtbot):
    values = np.arange(9, dtype=np.float32).reshape(3, 3)
    view.set_panels([Panel("Before", values, 9.0), Panel("After", values + 1, 9.0)])
    area = view._areas()[1]
    assert view.place_at(area.bottomRight() - QPoint(2, 2)) == (2, 2)
    assert view.place_at(QPoint(0, 219)) is None
    told = []
    view.hovered.connect(told.append)
    view.show()
    qtbot.mouseMove(view, (area.bottomRight() - QPoint(2, 2)).toPoint())
    qtbot.waitUntil(lambda: bool(told))
    assert told[-1] == "Row 2, column 2:  Before 8.00  ·  After 9.00"


def test_bars_point_to_their_sides(qtbot):
    mix = MixView()
    qtbot.addWidget(mix)
    mix.set_rows([MixRow("Input 3", 0.5, 0.4), MixRow("Input 1", -0.25, -0.3)])
    mix.resize(400, mix.sizeHint().height())
    image = mix.grab().toImage()

    def middle_of(row, color):
        line = 22 * (row + 1) + 11
        found = [x for x in range(image.width()) if QColor(image.pixel(x, line)).getRgb()[:3] == color]
        return sum(found) / len(found)

    assert middle_of(0, POSITIVE) > middle_of(1, NEGATIVE)
    assert mix.accessibleName() == "Input 3: 0.500; Input 1: −0.250"
    mix.set_rows([])
    mix.grab()
