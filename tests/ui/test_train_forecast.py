"""The line on the Train page that tells what a training costs, on jobs that are played."""

import threading
from dataclasses import replace

import pytest

from deskclassify.core.errors import InputError
from deskclassify.core.events import FitDone, Forecast
from deskclassify.core.requests import FitRequest, ForecastRequest
from deskclassify.core.sources import Item, Listing
from deskclassify.ui.pages.train_controls import TrainControls
from deskclassify.ui.pages.train_forecast import ForecastLine, fact_text, figures_table

LISTING = Listing(
    tuple(
        Item(f"/p/{n}.png", f"{n}.png", "ants" if n % 2 else "bees", "valid" if n < 4 else "train") for n in range(20)
    )
)
FORECAST = Forecast(
    seconds_total=110.0,
    seconds_per_epoch=12.0,
    frozen_seconds=62.0,
    memory_bytes=1_400_000_000,
    unfrozen_images_per_second=31.0,
    precision="bf16",
    layout="channels last",
    figures={"fp32, contiguous": 12.0, "bf16, channels last": 31.0},
    train_images=16,
    valid_images=4,
    to_compute=20,
    text="About 2 min: 12 s an epoch, 1.4 GB of memory. bf16, channels last: 31 images/s (fp32: 12).",
)
DONE = FitDone("/r", 0.75, 0.25, 2, ("ants", "bees"), 16, 4, 0, 123.0, False, forecast_seconds=110.0)


class Played:
    """Answers forecasts at once, or once `gate` is open; trainings end with `DONE`."""

    def __init__(self):
        self.asked, self.stopped = [], 0
        self.gate = threading.Event()
        self.gate.set()
        self.failure = None
        self.done = DONE

    def __call__(self, request, control):
        if isinstance(request, ForecastRequest):
            self.asked.append(request)
            while not self.gate.wait(0.01):
                if control.stopped:
                    self.stopped += 1
                    return
            if self.failure is not None:
                raise self.failure
            yield FORECAST
        elif isinstance(request, FitRequest):
            yield replace(FORECAST, text="As the training itself says.")
            yield self.done


@pytest.fixture
def played():
    made = Played()
    yield made
    made.gate.set()


@pytest.fixture
def session(session_on, played):
    session = session_on(played)
    session.new_project("Insects")
    return session


@pytest.fixture
def line(qtbot, session):
    controls = TrainControls(session)
    qtbot.addWidget(controls)
    with qtbot.waitExposed(controls):
        controls.show()
    yield controls.findChild(ForecastLine, "forecastLabel")  # while it waits here, it holds the controls


def put_pictures(session):
    session.listing = LISTING
    session.listing_changed.emit()


def test_it_tells_the_cost_once_there_are_pictures(line, session, played, qtbot):
    assert line.text() == "" and not played.asked
    put_pictures(session)
    qtbot.waitUntil(lambda: line.text() == FORECAST.text)
    assert len(played.asked) == 1
    tip = line.toolTip()
    assert tip.index("bf16, channels last") < tip.index("fp32, contiguous") and "31.0 images/s" in tip


def test_many_changes_are_one_question_about_the_last(line, session, played, qtbot):
    put_pictures(session)
    for epochs in (3, 4, 5):
        session.change_options(replace(session.project.options, epochs=epochs))
    qtbot.waitUntil(lambda: line.text() == FORECAST.text)
    assert [request.fit.epochs for request in played.asked] == [5]
    session.change_options(replace(session.project.options, preset="thorough"))
    assert line.text() == ""  # what was said holds no more
    qtbot.waitUntil(lambda: line.text() == FORECAST.text)
    assert [request.fit.preset for request in played.asked] == ["quick", "thorough"]


def test_a_training_ends_the_question_and_shows_forecast_and_fact(line, session, played, qtbot):
    played.gate.clear()
    put_pictures(session)
    qtbot.waitUntil(lambda: len(played.asked) == 1)
    assert line.text().startswith("Working out")
    session.start_training()
    qtbot.waitUntil(lambda: session.train_state == "idle")
    assert line.text() == "Forecast 1 min 50 s, took 2 min 3 s."
    qtbot.waitUntil(lambda: played.stopped == 1)
    assert line.text() == "Forecast 1 min 50 s, took 2 min 3 s."


def test_a_stopped_training_is_no_fact_to_compare(line, session, played, qtbot):
    played.done = replace(DONE, stopped=True)
    played.gate.clear()
    put_pictures(session)
    session.start_training()
    qtbot.waitUntil(lambda: session.train_state == "idle")
    assert line.text() == "As the training itself says."


def test_nothing_is_asked_while_the_page_is_hidden(line, session, played, qtbot):
    line.parentWidget().hide()
    put_pictures(session)
    qtbot.wait(900)
    assert not played.asked
    line.parentWidget().show()
    qtbot.waitUntil(lambda: line.text() == FORECAST.text)


def test_leaving_the_page_ends_the_question(line, session, played, qtbot):
    played.gate.clear()
    put_pictures(session)
    qtbot.waitUntil(lambda: len(played.asked) == 1)
    line.parentWidget().hide()
    qtbot.waitUntil(lambda: played.stopped == 1)
    assert line.text() == ""


def test_what_cannot_be_told_is_not_told(line, session, played, qtbot):
    played.failure = InputError("There is no GPU.")
    with qtbot.assertNotEmitted(session.failed):
        put_pictures(session)
        qtbot.waitUntil(lambda: len(played.asked) == 1 and line.text() == "")


def test_texts_without_a_widget():
    assert fact_text(replace(DONE, peak_memory_bytes=1_500_000_000)) == (
        "Forecast 1 min 50 s, took 2 min 3 s. Most memory taken: 1.5 GB."
    )
    assert "<b>" not in figures_table({"<b>": 1.0}) and "<table>" not in figures_table({})
