"""Copies in folders of classes: whole ones only, nothing moved, nothing overwritten."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deskclassify.core import sorting
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.events import Prediction, Progress
from deskclassify.core.sorting import copy_into, folder_name, places, sort
from deskclassify.core.use_events import Sorted
from deskclassify.core.use_requests import SortRequest


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(4):
        (folder / f"bäume {number}.jpg").write_bytes(bytes([number]) * 5000)
    return sorted(folder.iterdir())


def run(files, folder, should_stop=never):
    events = list(sort(SortRequest(tuple((str(path), name) for path, name in files), str(folder)), should_stop))
    assert isinstance(events[-1], Sorted)
    return events[-1], events[:-1]


@pytest.mark.parametrize(
    "label", ["a/b", "..", ".", "", "con", "LPT1.x", "C:\\x", "a\0b", "  ", "ends.", "ü" * 300, "a\ud800b", "a\udcffb"]
)
def test_class_names_become_names_of_one_folder(label, tmp_path):
    name = folder_name(label)
    assert (tmp_path / name).parent == tmp_path
    assert name.strip(". ") == name != ""
    assert name.lower() not in ("con", "lpt1.x")
    assert folder_name(name) == name
    (tmp_path / name).mkdir()


def test_a_copy_that_fails_leaves_no_half(tmp_path, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(b"x" * 100)

    def broken(source, sink, length):
        sink.write(source.read(10))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sorting.shutil, "copyfileobj", broken)
    with pytest.raises(OSError, match="space"):
        copy_into(tmp_path / "a.jpg", tmp_path / "c")
    assert list((tmp_path / "c").iterdir()) == []


def test_copies_lie_in_folders_and_the_originals_are_as_before(files, tmp_path):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
    for _ in range(2):
        done, told = run([(path, "cat" if place < 3 else "dog") for place, path in enumerate(files)], tmp_path / "out")
    assert (done.copied, done.missing, done.stopped) == (4, (), False)
    assert isinstance(told[-1], Progress) and (told[-1].done, told[-1].total) == (4, 4)
    made = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.jpg"))
    assert len(made) == 8 and "cat/bäume 0.jpg" in made and "cat/bäume 0 (2).jpg" in made and "dog/bäume 3.jpg" in made
    assert (tmp_path / "out" / "dog" / "bäume 3.jpg").read_bytes() == files[3].read_bytes()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files} == before


def test_stopping_keeps_whole_copies_only(files, tmp_path):
    asked = iter([*[False] * (len(files) + 2), True])  # the check of the disk asks for each file as well
    done, _ = run([(path, "x") for path in files], tmp_path / "out", lambda: next(asked))
    assert done.stopped and done.copied == 2
    made = sorted((tmp_path / "out" / "x").iterdir())
    assert [path.read_bytes() for path in made] == [path.read_bytes() for path in files[:2]]
    assert "Stopped" in sorting.in_words(done)


def test_files_that_are_gone_or_locked_are_told_of(files, tmp_path, monkeypatch):
    files[1].unlink()
    real = sorting.Path.open

    def refuse(self, *args, **kwargs):
        if self == files[2]:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(sorting.Path, "open", refuse)
    done, _ = run([(path, "x") for path in files], tmp_path / "out")
    assert done.copied == 2 and done.missing == (str(files[1]),) and done.unreadable == (str(files[2]),)
    said = sorting.in_words(done)
    assert "2 pictures" in said and files[1].name in said and "not there" in said and files[2].name in said


def test_a_disk_without_room_is_told_before_anything_is_copied(files, tmp_path, monkeypatch):
    monkeypatch.setattr(sorting.shutil, "disk_usage", lambda place: SimpleNamespace(free=20_000))
    with pytest.raises(InputError, match="free there"):
        run([(path, "x") for path in files], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="no picture"):
        list(sort(SortRequest((), str(tmp_path / "out")), never))


def test_a_folder_name_in_the_request_cannot_lead_elsewhere(files, tmp_path):
    run([(files[0], "../../evil")], tmp_path / "out" / "deep")
    assert [path.parent.parent for path in (tmp_path / "out").rglob("*.jpg")] == [tmp_path / "out" / "deep"]


def test_places_leave_unreadable_out_and_keep_classes_apart():
    rows = [
        Prediction("/1", "a/b", 0.9),
        Prediction("/2", "a:b", 0.9),
        Prediction("/3", "A-B", 0.9),
        Prediction("/4", error="Cut off."),
        Prediction("/5", "a/b", 0.2, refused=True),
        Prediction("/6", "none of these", 0.9),
        Prediction("/7", "a/b", 0.8),
    ]
    made = dict(places(rows))
    assert "/4" not in made and made["/1"] == made["/7"]
    assert len({made[path].casefold() for path in ("/1", "/2", "/3", "/5", "/6")}) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="names are bytes on POSIX only")
def test_names_that_are_not_unicode_and_the_longest_ones(tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/v\xff.jpg")
    long = tmp_path / ("ü" * 125 + ".jpg")  # 254 bytes
    for path in (odd, long):
        Path(path).write_bytes(b"1")
    for _ in range(2):
        done, _ = run([(odd, "x"), (long, "x")], tmp_path / "out")
    assert done.copied == 2 and len(list((tmp_path / "out" / "x").iterdir())) == 4
