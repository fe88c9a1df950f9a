"""The answers as arrays, a column each: which rows are wanted and how they are sorted is found in milliseconds.

With 50,000 rows Qt's own filter asks Python for each row, which takes half a second; these take a few milliseconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.events import Prediction

NAME, LABEL, PROBABILITY, TIME, NOTE = range(5)
Kind = Literal["all", "class", "none", "unreadable", "corrected"]
_UNREADABLE: Final = -1  # in the place of a class
_Rows = np.ndarray  # int64, numbers of rows


@dataclass(frozen=True)
class Wanted:
    """What is to be shown.

    Attributes:
        text: that path, class or remark must hold; capital letters do not matter.
        kind: of answers.
        label: the class, where `kind` says so.
        least, most: of the probability, 0 to 1. Files that could not be read have none, and are shown only where both
            are at their ends.
    """

    text: str = ""
    kind: Kind = "all"
    label: str = ""
    least: float = 0.0
    most: float = 1.0

    @property
    def is_all(self) -> bool:
        """Whether nothing is hidden."""
        return self == Wanted()

    @property
    def limits_certainty(self) -> bool:
        """Whether the probability matters."""
        return self.least > 0 or self.most < 1


@dataclass(frozen=True)
class Counts:
    """How many answers there are of each kind."""

    total: int = 0
    classes: tuple[tuple[str, int], ...] = ()
    none: int = 0
    unreadable: int = 0
    corrected: int = 0


class Columns:
    """What the rows hold, for filtering and sorting."""

    def __init__(self) -> None:
        self.rows: list[Prediction] = []
        self.refuses = True
        self.corrected: dict[str, str] = {}  # path → class
        self.clear()

    def clear(self) -> None:
        """Forget all rows."""
        self.rows.clear()
        self._labels: list[str] = []
        self._places: dict[str, int] = {}  # label → place in the list
        self._texts: list[str] = []  # to search in
        self._names: list[str] = []  # to sort by
        self._codes = np.zeros(0, np.int32)  # place of the label
        self._shares = np.zeros(0, np.float64)
        self._times = np.zeros(0, np.float64)
        self._refused = np.zeros(0, np.bool_)

    def append(self, new: Sequence[Prediction]) -> None:
        """Add rows at the end."""
        self.rows.extend(new)
        self._texts.extend(f"{row.path}\n{row.error}".casefold() for row in new)
        self._names.extend(os.path.basename(row.path).casefold() for row in new)  # noqa: PTH119 (five times as fast)
        codes = [_UNREADABLE if row.error else self._place(row.label) for row in new]
        shares = [np.nan if row.error or row.probability is None else row.probability for row in new]
        self._codes = np.concatenate((self._codes, np.array(codes, np.int32)))
        self._shares = np.concatenate((self._shares, np.array(shares, np.float64)))
        self._times = np.concatenate((self._times, np.array([row.milliseconds for row in new], np.float64)))
        self._refused = np.concatenate((self._refused, np.array([row.refused for row in new], np.bool_)))

    def _place(self, label: str) -> int:
        place = self._places.setdefault(label, len(self._labels))
        if place == len(self._labels):
            self._labels.append(label)
        return place

    def shown(self, row: int) -> Prediction:
        """An answer as it is shown: below the threshold or not."""
        one = self.rows[row]
        return replace(one, refused=False) if one.refused and not self.refuses else one

    def counts(self) -> Counts:
        """How many answers there are of each kind; the classes in alphabetical order."""
        answered = self._codes[(self._codes >= 0) & ~self._none(0)]
        each = np.bincount(answered, minlength=len(self._labels))
        classes = sorted((label, int(each[place])) for place, label in enumerate(self._labels) if each[place])
        corrected = sum(row.path in self.corrected for row in self.rows) if self.corrected else 0
        unreadable = int((self._codes == _UNREADABLE).sum())
        return Counts(len(self.rows), tuple(classes), int(self._none(0).sum()), unreadable, corrected)

    def shares(self) -> np.ndarray:
        """The probabilities of all answers; float64 `[n]`, without files that could not be read."""
        return self._shares[~np.isnan(self._shares)]

    def _none(self, start: int) -> np.ndarray:
        """Which rows are shown as none of the classes; bool, from row `start` on."""
        part = self._refused[start:]
        return part if self.refuses else np.zeros_like(part)

    # -- filtering ------------------------------------------------------------------------

    def wanted(self, wish: Wanted, start: int = 0) -> _Rows:
        """The rows to be shown, in the order in which they came, from row `start` on."""
        keep = self._of_kind(wish, start)
        if wish.limits_certainty:
            shares = self._shares[start:]
            with np.errstate(invalid="ignore"):
                keep &= (shares >= wish.least) & (shares <= wish.most)
        text = wish.text.strip().casefold()
        if text:
            keep &= self._holding(text, start, keep)
        return np.flatnonzero(keep) + start

    def _of_kind(self, wish: Wanted, start: int) -> np.ndarray:
        codes, none = self._codes[start:], self._none(start)
        if wish.kind == "class":
            return np.asarray((codes == self._places.get(wish.label, -2)) & ~none)
        if wish.kind == "none":
            return none.copy()
        if wish.kind == "unreadable":
            return np.asarray(codes == _UNREADABLE)
        if wish.kind == "corrected":
            return np.array([row.path in self.corrected for row in self.rows[start:]], np.bool_)
        return np.ones(len(codes), np.bool_)

    def _holding(self, text: str, start: int, among: np.ndarray) -> np.ndarray:
        classes = np.array([text in label.casefold() for label in self._labels] + [False], np.bool_)
        found = classes[self._codes[start:]]  # −1, of what could not be read, is the last
        if text in NO_ANSWER:
            found = found | self._none(start)
        rest = np.flatnonzero(among & ~found)
        found[rest] = [text in self._texts[start + row] for row in rest.tolist()]
        for row in self._corrected_to(text):
            if row >= start:
                found[row - start] = True
        return found

    def _corrected_to(self, text: str) -> list[int]:
        paths = {path for path, label in self.corrected.items() if text in label.casefold()}
        return [number for number, row in enumerate(self.rows) if row.path in paths] if paths else []

    # -- sorting --------------------------------------------------------------------------

    def ordered(self, rows: _Rows, column: int, descending: bool) -> _Rows:
        """The same rows, sorted by a column; equal ones keep their order."""
        if column in (PROBABILITY, TIME, LABEL):
            keys = self._numbers(column)[rows]
            return rows[np.argsort(-keys if descending else keys, kind="stable")]
        # Python's sort takes what is sorted already as one run: adding a few rows to many is a single pass.
        words = self._names if column == NAME else self._notes(rows)
        return np.array(sorted(rows.tolist(), key=words.__getitem__, reverse=descending), np.int64)

    def _numbers(self, column: int) -> np.ndarray:
        if column == TIME:
            return self._times
        if column == PROBABILITY:
            return np.nan_to_num(self._shares, nan=-1.0)
        words = ["", NO_ANSWER, *(label.casefold() for label in self._labels)]
        rank = {word: place for place, word in enumerate(sorted(set(words)))}
        ranks = np.array([rank[word] for word in words], np.int64)
        # Places: unreadable 0, none of these 1, the classes after them.
        return ranks[np.where(self._none(0), 1, np.where(self._codes < 0, 0, self._codes + 2))]

    def _notes(self, rows: _Rows) -> dict[int, str]:
        return {row: note(self.shown(row), self.corrected).casefold() for row in rows.tolist()}


def note(row: Prediction, corrected: Mapping[str, str]) -> str:
    """The remark on an answer."""
    label = corrected.get(row.path)
    if label is not None:
        right = label == row.label and not row.refused
        return f"{'confirmed as' if right else 'corrected to'} {label}, sent to the project"
    return f"likeliest: {row.label}" if row.refused else row.error
