"""A training that waits for a full disk is paused in the window, and goes on when it is resumed."""

import threading

import pytest

from deskclassify.core.events import BatchDone, Held, Message
from deskclassify.core.requests import FitRequest
from deskclassify.core.sources import Item, Listing
from deskclassify.ui.pages.train import TrainPage

FULL = "The disk that holds “run” is full: 46 MB are needed. The training waits, and nothing of it is lost. Free space."
LISTING = Listing(tuple(Item(f"/p/{n}.png", f"{n}.png", "ants" if n % 2 else "bees", "train") for n in range(8)))


class FullDisk:
    """A training job that finds the disk full, waits as `PatientDisk` does, and finds it full `times` times."""

    def __init__(self, times):
        self.times = times
        self.seen = 0  # pauses
        self.let_go = threading.Semaphore(0)

    def __call__(self, request, control):
        if not isinstance(request, FitRequest):
            return
        for _ in range(self.times):
            yield Held(FULL)
            while not control.paused and not control.stopped:
                threading.Event().wait(0.01)
            self.seen += 1
            if control():
                return
        yield Message("There is room on the disk again: the training goes on.")
        self.let_go.acquire()
        yield BatchDone("frozen", 1, 3, 10, 0.5, 1e-3, 90.0, 1.0)


@pytest.fixture
def training(qtbot, session_on):
    stream = FullDisk(2)
    session = session_on(stream)
    session.new_project("Insects")
    page = TrainPage(session)
    qtbot.addWidget(page)
    session.listing = LISTING
    session.listing_changed.emit()
    page.controls.train.click()
    yield session, page, stream
    stream.let_go.release()


def test_it_is_paused_with_the_sentence_until_resume_finds_room(qtbot, training):
    session, page, disk = training
    controls, shown = page.controls, page.charts.messages
    for times in (1, 2):
        qtbot.waitUntil(lambda times=times: shown.count() == times and session.train_state == "paused")
        qtbot.waitUntil(lambda times=times: disk.seen == times)  # nobody resumes faster than it looks
        assert controls.stage.text() == f"{FULL} Then press Resume."
        assert controls.pause.text() == "Resume"
        assert controls.stop.isEnabled()
        controls.pause.click()
        assert session.train_state == "running"
    qtbot.waitUntil(lambda: shown.count() == 3)
    assert session.train_state == "running"
    assert controls.pause.text() == "Pause"


def test_it_can_be_stopped_while_it_waits(qtbot, training):
    session, page, _ = training
    qtbot.waitUntil(lambda: session.train_state == "paused")
    page.controls.stop.click()
    qtbot.waitUntil(lambda: session.train_state == "idle")
