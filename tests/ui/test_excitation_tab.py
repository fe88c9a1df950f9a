"""The tab that shows what excites a channel, with jobs that answer with real events."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from layers_double import CLASSES, LAYERS, layer_of
from PySide6.QtCore import QPoint, Qt

from deskclassify.core.errors import UserError
from deskclassify.core.events import Progress
from deskclassify.core.layer_events import LayersListed, Patch, PatchesShown, Searched
from deskclassify.core.layer_requests import PatchesRequest, SearchRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item, Listing
from deskclassify.core.subset import balanced
from deskclassify.ui.pages.layers import excitation_texts as texts
from deskclassify.ui.pages.layers.excitation_tab import MOST, ExcitationTab
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.widgets.patch_grid import PatchGrid

SIZE = 16


def patch(number: int, label: str = "ants", value: float | None = None, box=(2, 3, 5, 5)) -> Patch:
    """The place of a picture whose pixels are its number."""
    top, left, height, width = box
    picture = np.full((SIZE, SIZE, 3), number, dtype=np.uint8)
    part = picture[top : top + height, left : left + width]
    return Patch(
        f"/pictures/{number}.png",
        label,
        9.5 - number if value is None else value,
        (1, 1),
        box,
        part,
        255 - part,
        picture,
    )


def nine(channel: int = 0, **changes) -> PatchesShown:
    """Six of nine are of “bees”."""
    found = tuple(patch(at, "bees" if at % 3 else "ants", **changes) for at in range(9))
    return PatchesShown("stem.conv", channel, found, True, 30, 2)


@pytest.fixture
def searched(engine):
    """Whether the pictures have been searched, by the engine's answers; and what holds the search up."""

    class State:
        done = False
        gate = threading.Event()

    state = State()
    state.gate.set()

    def patches(request):
        if state.done:
            yield PatchesShown(request.layer, request.channel, nine(request.channel).patches, True, 30, 2)
        else:
            yield PatchesShown(request.layer, request.channel, (), is_searched=False)

    def search(request):
        yield Progress("search", 0, len(request.files))
        yield Progress("search", 10, len(request.files), 20.0, 3.0)
        assert state.gate.wait(5)
        state.done = True
        yield Searched(request.model, len(request.files), 0, 1.0, False)

    engine.answers.update({PatchesRequest: patches, SearchRequest: search})
    yield state
    state.gate.set()


@pytest.fixture
def run(tmp_path):
    """A run on thirty pictures."""
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.write_split([Item(f"/p/{at}.png", "", CLASSES[at % 3], "train") for at in range(30)])
    return folder


@pytest.fixture
def looking(session, run, qtbot):
    made = Looking(session)
    yield made
    made.stop()
    qtbot.waitUntil(lambda: not session.owner.jobs)
    made.deleteLater()


@pytest.fixture
def tab(looking, searched, run, qtbot):
    made = ExcitationTab(looking)
    qtbot.addWidget(made)
    made.resize(850, 480)
    looking.open(str(run.path))
    qtbot.waitUntil(lambda: looking.listed is not None)
    looking.set_layer(LAYERS[0])
    return made


@pytest.fixture
def shown_tab(tab, searched, qtbot):
    searched.done = True
    tab.show()
    qtbot.waitUntil(lambda: len(tab.grid.pairs) == 9)
    return tab


def test_nothing_is_asked_before_it_is_seen_and_what_was_asked_is_dropped(tab, engine, qtbot):
    qtbot.wait(80)
    assert not engine.of(PatchesRequest)
    tab.show()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    asked = len(engine.of(PatchesRequest))
    tab.hide()
    tab._looking.set_channel(3)
    qtbot.wait(80)
    assert len(engine.of(PatchesRequest)) == asked == 1


def test_search_is_offered_runs_and_shows_its_places(tab, engine, searched, qtbot):
    searched.gate.clear()
    tab.show()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    assert tab.offer.search_button.text() == "Search 30 pictures"
    assert tab.offer.all_button.isHidden()
    assert "only once" in tab.offer.offer.text_label.text()
    qtbot.mouseClick(tab.offer.search_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.offer.progress_label.text() == "10 of 30 pictures  ·  20 a second  ·  about 3 s left")
    assert (tab.offer.bar.value(), tab.offer.bar.maximum()) == (10, 30)
    searched.gate.set()
    qtbot.waitUntil(lambda: tab.currentIndex() == 0 and len(tab.grid.pairs) == 9)
    (request,) = engine.of(SearchRequest)
    assert request.files == tuple(f"/p/{at}.png" for at in range(30))
    assert request.labels == tuple(CLASSES[at % 3] for at in range(30))
    assert engine.of(PatchesRequest)[-1].files == request.files


def test_a_search_goes_on_while_one_looks_elsewhere_and_stops_when_told(tab, engine, searched, qtbot):
    searched.gate.clear()
    tab.show()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    tab.search()
    qtbot.waitUntil(lambda: tab.offer.bar.value() == 10)
    control = engine.controls[-1]
    tab.hide()
    assert not control.stopped
    tab.show()
    assert tab.currentWidget() is tab.offer and tab.offer.is_running
    qtbot.mouseClick(tab.offer.stop_button, Qt.MouseButton.LeftButton)
    assert control.stopped
    assert not tab.offer.is_running


def test_another_network_ends_the_search(tab, engine, searched, qtbot):
    searched.gate.clear()
    tab.show()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    tab.search()
    qtbot.waitUntil(lambda: tab.offer.bar.value() == 10)
    control = engine.controls[-1]
    tab._looking.open("resnet18")
    assert control.stopped


def test_a_search_that_fails_says_why_and_is_offered_again(tab, engine, qtbot):
    tab.show()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    engine.errors[SearchRequest] = UserError("None of the pictures can be read.")
    tab.search()
    qtbot.waitUntil(lambda: tab.offer.failure_label.text() == "None of the pictures can be read.")
    assert tab.offer.failure_label.isVisible() and tab.offer.search_button.isVisible()
    engine.errors.clear()
    tab.search()
    qtbot.waitUntil(lambda: len(tab.grid.pairs) == 9)
    assert tab.offer.failure_label.isHidden()


def test_pairs_sentence_and_note(shown_tab):
    assert [pair.label for pair in shown_tab.grid.pairs[:4]] == ["ants", "bees", "bees", "ants"]
    assert [pair.value for pair in shown_tab.grid.pairs[:2]] == ["9.50", "8.50"]
    assert len({pair.color for pair in shown_tab.grid.pairs}) == 2
    assert shown_tab.sentence_label.text() == "Nine places that channel 0 answers most to. Six of nine show “bees”."
    assert shown_tab.note_label.text().endswith("Searched: 30 pictures; 2 more cannot be read.")
    pixels = shown_tab.grid.pairs[4].pixels.toImage()
    assert (pixels.width(), pixels.height(), pixels.pixelColor(0, 0).red()) == (5, 5, 4)


def test_hover_shows_where_it_lies_and_a_click_pins_the_picture(shown_tab, looking, qtbot):
    assert shown_tab.where_label.text() == "Place 1: 9.50"
    first, second = shown_tab.grid.areas(4)
    qtbot.mouseMove(shown_tab.grid, second.center().toPoint())
    qtbot.waitUntil(lambda: shown_tab.where_label.text() == "Place 5: 5.50")
    assert shown_tab.name_label.whole_text == "4.png"
    assert shown_tab.sees_label.text().startswith("Sees 5 × 5 of 16 × 16 pixels.")
    assert shown_tab.picture.box == (2, 3, 5, 5)
    qtbot.mouseClick(shown_tab.grid, Qt.MouseButton.LeftButton, pos=first.center().toPoint())
    assert looking.image == "/pictures/4.png"
    assert len(shown_tab.grid.pairs) == 9  # the channel stays, and so do its places


def test_channels_are_stepped_through_and_shared_with_the_page(shown_tab, looking, engine, qtbot):
    assert shown_tab.channel_spin.text() == "Channel 0 / 3"
    shown_tab.previous_button.click()
    assert looking.channel == 3
    qtbot.waitUntil(lambda: "channel 3" in shown_tab.sentence_label.text())
    shown_tab.next_button.click()
    assert looking.channel == 0
    looking.set_channel(2)
    qtbot.waitUntil(lambda: "channel 2" in shown_tab.sentence_label.text())
    assert shown_tab.channel_spin.value() == 2
    engine.requests.clear()
    for _ in range(4):
        shown_tab.next_button.click()
    qtbot.waitUntil(lambda: engine.requests != [] and not shown_tab._ask.is_busy)
    assert [request.channel for request in engine.of(PatchesRequest)] == [2]


def test_without_a_channel_the_strongest_on_the_pinned_picture_is_shown(tab, looking, searched, engine, qtbot, picture):
    searched.done = True
    looking.set_image(str(picture))
    qtbot.waitUntil(lambda: looking.shown is not None and looking.shown.strength.size == 4)
    tab.show()
    qtbot.waitUntil(lambda: "channel 2" in tab.sentence_label.text())
    assert [request.channel for request in engine.of(PatchesRequest)] == [2]


def test_the_layer_of_the_classes_names_them(shown_tab, looking, qtbot):
    looking.set_layer(LAYERS[3])
    looking.set_channel(1)
    qtbot.waitUntil(lambda: "the highest score for “bees”" in shown_tab.sentence_label.text())
    assert shown_tab.channel_spin.text() == "Class 1 / 2"


def test_an_epoch_is_told_to_be_another(shown_tab, looking):
    looking.set_epoch(1)
    assert "the finished network" in shown_tab.sentence_label.text()
    looking.set_epoch(None)
    assert "the finished network" not in shown_tab.sentence_label.text()


def test_a_failure_is_a_sentence(shown_tab, looking, engine, qtbot):
    engine.errors[PatchesRequest] = UserError("The run has no weights.")
    looking.set_channel(1)
    qtbot.waitUntil(lambda: shown_tab.nothing.text_label.text() == "The run has no weights.")
    assert shown_tab.currentWidget() is shown_tab.nothing


def test_a_pretrained_network_is_searched_on_the_projects_pictures(tab, looking, session, engine, searched, qtbot):
    engine.classes = ()
    looking.open("efficientnet_lite0")
    qtbot.waitUntil(lambda: looking.listed is not None)
    tab.show()
    looking.set_layer(LAYERS[0])
    assert tab.currentWidget() is tab.nothing and "Data page" in tab.nothing.text_label.text()
    session.listing = Listing(tuple(Item(f"/d/{at}.png", "", "x", "train") for at in range(3)))
    session.listing_changed.emit()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    assert tab.offer.search_button.text() == "Search 3 pictures"
    assert engine.of(PatchesRequest)[-1].files == ("/d/0.png", "/d/1.png", "/d/2.png")


def test_many_pictures_are_a_choice_unless_all_are_wanted(tab, run, engine, searched, qtbot):
    labels = ["rare"] * 40 + ["often"] * 2000
    run.write_split([Item(f"/p/{at}.png", "", label, "train") for at, label in enumerate(labels)])
    tab.show()
    qtbot.waitUntil(lambda: tab.currentWidget() is tab.offer)
    assert tab.offer.search_button.text() == f"Search {MOST:,} pictures"
    assert tab.offer.all_button.isVisible() and tab.offer.all_button.text() == "Search all 2,040"
    assert "2,040 pictures 1,000 are taken at random" in tab.offer.offer.text_label.text()
    request = engine.of(PatchesRequest)[-1]
    assert (len(request.files), request.labels.count("rare")) == (1000, 40)
    qtbot.mouseClick(tab.offer.all_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(tab.grid.pairs) == 9)
    assert len(engine.of(SearchRequest)[-1].files) == len(engine.of(PatchesRequest)[-1].files) == 2040


def test_a_run_whose_list_is_gone_has_no_pictures(tab, run, qtbot):
    (run.path / "split.csv").unlink()
    tab.show()
    assert tab.currentWidget() is tab.nothing


def test_a_balanced_choice_is_even_and_the_same_each_time():
    labels = ["a"] * 50 + ["b"] * 7 + ["c"] * 30
    chosen = balanced(labels, 27)
    assert chosen == balanced(labels, 27) == sorted(set(chosen))
    assert [[labels[at] for at in chosen].count(name) for name in "abc"] == [10, 7, 10]
    assert balanced(labels, 27, seed=1) != chosen
    assert balanced(labels, 87) == list(range(87))
    assert balanced([], 5) == []


def listed() -> LayersListed:
    return LayersListed("run", LAYERS, 423, CLASSES, SIZE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 0.0}, "Channel 0 stays at 0 in all of the pictures: it answers to nothing in them."),
        ({"box": (0, 0, SIZE, SIZE)}, "Nine pictures that channel 0 answers most to. Six of nine show “bees”."),
    ],
)
def test_sentences(changes, said):
    assert texts.sentence(listed(), LAYERS[0], nine(**changes)) == said


def test_sentences_of_few_and_of_mixed_pictures():
    def said(*labels: str) -> str:
        found = tuple(patch(at, label) for at, label in enumerate(labels))
        return texts.sentence(listed(), layer_of("stem.conv"), PatchesShown("stem.conv", 4, found))

    assert said() == "Channel 4: none of the pictures can be read any more."
    assert said("ants") == "One place that channel 4 answers most to."
    assert said("ants", "ants") == "Two places that channel 4 answers most to. All show “ants”."
    assert said("ants", "bees", "wasps") == "Three places that channel 4 answers most to. They are of three classes."
    assert said("", "") == "Two places that channel 4 answers most to."


@pytest.mark.parametrize("size", [(850, 330), (400, 220), (1600, 300), (300, 900)])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_pairs_lie_within_the_grid_and_do_not_overlap(shown_tab, qtbot, size, count):
    grid = PatchGrid()
    qtbot.addWidget(grid)
    grid.resize(*size)
    grid.set_pairs(shown_tab.grid.pairs[:count])
    areas = [first.united(second) for first, second in map(grid.areas, range(count))]
    for at, area in enumerate(areas):
        assert grid.rect().contains(area.adjusted(0, 0, 0, 16).toAlignedRect())
        assert grid.at(area.center()) == at
        assert not any(area.intersects(other) for other in areas[:at])
    # The longer side of the room is used well.
    right, bottom = max(area.right() for area in areas), max(area.bottom() for area in areas)
    assert right > 0.9 * grid.width() or bottom > 0.8 * grid.height()


def test_keys_move_and_choose(shown_tab, looking, qtbot):
    grid = shown_tab.grid
    grid.setFocus()
    columns = grid.columns()
    qtbot.keyClick(grid, Qt.Key.Key_Right)
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert grid.current == 1 + columns
    assert f"{1 + columns}.png" in grid.accessibleDescription()
    qtbot.keyClick(grid, Qt.Key.Key_Up)
    qtbot.keyClick(grid, Qt.Key.Key_Left)
    qtbot.keyClick(grid, Qt.Key.Key_Left)  # there is nothing further left
    assert grid.current == 0
    qtbot.keyClick(grid, Qt.Key.Key_Return)
    assert looking.image == "/pictures/0.png"


def test_the_box_is_painted_where_the_place_lies(shown_tab):
    shot = shown_tab.picture.grab().toImage()
    area, box = shown_tab.picture.area(), shown_tab.picture.marked()
    scale = area.width() / SIZE
    assert (round(box.left() / scale), round(box.top() / scale)) == (3, 2)
    shown_tab.picture.show_box(shown_tab.grid.pairs[8].pixels, (0, 0, 5, 5))
    assert shown_tab.picture.marked().isEmpty()
    assert shot.pixelColor(QPoint(round(box.left()), round(box.center().y()))).blue() > 120  # the frame
    assert Path(shown_tab.name_label.whole_text).suffix == ".png"
