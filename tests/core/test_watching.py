"""A watched folder tells of pictures that appear, once they are whole, and survives what folders do."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import pytest

from deskclassify.core import watching
from deskclassify.core.control import Control
from deskclassify.core.errors import InputError
from deskclassify.core.events import Message, Progress
from deskclassify.core.use_events import Appeared
from deskclassify.core.use_requests import WatchRequest
from deskclassify.core.watching import watch


class Watched:
    """A folder under watch; each `look` is one look of the job, with no clock in it."""

    def __init__(self, folder, monkeypatch, **options):
        self.control = Control()
        self._looks = itertools.count()
        self._step = threading.Semaphore(0)
        monkeypatch.setattr(watching, "_wait", self._wait)
        self.events = []
        self._folder = folder
        self._stream = watch(WatchRequest(str(folder), **options), self.control)
        self._thread = None
        self._done = threading.Semaphore(0)

    def _wait(self, seconds, should_stop):
        self._done.release()
        self._step.acquire(timeout=20)

    def start(self):
        def run():
            for event in self._stream:
                self.events.append(event)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert self._done.acquire(timeout=20)
        return self

    def look(self):
        before = len(self.events)
        self._step.release()
        assert self._done.acquire(timeout=20)
        return self.events[before:]

    def end(self):
        self.control.stop()
        self._step.release()
        self._thread.join(20)
        assert not self._thread.is_alive()


@pytest.fixture
def watched(tmp_path, monkeypatch):
    made = []

    def start(folder=None, **options):
        made.append(Watched(folder or tmp_path, monkeypatch, **options).start())
        return made[-1]

    yield start
    for one in made:
        one.end()


def names(events):
    return [Path(path).name for event in events if isinstance(event, Appeared) for path in event.files]


def test_a_new_picture_appears_after_two_looks_and_once(watched, tmp_path):
    (tmp_path / "old.jpg").write_bytes(b"old")
    folder = watched()
    assert folder.events == [Progress("watch", 0, 1)]
    (tmp_path / "Käfer.jpg").write_bytes(b"new")
    (tmp_path / "notes.txt").write_bytes(b"no picture")
    (tmp_path / ".hidden.jpg").write_bytes(b"hidden")
    assert folder.look() == []
    assert folder.look() == [Appeared((str(tmp_path / "Käfer.jpg"),)), Progress("watch", 1, 2)]
    assert folder.look() == []


def test_a_file_that_grows_waits_until_it_rests(watched, tmp_path):
    folder = watched()
    file = tmp_path / "slow.png"
    file.write_bytes(b"")
    assert not folder.look() and not folder.look()  # empty: nobody has written it yet
    for length in (10, 20, 30):
        file.write_bytes(b"x" * length)
        assert not folder.look()
    assert names(folder.look()) == ["slow.png"]


def test_a_half_written_file_at_the_start_appears_when_it_is_whole(watched, tmp_path):
    file = tmp_path / "half.png"
    file.write_bytes(b"x")
    folder = watched()
    file.write_bytes(b"xx")
    assert not folder.look()
    assert names(folder.look()) == ["half.png"]


def test_renamed_into_place_and_written_anew(watched, tmp_path):
    folder = watched()
    (tmp_path / "upload.tmp").write_bytes(b"whole")
    folder.look()
    folder.look()
    (tmp_path / "upload.tmp").rename(tmp_path / "upload.jpg")
    folder.look()
    assert names(folder.look()) == ["upload.jpg"]
    (tmp_path / "upload.jpg").write_bytes(b"another picture")
    folder.look()
    assert names(folder.look()) == ["upload.jpg"]


def test_new_folders_are_entered_and_links_are_not(watched, tmp_path):
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    (other / "outside.png").write_bytes(b"x")
    folder = watched(root)
    (root / "deep" / "deeper").mkdir(parents=True)
    (root / "deep" / "deeper" / "in.png").write_bytes(b"x")
    (root / "deep" / "circle").symlink_to(root, target_is_directory=True)
    (root / "away").symlink_to(other, target_is_directory=True)
    (root / "away.png").symlink_to(other / "outside.png")
    (root / "near.png").symlink_to(root / "deep" / "deeper" / "in.png")
    folder.look()
    assert names(folder.look()) == ["near.png", "in.png"]


def test_present_ones_are_told_of_too_where_that_is_wanted(watched, tmp_path):
    (tmp_path / "old.jpg").write_bytes(b"old")
    folder = watched(present=True)
    assert names(folder.look()) == ["old.jpg"]


def test_a_folder_that_goes_away_is_told_once_and_goes_on(watched, tmp_path):
    root, aside = tmp_path / "card", tmp_path / "aside"
    root.mkdir()
    (root / "old.png").write_bytes(b"old")
    folder = watched(root)
    root.rename(aside)
    (gone,) = folder.look()
    assert isinstance(gone, Message) and gone.level == "warning" and "“card”" in gone.text
    assert folder.look() == []
    (aside / "new.png").write_bytes(b"new")
    aside.rename(root)
    (back,) = folder.look()
    assert isinstance(back, Message) and "is back" in back.text
    assert names(folder.look()) == ["new.png"]  # and not what was there before


def test_many_come_in_batches(watched, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_MOST_AT_ONCE", 40)
    folder = watched()
    for number in range(100):
        (tmp_path / f"{number:03d}.png").write_bytes(b"x")
    folder.look()
    events = folder.look()
    assert [len(event.files) for event in events[:-1]] == [40, 40, 20] and events[-1] == Progress("watch", 100, 100)


def test_no_folder_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        next(watch(WatchRequest(str(tmp_path / "nowhere")), Control()))


def test_it_stops_at_once_also_between_two_looks(tmp_path):
    control = Control()
    ended = threading.Event()

    def run():
        for _ in watch(WatchRequest(str(tmp_path), seconds=600.0), control):
            pass
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    time.sleep(0.1)
    control.stop()
    assert ended.wait(5)


def test_looking_at_very_many_takes_a_tenth_of_the_time(tmp_path, monkeypatch):
    waits = []
    ticks = iter(range(0, 1000, 3))  # a look takes three seconds
    monkeypatch.setattr(watching.time, "monotonic", lambda: float(next(ticks)))
    control = Control()

    def wait(seconds, should_stop):
        waits.append(seconds)
        control.stop()

    monkeypatch.setattr(watching, "_wait", wait)
    list(watch(WatchRequest(str(tmp_path)), control))
    assert waits == [27.0]
