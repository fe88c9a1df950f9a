"""The table of answers as a CSV file: the same from the window and from the command line.

The window writes it whole (`write`), the command line row by row (`Table`), since there may be millions.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from deskclassify.core import atomic
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import InputError
from deskclassify.core.events import Prediction

HEADER = ("path", "label", "probability", "error")
_LIKELIEST = "likeliest"
_SECONDS_BETWEEN_FLUSHES = 5.0  # to the disk itself: what a power failure may cost
_MOST_HELD = 1000  # rows without an answer at the start, until one tells how many classes there are
_LONGEST_ROW = 1 << 20  # bytes; what is longer is no row of ours


def write(file: Path, rows: Sequence[Prediction]) -> None:
    """Write path, label, probability and error, then the classes that came next, as far as they are known.

    The label of a picture that is refused is “none of these”; a last column `likeliest` then has the class it would be.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    most = max((len(row.top) for row in rows), default=0)
    refuses = any(row.refused for row in rows)
    lines = [_line(_header(most, refuses))]
    for row in rows:
        cells = _cells(row, most)
        lines.append(_line(cells if len(cells) == len(_header(most, refuses)) else [*cells, ""]))
    atomic.write_text(file, "".join(lines))


def part_of(file: Path) -> Path:
    """Where a table lies until it is whole."""
    return file.with_name(f"{file.name}.part")


def old_of(file: Path) -> Path:
    """Where an unfinished table is kept, if another one is begun."""
    return file.with_name(f"{file.name}.part.old")


class Table:
    """Writes rows as they come, into `FILE.part`; `finish` makes it `FILE`. A context manager.

    | ends by                                   | leaves                                                         |
    | ----------------------------------------- | -------------------------------------------------------------- |
    | `finish`                                  | `FILE`, and an older one is replaced                           |
    | `leave`: the user stopped it, it failed   | `FILE`; beside an older one, which is untouched, `FILE.part`   |
    | anything else, also SIGKILL or no power   | `FILE.part`, to go on from; an older `FILE` is untouched       |

    Each row is handed to the system at once and flushed to the disk every few seconds. A row that was torn when the
    process was killed is cut off before the table goes on. A row of a picture that was refused has one cell more in
    `FILE.part`; `finish` then adds the column.

    Args:
        file: the table.
        top: classes to tell for each picture, at most.
        resume: go on with `FILE.part`, or with a finished `FILE`; where neither is there, a new one is begun.

    Raises:
        InputError: the unfinished table is none, or another process writes it.
        OSError: it cannot be written.
    """

    def __init__(self, file: Path, top: int, resume: bool = False) -> None:
        self.file = file
        self.part = part_of(file)
        self.resumed = 0
        self._top = top
        self._most: int | None = None
        self._refused = False
        self._held: list[Prediction] = []
        self._sink: BinaryIO | None = None
        self._flushed = time.monotonic()
        if resume:
            if not self.part.exists() and file.exists():
                _copy(file, self.part)
            if self.part.exists():
                self._go_on()

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, row: Prediction) -> None:
        """One more row.

        Raises:
            OSError: it cannot be written.
        """
        if self._most is None:
            self._held.append(row)
            if not row.top and len(self._held) < _MOST_HELD:
                return
            self._begin(len(row.top) or self._top)
            return
        self._write(_line(_cells(row, self._most)))
        self._refused |= row.refused
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self._flush()

    def finish(self) -> None:
        """The table is whole; without any row there is none.

        Raises:
            OSError: it cannot be written; `FILE.part` stays.
        """
        self._begin_if_held()
        if self._sink is None:
            return
        self._flush()
        if self._refused:
            self._add_column()
        self.close()
        os.replace(self.part, self.file)

    def leave(self) -> Path:
        """The end before all is done: what was reached is a table too, unless there is one already.

        Returns:
            the file that holds it, which `resume` goes on with.
        """
        if not self.file.exists():
            with contextlib.suppress(OSError, InputError):  # as on a full disk: then the part is what there is
                self.finish()
        return self.part if self.part.exists() else self.file

    def close(self) -> None:
        """Leave what was written in `FILE.part`."""
        with contextlib.suppress(OSError, InputError):  # a full disk has been told of; the rows stay to be done
            self._begin_if_held()
        if self._sink is not None:
            with contextlib.suppress(OSError):
                self._flush()
            self._sink.close()
            self._sink = None

    def _begin_if_held(self) -> None:
        if self._most is None and self._held:
            self._begin(1)

    def _begin(self, most: int) -> None:
        """A new table: its first rows tell how many classes can be told."""
        self.part.parent.mkdir(parents=True, exist_ok=True)
        if self.part.exists():
            with self.part.open("rb") as there:
                _lock(there, self.part)
            os.replace(self.part, old_of(self.file))
        self._sink = self.part.open("xb", buffering=0)
        _lock(self._sink, self.part)
        self._most = most
        self._write(_line(_header(most, refuses=False)))
        held, self._held = self._held, []
        for row in held:
            self.add(row)

    def _go_on(self) -> None:
        sink = self.part.open("r+b", buffering=0)
        try:
            _lock(sink, self.part)
            end = 0
            with self.part.open("rb") as source:
                for after, cells in _records(source):
                    end = after
                    if self._most is None:
                        self._most = _most_in(cells, self.part)
                        continue
                    self.resumed += 1
                    self._refused |= len(cells) > len(_header(self._most, refuses=False)) and bool(cells[-1])
            sink.truncate(end)
            sink.seek(end)
        except BaseException:
            sink.close()
            raise
        if self._most is None:  # killed before the header was whole
            sink.close()
            self.part.unlink()
            return
        self._sink = sink

    def _write(self, text: str) -> None:
        assert self._sink is not None
        data = memoryview(text.encode("utf-8", "surrogateescape"))
        while data:
            data = data[self._sink.write(data) :]

    def _flush(self) -> None:
        assert self._sink is not None
        os.fsync(self._sink.fileno())
        self._flushed = time.monotonic()

    def _add_column(self) -> None:
        """Some rows have a cell for `likeliest`: give all of them one."""
        assert self._most is not None
        header = _header(self._most, refuses=True)
        whole = self.file.with_name(f"{self.file.name}.part.new")
        with self.part.open("rb") as source, whole.open("wb") as sink:
            for number, (_, cells) in enumerate(_records(source)):
                row = header if number == 0 else [*cells, ""][: len(header)]
                sink.write(_line(row).encode("utf-8", "surrogateescape"))
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(whole, self.part)


def paths_in(file: Path) -> Iterator[str]:
    """The paths of a table, finished or not; a torn last row is left out.

    Raises:
        OSError: it cannot be read.
    """
    if file.exists():
        with file.open("rb") as source:
            for number, (_, cells) in enumerate(_records(source)):
                if number:
                    yield cells[0]


def _records(source: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Where each whole row ends, in bytes, and its cells; ends at the first one that is not whole."""
    held, quotes, at = b"", 0, 0
    for line in source:
        held += line
        quotes += line.count(b'"')
        if quotes % 2 == 0 and line.endswith(b"\n"):
            text = held.decode("utf-8", "surrogateescape")
            cells = next(csv.reader(io.StringIO(text, newline="")), [])
            if len(cells) < len(HEADER) or b"\0" in held:
                return
            at += len(held)
            yield at, cells
            held, quotes = b"", 0
        elif len(held) > _LONGEST_ROW:
            return


def _most_in(header: Sequence[str], part: Path) -> int:
    """How many classes a table tells."""
    most = 1 + (len(header) - len(HEADER)) // 2
    if list(header) in (_header(most, refuses=False), _header(most, refuses=True)):
        return most
    raise InputError(f"“{part.name}” is no table of predictions, so it cannot be gone on with. Remove or rename it.")


def _copy(file: Path, part: Path) -> None:
    half = part.with_name(f"{part.name}.new")
    shutil.copyfile(file, half)
    os.replace(half, part)


def _lock(file: BinaryIO, part: Path) -> None:
    """Two processes must not write one table; where the system has no such locks, nobody checks."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        sentence = f"Another deskclassify is writing “{part.name}”. Wait for it, or give another name after --csv."
        raise InputError(sentence) from error
    except OSError:
        return  # some network file systems know no locks


def _header(most: int, refuses: bool) -> list[str]:
    others = [f"{name}_{place}" for place in range(2, most + 1) for name in ("label", "probability")]
    return [*HEADER, *others, *([_LIKELIEST] if refuses else [])]


def _cells(row: Prediction, most: int) -> list[str]:
    """One row; that of a picture which was refused has a last cell with its likeliest class."""
    probability = "" if row.probability is None or row.error else f"{row.probability:.7f}"
    cells = [row.path, NO_ANSWER if row.refused else row.label, probability, row.error]
    for label, share in row.top[1 : max(1, most)]:
        cells += [label, f"{share:.7f}"]
    cells += [""] * (2 + 2 * max(1, most) - len(cells))
    return [*cells, row.label] if row.refused else cells


def _line(cells: Sequence[str]) -> str:
    # Python's writer leaves a lone carriage return without quotes, and its reader ends the row there.
    lone = any("\r" in cell for cell in cells)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL).writerow(cells)
    return text.getvalue()
