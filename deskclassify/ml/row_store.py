"""A cache of equally shaped arrays on the disk: one flat file, and an index of keys in SQLite.

Safe for two processes at once: rows are handed out inside a write transaction, and a row is
in the index only after its bytes were written. What is damaged is thrown away and made anew.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

_log = logging.getLogger(__name__)
_AT_ONCE = 500  # SQLite's limit of variables in a statement is 999 in old builds
_WAIT_SECONDS = 30.0
Array = np.ndarray[Any, Any]


class RowStore:
    """Rows of one shape and type, found by text keys.

    Use it from one thread, in a `with` block. Every method raises OSError where the disk is full.

    Args:
        folder: made if need be.
        shape: of one row.
        dtype: of its values.
    """

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: str) -> None:
        self._folder = folder
        self._shape = shape
        self._dtype = np.dtype(dtype)
        self._row_bytes = int(np.prod(shape)) * self._dtype.itemsize
        self._data = folder / "rows.bin"
        try:
            self._open()
        except sqlite3.OperationalError as error:  # no room, or locked for too long: what is there is sound
            raise OSError(str(error)) from error
        except sqlite3.DatabaseError:
            _log.warning("the cache %s is damaged and is made anew", folder)
            shutil.rmtree(folder, ignore_errors=True)
            self._open()

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._data.touch()  # also says, for `cache.trim`, that it is in use
        self._db = sqlite3.connect(self._folder / "index.db", timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            # A lost cache row costs a fraction of a second, a flush to the disk for each row far more.
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute("CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, at INTEGER UNIQUE) WITHOUT ROWID")
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> RowStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._db.close()

    def find(self, keys: Sequence[str]) -> dict[str, int]:
        """Row numbers of the keys that are there."""
        found: dict[str, int] = {}
        rows = self._data.stat().st_size // self._row_bytes
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ",".join("?" * len(part))
            query = f"SELECT key, at FROM rows WHERE key IN ({marks})"
            found.update((key, at) for key, at in self._db.execute(query, list(part)) if at < rows)
        return found

    def read(self, rows: Sequence[int]) -> Array:
        """Rows by number.

        Returns:
            array `[len(rows), *shape]`, a copy.
        """
        if not len(rows):
            return np.empty((0, *self._shape), self._dtype)
        count = self._data.stat().st_size // self._row_bytes
        mapped = np.memmap(self._data, self._dtype, "r", shape=(count, *self._shape))
        return np.asarray(mapped[np.asarray(rows, dtype=np.int64)])

    def add(self, keys: Sequence[str], values: Array) -> None:
        """Write rows; keys that are there already are passed over.

        Args:
            keys: one for each row.
            values: array `[len(keys), *shape]`.
        """
        values = np.ascontiguousarray(values, self._dtype)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            known = self.find(keys)
            fresh = {key: at for at, key in enumerate(keys) if key not in known}
            if fresh:
                (start,) = self._db.execute("SELECT COALESCE(MAX(at), -1) + 1 FROM rows").fetchone()
                with self._data.open("r+b") as file:
                    file.seek(start * self._row_bytes)
                    file.write(values[list(fresh.values())].tobytes())
                self._db.executemany(
                    "INSERT OR REPLACE INTO rows VALUES (?, ?)", ((key, start + n) for n, key in enumerate(fresh))
                )
            self._db.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise OSError(str(error)) from error
            raise
