"""The map of the pictures: what is asked when, what is shown, what becomes of the pictures that are chosen."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message, Progress
from deskclassify.core.layer_events import Mapped
from deskclassify.core.layer_requests import MapRequest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.map_tab import MapTab, chosen_text, note

CLASSES = ("ants", "bees", "wasps", "beetles", "butterflies", "dragonflies", "grasshoppers")
LABELS = ("ants", "ants", "bees", "wasps", "bees")
SAID = ("ants", "bees", "bees", "wasps", "bees")  # the second is wrong
PLACES = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [0, 0]], np.float32)


class Maps:
    """Answers with a map; waits before it where `gate` is not set."""

    def __init__(self, folder, engine) -> None:
        self.engine = engine
        self.gate = threading.Event()
        self.gate.set()
        self.remark = ""
        self.paths = []
        for at in range(5):
            self.paths.append(str(folder / f"Käfer {at}.png"))
            Image.new("RGB", (20, 20), "teal").save(self.paths[-1])

    def __call__(self, request: MapRequest) -> Iterator[Event]:
        control = self.engine.controls[-1]
        yield Progress("features", 2, 5)
        while not self.gate.wait(0.01):
            if control.stopped:
                return
        is_pca = request.method == "pca"
        if not is_pca:
            yield Progress("tsne", 1, 4)
        if self.remark:
            yield Message(self.remark)
        points, explained = (PLACES, 0.43) if is_pca else (-PLACES, None)
        certain = np.full(5, 0.9, np.float32)
        names = (tuple(self.paths), LABELS, SAID, CLASSES)
        yield Mapped(request.model, request.method, points, *names, explained, certain)


@pytest.fixture
def maps(tmp_path, engine):
    made = engine.answers[MapRequest] = Maps(tmp_path, engine)
    yield made
    made.gate.set()


@pytest.fixture
def looking(session, maps, qtbot):
    made = Looking(session)
    made.open("/runs/first")
    qtbot.waitUntil(lambda: made.listed is not None)
    yield made
    made.deleteLater()


@pytest.fixture
def tab(qtbot, looking):
    made = MapTab(looking)
    qtbot.addWidget(made)
    made.resize(620, 380)
    return made


@pytest.fixture
def full(tab, qtbot):
    tab.show()
    qtbot.waitUntil(lambda: len(tab.plot.cloud) == 5 and tab.busy.isHidden())
    return tab


def asked(engine):
    return [request.method for request in engine.of(MapRequest)]


def test_nothing_is_asked_before_the_tab_is_seen(tab, engine, qtbot, session):
    qtbot.wait(50)
    assert not engine.of(MapRequest)
    tab.show()
    qtbot.waitUntil(lambda: len(tab.plot.cloud) == 5)
    assert engine.of(MapRequest) == [MapRequest("/runs/first", "pca", session.settings.device)]


def test_the_map_names_classes_and_says_what_nearness_means(full):
    assert full.stack.currentIndex() == 0
    assert [row.text() for row in full.legend.rows] == list(CLASSES)
    assert full.note_label.text().startswith("The two directions in which the pictures differ most")
    assert "43 % of all differences" in full.note_label.text()
    assert full.help_label.isVisible() and not full.picked.isVisible()


def test_the_other_method_is_asked_for_once(full, engine, qtbot):
    full.buttons["tsne"].click()
    qtbot.waitUntil(lambda: np.array_equal(full.plot.cloud.points, -PLACES) and full.busy.isHidden())
    assert "distances between groups" in full.note_label.text() and "mean nothing" in full.note_label.text()
    full.buttons["pca"].click()
    assert np.array_equal(full.plot.cloud.points, PLACES), "at once, for it is known"
    full.buttons["tsne"].click()
    assert np.array_equal(full.plot.cloud.points, -PLACES)
    full.hide()
    full.show()
    qtbot.wait(30)
    assert asked(engine) == ["pca", "tsne"]


def test_progress_and_stop(tab, maps, engine, qtbot):
    maps.gate.clear()
    tab.show()
    qtbot.waitUntil(lambda: tab.busy_label.text() == "Looking at picture 2 of 5")
    assert (tab.bar.value(), tab.bar.maximum()) == (2, 5) and tab.stop_button.isVisible()
    tab.stop_button.click()
    assert engine.controls[-1].stopped and tab.busy.isHidden()
    assert tab.stack.currentWidget() is tab.nothing and tab.again_button.isVisible()
    tab.hide()
    tab.show()
    qtbot.wait(30)
    assert asked(engine) == ["pca"], "what was stopped does not begin by itself"
    maps.gate.set()
    tab.again_button.click()
    qtbot.waitUntil(lambda: len(tab.plot.cloud) == 5)
    assert tab.stack.currentIndex() == 0


def test_stopping_the_second_map_goes_back_to_the_first(full, maps, qtbot):
    maps.gate.clear()
    full.buttons["tsne"].click()
    qtbot.waitUntil(lambda: full.busy_label.text() == "Looking at picture 2 of 5")
    assert len(full.plot.cloud) == 5, "the first one is still there"
    full.stop_button.click()
    assert full.buttons["pca"].isChecked() and np.array_equal(full.plot.cloud.points, PLACES)
    maps.gate.set()
    full.buttons["tsne"].click()
    qtbot.waitUntil(lambda: np.array_equal(full.plot.cloud.points, -PLACES))


def test_leaving_the_tab_stops_the_work(tab, maps, engine, qtbot):
    maps.gate.clear()
    tab.show()
    qtbot.waitUntil(lambda: tab.bar.maximum() == 5)
    tab.hide()
    assert engine.controls[-1].stopped
    maps.gate.set()
    tab.show()
    qtbot.waitUntil(lambda: len(tab.plot.cloud) == 5)


def test_what_is_left_out_is_said(tab, maps, qtbot):
    maps.remark = "2 pictures could not be read and are left out."
    tab.show()
    qtbot.waitUntil(lambda: tab.note_label.text().endswith("the rest. 2 pictures could not be read and are left out."))


def test_a_failure_is_a_sentence_and_the_other_map_stays_within_reach(full, engine, qtbot):
    engine.errors[MapRequest] = InputError("At least 5 are needed.")
    full.buttons["tsne"].click()
    qtbot.waitUntil(lambda: full.nothing.text_label.text() == "At least 5 are needed.")
    assert full.stack.currentWidget() is full.nothing and full.busy.isHidden()
    full.buttons["pca"].click()
    assert full.stack.currentIndex() == 0 and len(full.plot.cloud) == 5


def test_a_pretrained_network_has_no_map(full, looking, engine, qtbot):
    engine.classes = ()
    looking.open("resnet18")
    assert not len(full.plot.cloud) and not full.note_label.text()
    qtbot.waitUntil(lambda: full.stack.currentWidget() is full.nothing)
    assert "network of your own" in full.nothing.text_label.text()
    assert not full.head.isVisible() and not full.again_button.isVisible()
    assert len(engine.of(MapRequest)) == 1
    engine.classes = CLASSES
    looking.open("/runs/second")
    qtbot.waitUntil(lambda: len(full.plot.cloud) == 5)
    assert full.head.isVisible() and engine.of(MapRequest)[-1].model == "/runs/second"


def test_a_click_on_a_point_pins_its_picture(full, looking, maps):
    full.plot.clicked.emit(3)
    assert looking.image == maps.paths[3] and full.plot.pinned == 3
    looking.set_image("/elsewhere.png")
    assert full.plot.pinned == -1


def test_chosen_pictures_are_counted_shown_and_sent_to_evaluate(full, maps, looking, qtbot):
    full.plot.select([0, 1, 4])
    assert full.chosen_label.text() == "3 pictures chosen, 1 of them wrong"
    assert full.picked.isVisible() and not full.help_label.isVisible()
    entries = [full.grid.entry_at(full.grid.model().index(row, 0)) for row in range(3)]
    assert [entry.path for entry in entries] == [maps.paths[at] for at in (1, 0, 4)], "wrong ones first"
    assert [entry.bad for entry in entries] == [True, False, False]
    assert entries[0].subtitle == "The network says “bees” (90 %)"
    with qtbot.waitSignal(full.chosen) as told:
        full.evaluate_button.click()
    assert told.args == [[maps.paths[at] for at in (0, 1, 4)]]
    full.grid.activated.emit(full.grid.model().index(2, 0))
    assert looking.image == maps.paths[4]
    full.plot.select(())
    assert not full.picked.isVisible() and full.grid.model().rowCount() == 0


def test_a_hidden_class_is_chosen_no_more(full, qtbot):
    full.plot.select([0, 1, 4])
    qtbot.mouseClick(full.legend.rows[0], Qt.MouseButton.LeftButton)
    assert full.chosen_label.text() == "1 picture chosen, all right"
    full.buttons["tsne"].click()
    qtbot.waitUntil(lambda: np.array_equal(full.plot.cloud.points, -PLACES))
    assert full.legend.hidden == {0} and full.plot.selection.tolist() == [4]


def test_pictures_are_shown_in_place_of_points(full, qtbot):
    full.pictures_button.click()
    at = full.plot.pixels()[4].astype(int).tolist()
    qtbot.waitUntil(lambda: full.plot.grab().toImage().pixelColor(*at).name() == "#008080")


def test_it_fits_the_smallest_window(full):
    full.plot.select([0, 1])
    assert full.minimumSizeHint().width() <= 620 and full.minimumSizeHint().height() <= 380
    full.plot.select(())
    assert full.minimumSizeHint().height() <= 380
    full._show_progress("Looking at picture 10,000 of 10,000", 1, 1)
    full.busy.show()
    assert full.minimumSizeHint().width() <= 620


@pytest.mark.parametrize(
    ("images", "wrong", "text"),
    [
        (23, 4, "23 pictures chosen, 4 of them wrong"),
        (1, 1, "1 picture chosen, and it is wrong"),
        (2, 0, "2 pictures chosen, all right"),
    ],
)
def test_the_chosen_in_words(images, wrong, text):
    assert chosen_text(images, wrong) == text


def test_the_note_is_of_the_method():
    mapped = Mapped("run", "pca", PLACES, (), (), (), CLASSES, 0.161)
    assert "16 % of all differences" in note(mapped)
