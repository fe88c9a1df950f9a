"""Tables of answers, row by row: torn, locked, gone on with; and names of every kind."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskclassify.core import prediction_csv
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import InputError
from deskclassify.core.events import Prediction
from deskclassify.core.prediction_csv import Table, old_of, part_of, paths_in, write

NAMES = st.text(
    st.one_of(
        st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"),
        st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),  # bytes that are not UTF-8
        st.sampled_from('",;\r\n\t猫é '),
    ),
    min_size=1,
    max_size=300,
)


def good(path: str, refused: bool = False) -> Prediction:
    return Prediction(path, "a", 0.6, (("a", 0.6), ("b", 0.4)), refused=refused)


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as source:
        return list(csv.reader(source))


@given(st.lists(st.tuples(NAMES, st.booleans(), st.booleans()), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_any_name_comes_back_from_both_writers(tmp_path_factory: pytest.TempPathFactory, made: list) -> None:
    folder = tmp_path_factory.mktemp("names")
    rows = [Prediction(name, error="Cut, “off”.") if bad else good(name, refused) for name, bad, refused in made]
    write(folder / "whole.csv", rows)
    with Table(folder / "rows.csv", 2) as table:
        for row in rows:
            table.add(row)
        table.finish()
    for file in (folder / "whole.csv", folder / "rows.csv"):
        header, *found = rows_of(file)
        assert header[:4] == ["path", "label", "probability", "error"]
        assert [row[0] for row in found] == [row.path for row in rows] == list(paths_in(file))
        assert {len(row) for row in found} == {len(header)}
        assert [row[1] for row in found] == ["" if r.error else NO_ANSWER if r.refused else "a" for r in rows]
    if any(not row.error for row in rows):
        assert (folder / "whole.csv").read_bytes() == (folder / "rows.csv").read_bytes()


def test_cut_at_any_byte_it_goes_on_to_the_same_table(tmp_path: Path) -> None:
    rows = [
        good("/a.jpg"),
        Prediction('/new\nline, "b".jpg', error="Damaged."),
        good("/\r.jpg"),
        good("/no\udcff.jpg", True),
        good("/e.jpg"),
    ]
    file = tmp_path / "t.csv"
    with Table(file, 2) as table:
        for row in rows:
            table.add(row)
    whole = part_of(file).read_bytes()
    with Table(file, 2, resume=True) as table:
        table.finish()
    wanted = file.read_bytes()
    assert b"likeliest" in wanted
    for cut in range(len(whole) + 1):
        file.unlink(missing_ok=True)
        part_of(file).write_bytes(whole[:cut])
        with Table(file, 2, resume=True) as table:
            done = set(paths_in(table.part))
            assert table.resumed == len(done)
            for row in rows:
                if row.path not in done:
                    table.add(row)
            table.finish()
        assert file.read_bytes() == wanted, cut
        assert not part_of(file).exists()


def test_a_tail_of_zeros_is_cut_off(tmp_path: Path) -> None:
    """What some file systems leave after a power failure."""
    file = tmp_path / "t.csv"
    with Table(file, 2) as table:
        table.add(good("/a.jpg"))
        table.add(good("/b.jpg"))
    with part_of(file).open("ab") as sink:
        sink.write(b"\0" * 500 + b"\n")
    with Table(file, 2, resume=True) as table:
        assert table.resumed == 2
        table.finish()
    assert b"\0" not in file.read_bytes()
    assert list(paths_in(file)) == ["/a.jpg", "/b.jpg"]


def test_until_it_is_whole_the_old_table_stays(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("old")
    with Table(file, 2) as table:
        table.add(good("/a.jpg"))
        assert file.read_text() == "old"
    assert file.read_text() == "old" and list(paths_in(part_of(file))) == ["/a.jpg"]
    with Table(file, 2) as table:  # begun anew: the unfinished one is kept
        table.add(good("/b.jpg"))
        table.finish()
    assert list(paths_in(file)) == ["/b.jpg"] and list(paths_in(old_of(file))) == ["/a.jpg"]


def test_a_finished_table_is_gone_on_with_too(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    write(file, [good("/a.jpg", refused=True), good("/b.jpg")])
    with Table(file, 2, resume=True) as table:
        assert table.resumed == 2
        table.add(good("/c.jpg"))
        table.finish()
    header, *rows = rows_of(file)
    assert header[-1] == "likeliest" and [row[-1] for row in rows] == ["a", "", ""]


def test_without_a_row_there_is_no_table(tmp_path: Path) -> None:
    with Table(tmp_path / "t.csv", 2) as table:
        table.finish()
    assert list(tmp_path.iterdir()) == []


def test_errors_alone_make_a_table_as_well(tmp_path: Path) -> None:
    with Table(tmp_path / "t.csv", 3) as table:
        table.add(Prediction("/a.jpg", error="Damaged."))
        table.finish()
    assert rows_of(tmp_path / "t.csv") == [[*prediction_csv.HEADER], ["/a.jpg", "", "", "Damaged."]]


def test_something_else_is_not_gone_on_with(tmp_path: Path) -> None:
    part_of(tmp_path / "t.csv").write_text("name,age,town,street\nAnn,7,Ulm,Am Rain\n")
    with pytest.raises(InputError, match="no table of predictions"):
        Table(tmp_path / "t.csv", 2, resume=True)
    assert "Ulm" in part_of(tmp_path / "t.csv").read_text()


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks")
def test_two_processes_do_not_write_one_table(tmp_path: Path) -> None:
    with Table(tmp_path / "t.csv", 2) as first:
        first.add(good("/a.jpg"))
        with pytest.raises(InputError, match="Another deskclassify"):
            Table(tmp_path / "t.csv", 2, resume=True)
        with Table(tmp_path / "t.csv", 2) as second, pytest.raises(InputError, match="Another deskclassify"):
            second.add(good("/b.jpg"))
        first.add(good("/c.jpg"))
        first.finish()
    assert list(paths_in(tmp_path / "t.csv")) == ["/a.jpg", "/c.jpg"]


def test_a_full_disk_is_told_and_the_rows_before_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Table(tmp_path / "t.csv", 2) as table:
        table.add(good("/a.jpg"))

        class Full:
            def __init__(self, sink):
                self.sink = sink

            def write(self, data):
                raise OSError(errno.ENOSPC, "No space left on device")

            def __getattr__(self, name):
                return getattr(self.sink, name)

        monkeypatch.setattr(table, "_sink", Full(table._sink))
        with pytest.raises(OSError, match="space"):
            table.add(good("/b.jpg"))
    assert list(paths_in(part_of(tmp_path / "t.csv"))) == ["/a.jpg"]
