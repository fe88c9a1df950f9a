"""The Evaluate page's sentences, and which pictures a filter shows: no widgets here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, overload

import numpy as np

from deskclassify.core import architectures
from deskclassify.core.errors import InputError
from deskclassify.core.events import Verdict
from deskclassify.core.metrics import wilson
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.runs import title
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.pages.evaluate.view import View
from deskclassify.ui.widgets.image_grid import GridEntry

Filter = Literal["losses", "errors", "chosen"]
Sort = Literal["worst", "sure", "unsure", "class"]
SORTS: tuple[tuple[Sort, str, str], ...] = (
    ("worst", "Worst first", "The highest loss first; of a chosen class, the wrong ones first."),
    ("sure", "Most certain first", "What the network is surest of, right or wrong."),
    ("unsure", "Least certain first", "What the network hesitates about."),
    ("class", "By class", "In the order of the actual classes, the worst of each first."),
)
_LONGEST_NAME = 18  # characters of a class in a button


def by_loss(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Highest loss first, equal ones as they were; a loss that is no number is the worst of all."""
    losses = np.array([one.loss for one in verdicts], np.float64)
    losses[~np.isfinite(losses)] = np.inf
    return tuple(verdicts[at] for at in np.argsort(-losses, kind="stable").tolist())


def accuracy_text(view: View) -> str:
    """The big number."""
    return f"{100 * view.evaluated.accuracy:.1f} %" if view.evaluated.images else "–"


def count_text(view: View) -> str:
    """The big number in words."""
    total = view.evaluated.images
    if not total:
        return "There are no pictures to measure on."
    kind = {"valid": "validation pictures", "test": "test pictures", "folder": "pictures"}[view.origin]
    return f"{view.right:,} of {total:,} {kind} are right · error rate {100 * view.evaluated.error_rate:.1f} %"


def interval_text(view: View) -> str:
    """How far the number can be trusted."""
    low, high = wilson(view.right, view.evaluated.images)
    if not view.evaluated.images:
        return ""
    few = " More pictures would say it more exactly." if high - low > 0.15 else ""
    return f"On pictures of the same kind, expect {100 * low:.0f} to {100 * high:.0f} % (95 % confidence).{few}"


def skipped_text(view: View) -> str:
    """How many pictures are missing from the count."""
    count = view.evaluated.skipped_images
    if not count:
        return ""
    return f"{counted(count, 'picture')} could not be read: not counted."


def notice_text(view: View) -> str:
    """What is shown, if not the validation pictures."""
    images = counted(view.evaluated.images, "picture")
    seconds = f" in {view.evaluated.seconds:.1f} s" if view.evaluated.seconds else ""
    if view.origin == "test":
        return f"Measured on the test pictures, which no training has seen: {images}{seconds}."
    return f"Measured on “{Path(view.folder).name}”: {images}{seconds}."


def shown_text(view: View, which: Filter, shown: int, of: int) -> str:
    """What the grid shows, or why it is empty.

    Args:
        view: the verdicts.
        which: the filter.
        shown: number of pictures in the grid.
        of: number of pictures that the filter could show, of the class that was chosen.
    """
    if not shown:
        return "Every picture is right." if which == "errors" and not view.errors else "There are no such pictures."
    if which != "losses" or shown == of:
        return counted(shown, "picture")
    return f"{shown:,} of {counted(of, 'picture')}, the most surprising"


def chosen_text(shown: Sequence[Verdict]) -> str:
    """How many pictures were chosen, and how many of them are wrong."""
    wrong = sum(one.label != one.predicted for one in shown)
    errors = f", {wrong:,} of them wrong" if wrong else ", all right" if shown else ""
    return f"{counted(len(shown), 'picture')}{errors}"


def cell_text(cell: tuple[str, str]) -> str:
    """The name of a cell's filter; long class names are cut."""
    return f"{short(cell[0])} → {short(cell[1])}"


def short(name: str) -> str:
    """A class name for a button: long ones are cut."""
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


class Entries(Sequence[GridEntry]):
    """The pictures of a grid; an entry is made when it is first seen, for there may be 50,000."""

    def __init__(self, verdicts: Sequence[Verdict], classes: Sequence[str]) -> None:
        self._verdicts = verdicts
        self._colors = {name: theme.class_color(at) for at, name in enumerate(classes)}
        self._made: dict[int, GridEntry] = {}

    def __len__(self) -> int:
        return len(self._verdicts)

    @overload
    def __getitem__(self, at: int) -> GridEntry: ...
    @overload
    def __getitem__(self, at: slice) -> list[GridEntry]: ...
    def __getitem__(self, at: int | slice) -> GridEntry | list[GridEntry]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        if at not in self._made:
            self._made[at] = entry(self._verdicts[at], self._colors)
        return self._made[at]


def entry(one: Verdict, colors: Mapping[str, str]) -> GridEntry:
    """A picture of the grid: what was predicted, what it should have been, and how sure the network is."""
    wrong = one.label != one.predicted
    subtitle = f"label: {one.label}" if wrong else f"right · loss {one.loss:.2f}"
    return GridEntry(one.path, one.predicted, subtitle, colors.get(one.predicted, ""), wrong, sure(one.probability))


def sure(probability: float) -> str:
    """A probability in a corner: “87 %”, never “100 %” for what is only near."""
    return "> 99 %" if 0.995 <= probability < 1 else f"{100 * probability:.0f} %"


def run_text(run: RunFolder) -> str:
    """A run in the list: its name, network and accuracy."""
    try:
        info = run.info()
    except InputError:
        return title(run)
    network = architectures.ARCHITECTURES.get(info.architecture)
    accuracy = info.result.get("accuracy")
    share = "" if accuracy is None else f" · {100 * accuracy:.1f} %"
    return f"{title(run)} · {network.title if network else info.architecture}{share}"


def empty_text(training: bool) -> str:
    """What will be here."""
    if training:
        return "The training is running. When it ends, you see here how good the network is and where it errs."
    return "Train a network first. Then you see here how good it is, which classes it confuses, and on which pictures."
