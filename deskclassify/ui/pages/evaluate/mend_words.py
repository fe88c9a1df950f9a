"""What the Mend tab says of each kind of problem: no widgets here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deskclassify.core.data_events import Checked, DataProblem, ProblemKind
from deskclassify.core.words import counted, percent


@dataclass(frozen=True)
class KindWords:
    """The words of a kind of problem.

    Attributes:
        name: in the list of kinds.
        title: above its pictures.
        text: what it is, and what to do.
        action: on the button, of what is selected.
        dismiss: on the button that says it is no problem.
        done: of the Edit menu.
    """

    name: str
    title: str
    text: str
    action: str
    dismiss: str
    done: str


_TOGETHER, _LEAVE, _BEST = "Keep together on one side", "Leave out", "Keep the best, leave out the others"

WORDS: dict[ProblemKind, KindWords] = {
    "suspect": KindWords(
        "Labels that look wrong",
        "Labels that look wrong",
        "Networks that never saw these pictures agree on another class. The surest come first; further down ever more "
        "labels are right.",
        "Relabel",
        "Label is right",
        "relabel suspects",
    ),
    "leak": KindWords(
        "Copies across the split",
        "Copies on both sides of the split",
        "The network has learned the answer by heart, so the accuracy looks better than it is. Kept together, all "
        "copies are either trained on or measured on.",
        _TOGETHER,
        "Not alike",
        "keep copies together",
    ),
    "duplicate": KindWords(
        "Exact copies",
        "Exact copies",
        "The same picture several times: it counts more than others and teaches nothing new. The largest file comes "
        "first, and is the one that is kept.",
        _BEST,
        "Keep all",
        "leave out copies",
    ),
    "near": KindWords(
        "Near copies",
        "Near copies",
        "The same scene again: resized, saved anew, or from one burst. Keep them, but on one side of the split.",
        _TOGETHER,
        "Not alike",
        "keep near copies together",
    ),
    "mirrored": KindWords(
        "Mirrored copies",
        "Mirrored or turned copies",
        "The same picture, flipped or rotated. Training makes such copies by itself. Keep them on one side of the "
        "split.",
        _TOGETHER,
        "Not alike",
        "keep mirrored copies together",
    ),
    "outlier": KindWords(
        "Unlike their class",
        "Unlike the rest of their class",
        "Perhaps a picture that got in by mistake, perhaps a rare case that the network needs more of.",
        _LEAVE,
        "Belongs here",
        "leave out outliers",
    ),
    "blurred": KindWords(
        "Blurred",
        "Blurred",
        "Without sharp edges there is little to learn from.",
        _LEAVE,
        "Fine as it is",
        "leave out blurred",
    ),
    "dark": KindWords(
        "Very dark",
        "Very dark",
        "Hardly anything can be seen in them.",
        _LEAVE,
        "Fine as it is",
        "leave out dark pictures",
    ),
    "bright": KindWords(
        "Overexposed",
        "Overexposed",
        "Most of the picture is white.",
        _LEAVE,
        "Fine as it is",
        "leave out bright pictures",
    ),
    "flat": KindWords(
        "Empty",
        "Empty",
        "One even colour: there is nothing on them.",
        _LEAVE,
        "Fine as it is",
        "leave out empty pictures",
    ),
    "tiny": KindWords(
        "Tiny",
        "Tiny",
        "So few pixels that the network sees them enlarged and unsharp.",
        _LEAVE,
        "Fine as it is",
        "leave out tiny pictures",
    ),
}

INTRO = (
    "Finds labels that look wrong, copies, copies on both sides of the split, pictures unlike the rest, and blurred, "
    "dark or tiny ones. Each list says why and offers one action, which Undo takes back. Your files are never changed."
)


def explanation(kind: ProblemKind, checked: Checked) -> str:
    """What a kind is; of leaks also what they do to the accuracy, of suspects how good the judges are."""
    text = WORDS[kind].text
    if kind == "leak" and checked.leak_accuracy is not None:
        before, after = checked.leak_accuracy
        change = "the same" if abs(before - after) < 5e-4 else percent(after)
        text += f" Accuracy of this run: {percent(before)} with them, {change} without."
    if kind == "suspect" and checked.out_of_fold_accuracy is not None:
        text += f" These networks are right on {percent(checked.out_of_fold_accuracy)} of all pictures."
    return text


def action(kind: ProblemKind, chosen: Sequence[DataProblem], torn: bool) -> str:
    """What the button does to the chosen ones.

    Args:
        kind: of the list.
        chosen: what is selected; at least one.
        torn: whether folders put the copies on both sides, so that keeping them together cannot help.
    """
    text = _BEST if torn else WORDS[kind].action
    if kind == "suspect":
        wanted = {one.suggestion for one in chosen}
        text = f"Relabel as “{wanted.pop()}”" if len(wanted) == 1 else "Relabel each as it looks"
    return text if len(chosen) == 1 else f"{text} ({len(chosen):,})"


def action_all(kind: ProblemKind, count: int) -> str:
    """What the button does to all that are shown."""
    verbs = {"suspect": "Relabel", "leak": "Keep", "near": "Keep", "mirrored": "Keep", "duplicate": "Thin out"}
    ends = {"leak": " together", "near": " together", "mirrored": " together"}
    things = "groups" if kind in ("leak", "near", "mirrored", "duplicate") else ""
    number = f"all {count:,} {things}".rstrip()
    return f"{verbs.get(kind, 'Leave out')} {number}{ends.get(kind, '')}"


def summary(count: int, checked: Checked) -> str:
    """How many are left."""
    looked = f"Looked at {counted(checked.images, 'picture')} in {checked.seconds:.1f} s."
    if not checked.problems:
        return f"Nothing was found. {looked}"
    if not count:
        return f"All is dealt with. {looked}"
    return f"{counted(count, 'thing')} to look at. {looked}"
