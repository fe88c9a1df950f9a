from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.ml.row_store import RowStore

_WRITER = """
import sys, numpy as np
from pathlib import Path
from deskclassify.ml.row_store import RowStore
folder, start = Path(sys.argv[1]), int(sys.argv[2])
with RowStore(folder, (3,), "float32") as store:
    for number in range(start, start + 200):
        store.add([f"k{number}"], np.full((1, 3), number, dtype=np.float32))
"""


def test_rows_come_back_by_key(tmp_path: Path) -> None:
    with RowStore(tmp_path, (2, 2), "uint8") as store:
        store.add(["a", "b"], np.arange(8, dtype=np.uint8).reshape(2, 2, 2))
    with RowStore(tmp_path, (2, 2), "uint8") as store:
        rows = store.find(["b", "missing", "a"])
        assert set(rows) == {"a", "b"}
        assert store.read([rows["b"], rows["a"]]).tolist() == [[[4, 5], [6, 7]], [[0, 1], [2, 3]]]


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=30))
def test_a_key_keeps_its_first_row(keys: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, RowStore(Path(folder), (1,), "int64") as store:
        first: dict[str, int] = {}
        for number, key in enumerate(keys):
            first.setdefault(key, number)
            store.add([key], np.array([[number]]))
        found = store.find(keys)
        assert {key: int(store.read([at])[0, 0]) for key, at in found.items()} == first


def test_two_processes_write_without_loss(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), str(start)]) for start in (0, 100)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    with RowStore(tmp_path, (3,), "float32") as store:
        rows = store.find([f"k{number}" for number in range(300)])
        assert len(rows) == 300
        for key, at in rows.items():
            assert store.read([at])[0].tolist() == [float(key[1:])] * 3


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "index.db").write_bytes(b"this is no database, but long enough to look at" * 100)
    with RowStore(tmp_path, (1,), "float32") as store:
        assert store.find(["a"]) == {}
        store.add(["a"], np.ones((1, 1)))
        assert store.read([store.find(["a"])["a"]])[0, 0] == 1


def test_rows_that_were_never_written_are_not_found(tmp_path: Path) -> None:
    with RowStore(tmp_path, (4,), "float32") as store:
        store.add(["a", "b"], np.ones((2, 4)))
    (tmp_path / "rows.bin").write_bytes(b"\0" * 16)  # the second row was lost
    with RowStore(tmp_path, (4,), "float32") as store:
        assert set(store.find(["a", "b"])) == {"a"}


def test_a_full_disk_is_an_os_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RowStore(tmp_path, (1,), "float32") as store:
        real_open = Path.open

        def full(self: Path, mode: str = "r", *rest: object, **more: object) -> object:
            if self.name == "rows.bin" and "+" in mode:
                raise OSError(28, "No space left on device")
            return real_open(self, mode, *rest, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(Path, "open", full)
        with pytest.raises(OSError, match="No space"):
            store.add(["a"], np.ones((1, 1)))
        monkeypatch.undo()
        store.add(["a"], np.ones((1, 1)))
        assert "a" in store.find(["a"])
