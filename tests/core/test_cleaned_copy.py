"""The copy: what the list says lies there, nothing is overwritten, and nothing half is ever left."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.__main__ import main
from deskclassify.core import cleaned_copy, project
from deskclassify.core.cleaned_copy import copy, folder_names, places
from deskclassify.core.control import never
from deskclassify.core.data_events import Copied
from deskclassify.core.data_requests import CopyRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.sources import DataSpec, Item, Source, list_data


@pytest.fixture
def data(tmp_path, make_pictures):
    folder = make_pictures(tmp_path / "pictures", {"ant": 6, "bee": 6, "cat": 2})
    return DataSpec(
        (Source(str(folder)),),
        renamed={"bee": "wasp"},
        relabelled={"ant/ant_000.png": "cat"},
        excluded=("ant/ant_001.png",),
    )


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run(request, should_stop=never):
    return list(copy(request, should_stop))


def rows(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("by_subset", [False, True])
def test_the_copy_has_the_classes_and_subsets_as_they_are_now(tmp_path, data, by_subset):
    before = contents(tmp_path / "pictures")
    *progress, done = run(CopyRequest(data, str(tmp_path / "clean"), by_subset))
    assert isinstance(done, Copied) and done.images == 13 and done.failed == ()
    assert isinstance(progress[-1], Progress) and progress[-1].done == progress[-1].total == 13
    wanted = list_data(data)
    found = list_data(DataSpec((Source(str(tmp_path / "clean")),)))
    assert found.classes() == wanted.classes() == {"ant": 4, "cat": 3, "wasp": 6}
    if by_subset:
        assert found.subsets() == wanted.subsets()
        assert {item.fixed for item in found.items} == set(wanted.subsets())
    assert contents(tmp_path / "pictures") == before
    copied = contents(tmp_path / "clean")
    originals = {Path(name).name: content for name, content in before.items()}
    pictures = {name: content for name, content in copied.items() if name.endswith(".png")}
    assert all(content == originals[Path(name).name] for name, content in pictures.items()), "bytes or times differ"
    assert not list(tmp_path.glob(".*")), "something beside the copy was left"


def test_the_tables_say_what_was_changed(tmp_path, data):
    run(CopyRequest(data, str(tmp_path / "clean")))
    table = {row["path"]: row for row in rows(tmp_path / "clean" / "labels.csv")}
    moved = table["cat/ant_000.png"]
    assert moved["original"] == str(tmp_path / "pictures" / "ant" / "ant_000.png")
    assert (moved["label"], moved["found"], moved["changed"]) == ("cat", "ant", "class changed")
    assert table["wasp/bee_000.png"]["found"] == "bee"
    assert table["ant/ant_002.png"]["changed"] == ""
    assert [row["label"] for row in rows(tmp_path / "clean" / "left_out.csv")] == ["ant"]
    by_table = list_data(DataSpec((Source(str(tmp_path / "clean")),), rule="csv:labels.csv"))
    assert by_table.classes() == list_data(data).classes(), "the table is not one that the program can read"
    assert by_table.subsets() == list_data(data).subsets()


def test_names_that_clash_get_numbers(tmp_path, make_pictures):
    for name in ("one", "two"):
        make_pictures(tmp_path / name, {"ant": 2})
    (tmp_path / "two" / "ant" / "ANT_000.png").write_bytes(b"other")
    sources = tuple(Source(str(tmp_path / name)) for name in ("one", "two"))
    run(CopyRequest(DataSpec(sources), str(tmp_path / "clean")))
    names = sorted(path.name for path in (tmp_path / "clean" / "ant").iterdir())
    assert len(names) == 5 and len({name.casefold() for name in names}) == 5
    assert {"ANT_000 2.png", "ant_000 3.png"} < set(names)


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=12), st.booleans())
def test_class_folders_have_names_that_every_system_takes(classes, by_subset):
    names = folder_names(classes, by_subset)
    assert set(names) == set(classes)
    assert len({name.casefold() for name in names.values()}) == len(classes)
    for name in names.values():
        assert name and name == name.strip(" .") and not set(name) & set('<>:"/\\|?*\0\n')
        assert name[0] != "." and len(name) <= 150


def test_odd_class_names():
    names = folder_names(("CON", "lpt1.txt", "test", "a/b", "a:b", "Ant", "ant", "Vögel", "..."), by_subset=False)
    assert names == {
        "...": "_",
        "Ant": "Ant",
        "CON": "CON_",
        "a/b": "a_b",
        "a:b": "a_b 2",
        "ant": "ant 2",
        "lpt1.txt": "lpt1.txt_",
        "test": "test_",
        "Vögel": "Vögel",
    }
    assert folder_names(("test",), by_subset=True) == {"test": "test"}


def test_two_pictures_never_have_one_place():
    items = [
        Item(f"/{folder}/{name}", f"{folder}/{name}", "x", "train") for folder in "ab" for name in ("1.JPG", "1.jpg")
    ]
    assert [one.place for one in places(items, False)] == ["x/1.JPG", "x/1 2.jpg", "x/1 3.JPG", "x/1 4.jpg"]


def test_nothing_is_overwritten(tmp_path, data):
    (tmp_path / "clean").mkdir()
    run(CopyRequest(data, str(tmp_path / "clean")))  # an empty folder is taken
    with pytest.raises(InputError, match="not empty"):
        run(CopyRequest(data, str(tmp_path / "clean")))
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="not empty"):
        run(CopyRequest(data, str(tmp_path / "file")))
    assert (tmp_path / "file").read_text() == "kept"


def test_no_copy_among_the_pictures(tmp_path, data):
    for place in ("pictures/clean", "pictures/ant/clean"):
        with pytest.raises(InputError, match="outside"):
            run(CopyRequest(data, str(tmp_path / place)))
    with pytest.raises(InputError, match="There is no folder"):
        run(CopyRequest(data, str(tmp_path / "nowhere" / "clean")))


def test_stopped_in_the_middle_nothing_is_left(tmp_path, data):
    answers = iter([False] * 6)
    before = sorted(tmp_path.rglob("*"))
    events = run(CopyRequest(data, str(tmp_path / "clean")), lambda: next(answers, True))
    assert not any(isinstance(event, Copied) for event in events)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_leaves_nothing(tmp_path, data, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 100))
    with pytest.raises(InputError, match="are free"):
        run(CopyRequest(data, str(tmp_path / "clean")))
    monkeypatch.undo()
    copied = []

    def full(original, place):
        if len(copied) == 3:
            raise OSError(28, "No space left on device")
        copied.append(place)
        place.write_bytes(b"half")

    monkeypatch.setattr(cleaned_copy.shutil, "copy2", full)
    with pytest.raises(OSError, match="No space"):
        run(CopyRequest(data, str(tmp_path / "clean")))
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_pictures_that_have_gone_are_told_of(tmp_path, data, monkeypatch):
    gone = tmp_path / "pictures" / "cat" / "cat_000.png"
    listed = list_data(data)
    monkeypatch.setattr(cleaned_copy, "list_data", lambda *_: listed)
    gone.unlink()
    done = run(CopyRequest(data, str(tmp_path / "clean")))[-1]
    assert done.failed == (str(gone),) and done.images == 12
    text = f"12 pictures copied to {tmp_path / 'clean'}. 1 picture could not be read: cat_000.png."
    assert cleaned_copy.in_words(done) == text
    shutil.rmtree(tmp_path / "pictures")
    with pytest.raises(InputError, match="None of the pictures"):
        run(CopyRequest(data, str(tmp_path / "again")))
    assert not (tmp_path / "again").exists()


def test_links_become_files(tmp_path, data):
    (tmp_path / "pictures" / "cat" / "link.png").symlink_to(tmp_path / "pictures" / "cat" / "cat_000.png")
    run(CopyRequest(data, str(tmp_path / "clean")))
    assert (tmp_path / "clean" / "cat" / "link.png").is_file()
    assert not (tmp_path / "clean" / "cat" / "link.png").is_symlink()


def test_nothing_to_copy(tmp_path, data):
    every = tuple(item.key for item in list_data(replace(data, excluded=())).items)
    with pytest.raises(InputError, match="no pictures with a class"):
        run(CopyRequest(replace(data, excluded=every), str(tmp_path / "clean")))
    assert os.listdir(tmp_path) == ["pictures"]


def test_from_the_command_line(tmp_path, data, capsys):
    made = project.create("mended", tmp_path).with_data(data)
    made.save()
    out = tmp_path / "clean"
    assert main(["copy", str(made.folder), "--out", str(out), "--by-subset"]) == 0
    assert f"13 pictures copied to {out}." in capsys.readouterr().out
    assert list_data(DataSpec((Source(str(out)),))).subsets() == list_data(data).subsets()
    assert main(["copy", str(made.folder), "--out", str(out), "--json"]) == 2
    printed = capsys.readouterr()
    assert "not empty" in printed.err and json.loads(printed.out)["event"] == "failed"
