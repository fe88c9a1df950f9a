"""The bar that chooses an epoch."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from layers_double import LAYERS, shown
from PySide6.QtWidgets import QSlider

from deskclassify.core.events import EpochDone
from deskclassify.core.layer_events import LayersListed
from deskclassify.core.layer_requests import LayerRequest, LayersRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.ui.pages.layers import epoch_bar
from deskclassify.ui.pages.layers.epoch_bar import EpochBar
from deskclassify.ui.pages.layers.looking import Looking

EPOCHS, BEST = (0, 1, 4, 5, 9), 5


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.path.mkdir()
    made.write_history(
        EpochDone("frozen" if n < 5 else "unfrozen", n, 1.0, 1.0, n / 10, 1 - n / 10, 0.1, 1.0, 9.0)
        for n in range(1, 10)
    )
    return made


@pytest.fixture
def listing(engine):
    """What is told of the network; tests may change it."""
    told = {"epochs": EPOCHS, "best_epoch": BEST, "has_pretrained": True}

    def answer(request):
        yield LayersListed(request.model, LAYERS, 423, engine.classes, 16, "A network", **told)

    engine.answers[LayersRequest] = answer
    return told


@pytest.fixture
def bar(session, listing, qtbot, monkeypatch):
    monkeypatch.setattr(epoch_bar, "_STEP_MILLISECONDS", 5)
    looking = Looking(session)
    made = EpochBar(looking)
    qtbot.addWidget(made)
    made.resize(640, 48)
    return made


def open_run(bar, run, qtbot):
    bar._looking.open(str(run.path))
    qtbot.waitUntil(lambda: bar._looking.listed is not None)


def settle(bar, qtbot):
    qtbot.waitUntil(lambda: not bar._looking.is_busy and not bar._looking.session.owner.jobs)


def test_it_begins_at_the_best_epoch_and_says_what_that_reached(bar, run, qtbot):
    assert bar.isHidden()
    open_run(bar, run, qtbot)
    slider = bar.findChild(QSlider, "epochSlider")
    assert slider is bar.slider
    assert slider.isVisible()
    assert (slider.minimum(), slider.maximum(), slider.value()) == (0, 4, 3)
    assert bar.label.whole_text == "Epoch 5 of 9: accuracy 50.0\u00a0%"
    assert bar.slider.toolTip().endswith("the network was unfrozen")
    assert bar._looking.epoch is None


def test_moving_it_looks_at_that_epoch(bar, run, engine, qtbot):
    open_run(bar, run, qtbot)
    bar._looking.set_layer(LAYERS[0])
    bar.slider.setValue(1)
    settle(bar, qtbot)
    assert bar._looking.epoch == 1
    assert engine.of(LayerRequest)[-1].epoch == 1
    assert bar.label.whole_text == "Epoch 1 of 9: accuracy 10.0\u00a0%"
    bar.slider.setValue(0)
    assert bar._looking.epoch == 0
    assert bar.label.whole_text.startswith("Before training")
    bar.slider.setValue(3)
    assert bar._looking.epoch is None  # the best one is what the run is
    settle(bar, qtbot)


def test_it_follows_an_epoch_that_was_chosen_elsewhere(bar, run, qtbot):
    open_run(bar, run, qtbot)
    bar._looking.set_epoch(9)
    assert bar.slider.value() == 4
    bar._looking.set_epoch(7)  # not kept
    assert bar.slider.value() == 4


def test_the_best_epoch_is_marked(bar, run, listing, qtbot):
    open_run(bar, run, qtbot)
    marked = bar.slider.grab().toImage()
    bar.slider.set_best(-1)
    assert bar.slider.grab().toImage() != marked


@pytest.mark.parametrize(
    ("has_pretrained", "words"), [(True, "trained before epochs were kept"), (False, "are not on this computer")]
)
def test_without_epochs_the_slider_is_hidden_with_a_reason(bar, run, listing, qtbot, has_pretrained, words):
    listing |= {"epochs": (), "has_pretrained": has_pretrained}
    open_run(bar, run, qtbot)
    assert bar.isVisible()
    assert not bar.slider.isVisible()
    assert not bar.play_button.isVisible()
    assert words in bar.reason_label.toolTip()


def test_a_pretrained_network_has_no_bar(bar, run, engine, listing, qtbot):
    engine.classes = ()
    listing["epochs"] = ()
    open_run(bar, run, qtbot)
    assert bar.isHidden()


def test_another_network_hides_it_until_it_is_known(bar, run, qtbot):
    open_run(bar, run, qtbot)
    bar._looking.open("efficientnet_lite0")
    assert bar.isHidden()
    settle(bar, qtbot)


def test_a_run_without_a_readable_history_still_has_its_epochs(bar, run, qtbot):
    (run.path / "history.jsonl").write_bytes(b"\xff\xfe nonsense")
    open_run(bar, run, qtbot)
    bar.slider.setValue(2)
    assert bar.label.whole_text == "Epoch 4"


def test_playing_goes_from_the_beginning_to_the_end(bar, run, engine, qtbot):
    open_run(bar, run, qtbot)
    bar._looking.set_layer(LAYERS[0])
    bar.slider.setValue(4)
    settle(bar, qtbot)
    engine.requests.clear()
    bar.play_button.click()
    assert bar.is_playing
    qtbot.waitUntil(lambda: not bar.is_playing)
    settle(bar, qtbot)
    assert [request.epoch for request in engine.of(LayerRequest)] == [0, 1, 4, None, 9]
    assert bar.slider.value() == 4


def test_playing_waits_for_each_answer(bar, run, engine, qtbot):
    open_run(bar, run, qtbot)
    gate = threading.Event()

    def slowly(request):
        gate.wait(5)
        yield from shown(request)

    bar._looking.set_layer(LAYERS[0])
    settle(bar, qtbot)
    engine.answers[LayerRequest] = slowly
    bar.slider.setValue(0)
    bar.play_button.click()
    qtbot.wait(80)
    assert bar.slider.value() == 0  # many steps would have fitted in
    gate.set()
    qtbot.waitUntil(lambda: bar.slider.value() > 0)
    bar.play_button.click()
    assert not bar.is_playing
    settle(bar, qtbot)


def test_playing_ends_when_the_user_moves_the_slider_or_looks_away(bar, run, qtbot):
    open_run(bar, run, qtbot)
    bar._timer.setInterval(10_000)
    bar.play_button.click()
    bar.slider.setValue(1)
    assert not bar.is_playing
    assert bar._looking.epoch == 1
    bar.play_button.click()
    bar.hide()
    assert not bar.is_playing
