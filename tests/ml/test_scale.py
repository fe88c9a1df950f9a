"""Prediction over any number of files: each once, in order, with bounded memory."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from color_model import CLASSES, write_model, write_picture, write_pictures
from hypothesis import given, settings
from hypothesis import strategies as st

from deskclassify.core import prediction_csv
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.events import PredictDone, Prediction, Progress
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.requests import PredictRequest
from deskclassify.core.sources import Problem, walk
from deskclassify.ml import prediction
from deskclassify.ml.model_file import OpenModel
from deskclassify.ml.scale import files as files_module
from deskclassify.ml.scale import locally, seen, walking
from deskclassify.ml.scale.files import Files, listed
from deskclassify.ml.scale.seen import Seen
from deskclassify.ml.scale.walking import SortedNames, pictures


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "colours.onnx")


def rows_of(events: list) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction)]


@given(
    st.lists(st.text(st.characters(blacklist_characters="\0/", blacklist_categories=("Cs",)), min_size=1), unique=True)
)
@settings(max_examples=50, deadline=None)
def test_more_names_than_fit_are_sorted_on_the_disk(names: list[str]) -> None:
    with SortedNames(most=3) as some:
        for name in names:
            some.add(name)
        assert list(some) == sorted(names, key=os.fsencode)


def test_it_finds_what_a_walk_for_training_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = write_picture(tmp_path / "outside.png", 0)
    root = tmp_path / "root"
    for name in (
        "b/2.png",
        "b/10.JPG",
        "a/ü.png",
        "a/猫/z.webp",
        "x.png",
        ".hidden/h.png",
        "__MACOSX/m.png",
        "a/t.txt",
    ):
        write_picture(root / name, 0)
    (root / "link.png").symlink_to("x.png")
    (root / "out.png").symlink_to(outside)
    (root / "nowhere.png").symlink_to("none.png")
    (root / "circle.png").symlink_to("circle.png")
    (root / "b" / "up").symlink_to(root)
    wanted = [str(root / one) for one in walk(root) if not isinstance(one, Problem) and is_picture_name(one.name)]
    assert len(wanted) == 6
    for most in (100_000, 1):
        monkeypatch.setattr(walking.SortedNames.__init__, "__defaults__", (most,))
        assert list(pictures(root)) == wanted


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is closed to the superuser")
def test_a_closed_folder_is_told_of(tmp_path: Path, model: Path) -> None:
    write_picture(tmp_path / "p" / "a.png", 0)
    (tmp_path / "p" / "closed").mkdir(mode=0)
    _, bad = rows_of(list(prediction.predict(PredictRequest(str(model), (str(tmp_path / "p"),)), never)))
    assert "folder cannot be read" in bad.error


@given(st.lists(st.integers(0, 60)))
@settings(max_examples=50, deadline=None)
def test_seen_is_a_set(numbers: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen, "_IN_A_SET", 4)
        known, wanted = Seen(), set()
        for number in numbers:
            assert (f"/p/{number}" in known) == (number in wanted)
            assert known.add(f"/p/{number}") == (number not in wanted)
            wanted.add(number)
        assert len(known) == len(wanted)
        assert all(f"/p/x/../{number}" in known for number in wanted)


def test_seen_takes_little_memory() -> None:
    many = Seen(f"/p/{number}" for number in range(200_000))
    assert len(many) == 200_000
    assert sum(array.nbytes for array in many._arrays) <= 8 * 200_000
    lengths = [len(array) for array in many._arrays]
    assert all(first >= 2 * second for first, second in pairwise(lengths))


def test_a_list_of_paths(tmp_path: Path) -> None:
    made = write_pictures(tmp_path / "p", 3)
    odd = os.fsdecode(b"/gone/no\xff utf8.png")
    entries = [str(made[0]), str(tmp_path / "p"), "", str(made[0]), "/gone/a.png", odd]
    for null, end in ((False, b"\n"), (False, b"\r\n"), (True, b"\0")):
        (tmp_path / "list").write_bytes(end.join(map(os.fsencode, entries)))
        assert list(listed(str(tmp_path / "list"), null)) == [entry for entry in entries if entry]
        with Files(PredictRequest("", (str(made[2]),), files_from=str(tmp_path / "list"), null=null)) as found:
            assert list(found) == [*map(str, (made[2], made[0], made[1])), "/gone/a.png", odd]
    with pytest.raises(InputError, match="--null"):
        list(listed(str(tmp_path / "list")))
    with pytest.raises(InputError, match="cannot be read"):
        list(listed(str(tmp_path)))


def test_a_file_that_is_named_twice_is_answered_once(tmp_path: Path, model: Path) -> None:
    made = write_pictures(tmp_path / "p", 4)
    paths = (str(made[1]), str(tmp_path / "p"), str(tmp_path / "p" / "000" / ".." / "000"))
    rows = rows_of(list(prediction.predict(PredictRequest(str(model), paths), never)))
    assert [row.path for row in rows] == [str(made[at]) for at in (1, 0, 2, 3)]


def test_what_an_unfinished_table_holds_is_passed_over(tmp_path: Path, model: Path) -> None:
    made = write_pictures(tmp_path / "p", 30)
    request = PredictRequest(str(model), (str(tmp_path / "p"),))
    rows = rows_of(list(prediction.predict(request, never)))
    assert [row.label for row in rows] == [CLASSES[at % 3] for at in range(30)]
    prediction_csv.write(tmp_path / "t.csv.part", rows[::2])
    rest = list(prediction.predict(PredictRequest(**{**vars(request), "done": str(tmp_path / "t.csv.part")}), never))
    assert [row.path for row in rows_of(rest)] == [str(path) for path in made[1::2]]
    assert [event.done for event in rest if isinstance(event, Progress)][-1] == 30
    prediction_csv.write(tmp_path / "t.csv.part", rows)
    nothing = list(prediction.predict(PredictRequest(**{**vars(request), "done": str(tmp_path / "t.csv.part")}), never))
    assert rows_of(nothing) == [] and (nothing[-1].images, nothing[-1].stopped) == (0, False)


def test_many_files_are_counted_while_they_are_answered(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "_LOOK_AHEAD", 10)
    write_pictures(tmp_path / "p", 300)
    before = threading.active_count()
    events = list(prediction.predict(PredictRequest(str(model), (str(tmp_path / "p"),)), never))
    assert len(rows_of(events)) == 300 and "many files" in events[0].detail
    shown = [event for event in events if isinstance(event, Progress)]
    assert shown and all(event.done <= event.total <= 300 for event in shown)
    assert threading.active_count() == before


def test_results_come_in_order_and_few_wait() -> None:
    lock, running, most = threading.Lock(), 0, 0
    given = 0

    def source():
        nonlocal given
        for number in range(300):
            given += 1
            yield number

    def work(number: int) -> list[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(random.random() * 0.003)
        with lock:
            running -= 1
        return [number, -number]

    found = []
    for item in locally.ready(work, source(), never):
        found.append(item)
        assert given <= len(found) / 2 + 1 + locally.cpu_count() * 8 + 1
    assert found == [sign * number for number in range(300) for sign in (1, -1)]
    assert most <= locally.cpu_count()


def test_an_error_of_a_thread_comes_out_and_none_is_left() -> None:
    def work(number: int) -> list[int]:
        if number == 5:
            raise ValueError("five")
        return [number]

    before = threading.active_count()
    with pytest.raises(ValueError, match="five"):
        list(locally.ready(work, range(100), never))
    assert threading.active_count() == before


def test_a_stop_is_heard_while_a_picture_is_decoded() -> None:
    release, stop = threading.Event(), threading.Event()

    def work(number: int) -> list[int]:
        release.wait(20)
        return [number]

    heard: list[float] = []

    def asked() -> bool:
        if stop.is_set():
            heard.append(time.monotonic())
            release.set()  # the thread ends its picture, and nothing more
        return stop.is_set()

    timer = threading.Timer(0.2, stop.set)
    timer.start()
    begun = time.monotonic()
    assert list(locally.ready(work, range(1000), asked)) == []
    timer.join()
    assert heard and heard[0] - begun < 2


def test_a_stop_in_the_middle(tmp_path: Path, model: Path) -> None:
    write_pictures(tmp_path / "p", 150)
    events: list = []
    request = PredictRequest(str(model), (str(tmp_path / "p"),))
    for event in prediction.predict(request, lambda: len(rows_of(events)) == 20):
        events.append(event)  # noqa: PERF402 - what asks whether to stop looks at it
    assert isinstance(events[-1], PredictDone) and events[-1].stopped
    assert len(rows_of(events)) == 20 == events[-1].images


def test_with_a_card_what_is_ready_goes_through_it_together(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is none here: the processor plays it."""
    write_pictures(tmp_path / "p", 200)
    (tmp_path / "p" / "000" / "bad.png").write_bytes(b"no picture")
    request = PredictRequest(str(model), (str(tmp_path / "p"),))
    wanted = rows_of(list(prediction.predict(request, never)))
    sizes: list[int] = []
    run = OpenModel.run

    def counting(self: OpenModel, images: np.ndarray) -> np.ndarray:
        sizes.append(len(images))
        time.sleep(0.005)  # meanwhile the next are decoded
        return run(self, images)

    monkeypatch.setattr(OpenModel, "run", counting)
    monkeypatch.setattr(locally.ort, "real_provider", lambda session: "CUDAExecutionProvider")
    found = rows_of(list(prediction.predict(request, never)))
    assert [(row.path, row.label, row.error) for row in found] == [(row.path, row.label, row.error) for row in wanted]
    assert sum(sizes) == 200 and max(sizes) > 1 and max(sizes) <= locally._CARD_BATCH


def test_bad_files_get_a_sentence_each(tmp_path: Path, model: Path) -> None:
    write_picture(tmp_path / "p" / "a.png", 1)
    (tmp_path / "p" / "b.png").write_bytes(b"no picture")
    (tmp_path / "p" / "c.png").write_bytes((tmp_path / "p" / "a.png").read_bytes()[:45])
    names = [str(tmp_path / "p"), "/gone.png", "/" + "x" * 300 + ".png", f"/{'y/' * 3000}z.png"]
    (tmp_path / "list").write_text("\n".join(names))
    rows = rows_of(list(prediction.predict(PredictRequest(str(model), files_from=str(tmp_path / "list")), never)))
    assert [bool(row.error) for row in rows] == [False, True, True, True, True, True]
    assert all(row.error.endswith(".") and "Errno" not in row.error for row in rows[1:])
    assert "too long" in rows[-1].error and "too long" in rows[-2].error


_MEASURE = """
import sys
from deskclassify.core.machine import forget_peak, peak_resident_bytes, resident_bytes
from deskclassify.core.control import never
from deskclassify.core.events import Prediction
from deskclassify.core.requests import PredictRequest
from deskclassify.ml.prediction import predict
count, first = 0, 0
for event in predict(PredictRequest(sys.argv[1], (sys.argv[2],)), never):
    if isinstance(event, Prediction):
        count += 1
        assert event.label == "red", event
        if count == 1000:
            forget_peak()
            first = resident_bytes()
print(count, peak_resident_bytes() - first)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures by what Linux tells")
def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path, model: Path) -> None:
    one = write_picture(tmp_path / "one.png", 0)
    for at in range(12_000):
        if at % 4000 == 0:
            (tmp_path / "p" / str(at)).mkdir(parents=True)
            folder = tmp_path / "p" / str(at)
        os.link(one, folder / f"a picture with a name of some length {at:09}.png")
    call = [sys.executable, "-c", _MEASURE, str(model), str(tmp_path / "p")]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    count, grown = map(int, done.stdout.split())
    assert count == 12_000
    assert grown < 6_000_000, "bytes"  # a list of the paths and answers would take some 12 MB
