"""A table as numbers: which columns count, and what each row has in them.

| column                                            | becomes                                            |
| ------------------------------------------------- | -------------------------------------------------- |
| numbers, a few of them missing                    | one feature: (value − mean) / standard deviation   |
| words, up to 20 different ones                    | a feature for each word: 1 or 0, then as above     |
| numbers or words that are all different, in order | left out: it is the number of the row              |
| many different words                              | left out: names and texts say nothing of a class   |
| always the same                                   | left out                                           |

Missing numbers count as the mean. Means and deviations are taken over all rows, as there is no split yet.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.ml.intake import stopping

MOST_BYTES = 200_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 2_000
MOST_FEATURES = 4_096
MOST_WORDS = 20
MOST_CLASSES = 200
_MISSING = frozenset({"", "?", "-", "na", "n/a", "nan", "null", "none"})
_NUMERIC = 0.95  # of the values that are there
Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Columns:
    """What a table comes to.

    Attributes:
        names: of the features.
        values: float32 `[rows, features]`, standardised: mean 0, standard deviation 1.
        labels: of the rows.
        numbers: of the rows in the file, from 1 below the header.
        left_out: columns that are no features, with the reason.
        without_label: rows that were left out.
    """

    names: tuple[str, ...]
    values: Floats
    labels: tuple[str, ...]
    numbers: tuple[int, ...]
    left_out: tuple[tuple[str, str], ...]
    without_label: int


def read(file: Path, label: str, should_stop: ShouldStop) -> Columns:
    """Read a table.

    Args:
        file: CSV with a header row; comma, semicolon or tab.
        label: name of the column with the class; empty for the last one.
        should_stop: of the job.

    Raises:
        InputError: it is no such table, or too large, or the label column tells no classes.
        StoppedError: it was cancelled.
    """
    header, rows = _rows(file, should_stop)
    at = _label_column(header, label)
    kept = [(number, row) for number, row in enumerate(rows, 1) if row[at].lower() not in _MISSING]
    labels = tuple(row[at] for _, row in kept)
    _check_labels(header[at], labels)
    names: list[str] = []
    values: list[Floats] = []
    left_out: list[tuple[str, str]] = []
    for column, name in enumerate(header):
        stopping.check(should_stop)
        if column == at:
            continue
        features = _features(name, [row[column] for _, row in kept])
        if isinstance(features, str):
            left_out.append((name, features))
            continue
        for title, numbers in features:
            names.append(title)
            values.append(numbers)
        if len(names) > MOST_FEATURES:
            raise InputError(f"{file.name} has more than {MOST_FEATURES:,} features. Leave columns out.")
    if not names:
        raise InputError(
            f"No column of {file.name} beside “{header[at]}” can be drawn: numbers are needed, or columns with few "
            "different words."
        )
    numbers_of_rows = tuple(number for number, _ in kept)
    return Columns(
        tuple(names), np.stack(values, axis=1), labels, numbers_of_rows, tuple(left_out), len(rows) - len(kept)
    )


def _rows(file: Path, should_stop: ShouldStop) -> tuple[list[str], list[list[str]]]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InputError(f"{file.name} is larger than 200 MB. Choose fewer rows or columns.")
        text = file.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise InputError(f"The table {file.name} cannot be read: {error.strerror}.") from error
    if "\0" in text:
        raise InputError(f"{file.name} is not a CSV table, but something else. Export it as CSV from your program.")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
            if len(rows) > MOST_ROWS + 1:
                raise InputError(f"{file.name} has more than {MOST_ROWS:,} rows. Choose some of them.")
            if not len(rows) % 1000:
                stopping.check(should_stop)
    except csv.Error as error:
        raise InputError(f"{file.name} is not a CSV table: {error}.") from error
    if len(rows) < 3 or len(rows[0]) < 2:
        raise InputError(f"{file.name} needs a header row, at least two rows, and at least two columns.")
    header = rows[0]
    if len(header) > MOST_COLUMNS:
        raise InputError(f"{file.name} has {len(header):,} columns; {MOST_COLUMNS:,} are the most that can be drawn.")
    if delimiter == ";":
        rows = [[_with_point(cell) for cell in row] for row in rows]
    width = len(header)
    return header, [[*row[:width], *[""] * (width - len(row))] for row in rows[1:]]


def _with_point(cell: str) -> str:
    """Where semicolons part the columns, a comma is a decimal point."""
    return cell.replace(",", ".") if cell.count(",") == 1 and cell.replace(",", "").lstrip("+-").isdigit() else cell


def _label_column(header: list[str], label: str) -> int:
    if not label.strip():
        return len(header) - 1
    wanted = label.strip()
    if wanted in header:
        return header.index(wanted)
    lower = [name.lower() for name in header]
    if wanted.lower() in lower:
        return lower.index(wanted.lower())
    known = ", ".join(f"“{name}”" for name in header[:12]) + (", …" if len(header) > 12 else "")
    raise InputError(f"There is no column “{label}”. The table has: {known}.")


def _check_labels(name: str, labels: tuple[str, ...]) -> None:
    classes = Counter(labels)
    advice = "Name the column with the class."
    if len(classes) < 2:
        raise InputError(f"The column “{name}” tells {len(classes) or 'no'} class; two are needed. {advice}")
    if len(classes) > MOST_CLASSES or len(classes) > max(2, len(labels) / 2):
        kind = "numbers of a scale" if all(_number(one) is not None for one in classes) else "different words"
        raise InputError(
            f"The column “{name}” has {len(classes):,} different values in {len(labels):,} rows: {kind}, not classes. "
            f"{advice}"
        )


def _features(name: str, cells: list[str]) -> list[tuple[str, Floats]] | str:
    """The features of a column, or why it has none."""
    there = [cell for cell in cells if cell.lower() not in _MISSING]
    numbers = [_number(cell) for cell in cells]
    known = sum(number is not None for number in numbers)
    if not there:
        return "it is empty"
    if known >= _NUMERIC * len(there):
        values = np.array([math.nan if number is None else number for number in numbers], dtype=np.float64)
        if _counts_rows(values):
            return "it is the number of the row"
        scaled = _standardised(values)
        return "it is always the same" if scaled is None else [(name, scaled)]
    words = Counter(there)
    if len(words) > MOST_WORDS:
        return f"it has {len(words):,} different words"
    found = []
    for word in sorted(words):
        scaled = _standardised(np.array([float(cell == word) for cell in cells]))
        if scaled is not None:
            found.append((f"{name} = {word}", scaled))
    # Of two words the second says nothing more than the first.
    found = found[:1] if len(words) == 2 and len(there) == len(cells) else found
    return found or "it is always the same"


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in cell else None


def _counts_rows(values: np.ndarray) -> bool:
    steps = np.diff(values)
    return len(values) > 2 and bool((steps == 1).all()) and values[0] in (0, 1)


def _standardised(values: np.ndarray) -> Floats | None:
    known = values[np.isfinite(values)]
    largest = float(np.abs(known).max())
    if largest > 1e100:  # squares must not overflow
        known, values = known / largest, values / largest
    mean, deviation = float(known.mean()), float(known.std())
    if not deviation > 1e-12 * max(1.0, abs(mean)):
        return None
    scaled: Floats = np.nan_to_num((values - mean) / deviation).astype(np.float32)
    return scaled


def words_of(left_out: tuple[tuple[str, str], ...]) -> Iterator[str]:
    """Sentences about the columns that were left out."""
    for name, why in left_out:
        yield f"The column “{name}” was left out: {why}."
