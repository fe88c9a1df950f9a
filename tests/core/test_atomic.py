"""Files are the old ones or the new ones."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core import atomic


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_at_any_step_keeps_the_old_file(tmp_path, monkeypatch, step):
    file = tmp_path / "a.json"
    atomic.write_text(file, "old")

    def broken(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, broken)
    with pytest.raises(OSError, match="space"):
        atomic.write_text(file, "new")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_folders_are_made(tmp_path):
    atomic.write_json(tmp_path / "deep" / "er" / "a.json", {"ä": 1})
    assert (tmp_path / "deep" / "er" / "a.json").read_text() == '{\n  "\\u00e4": 1\n}\n'


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0")).filter(lambda text: "\r" not in text)


@given(st.lists(st.tuples(CELLS, CELLS)))
def test_tables_come_back(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    atomic.write_csv(file, ("path", "label"), rows)
    assert [(row["path"], row["label"]) for row in atomic.read_csv(file)] == rows


def test_file_names_that_are_not_unicode_keep_their_bytes(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    atomic.write_csv(tmp_path / "a.csv", ("path", "label"), [(name, "x")])
    assert b"caf\xe9.jpg" in (tmp_path / "a.csv").read_bytes()
    assert atomic.read_csv(tmp_path / "a.csv")[0]["path"] == name
