"""The Train page's sentences, and the time left: everything that can be said without a widget."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deskclassify.core.architectures import Architecture
from deskclassify.core.errors import InputError
from deskclassify.core.events import Finding
from deskclassify.core.requests import Preset
from deskclassify.core.sources import Listing
from deskclassify.core.words import counted, duration

PRESETS: dict[Preset, tuple[str, str]] = {
    "quick": (
        "Quick",
        "Only the new last layers learn: done in seconds. Right for a first look, and often best for few pictures.",
    ),
    "partial": (
        "Partial",
        "As Quick, then the last stages of the network learn from some changed copies of each picture: a minute or so.",
    ),
    "balanced": (
        "Balanced",
        "As Quick, then all but the first stages of the network learn, from pictures changed anew each time: minutes.",
    ),
    "thorough": (
        "Thorough",
        "As Balanced, then the whole network learns for as long again: the most accurate, and the slowest.",
    ),
}
RESIZE: dict[str, tuple[str, str]] = {
    "crop": ("Crop", "The middle square is cut out. The usual choice, when the subject is in the middle."),
    "squish": ("Squish", "The whole picture is squeezed into a square. Nothing is lost, shapes are distorted."),
    "pad": ("Pad", "The whole picture with plain bars beside it. Nothing is lost or distorted, it gets smaller."),
}
MIXES: dict[str, tuple[str, str]] = {
    "none": ("No", "Each picture is learned from alone."),
    "mixup": ("Blend (mixup)", "Two pictures lie over each other, one of them mostly faint."),
    "cutmix": ("Paste (cutmix)", "A rectangle of one picture is pasted into another."),
}
BALANCES: dict[str, tuple[str, str]] = {
    "auto": ("Automatic", "Chosen from the numbers of pictures."),
    "none": ("Leave as they are", "Each picture counts alike, so frequent classes count more."),
    "sampling": ("Show more often", "Pictures of rare classes come up several times in an epoch, others not in each."),
    "weights": ("Weigh more", "Each picture comes up once, and errors on rare classes count more."),
}
UNUSED_BY_QUICK = "Quick looks at each picture once, as it is: without augmentation, mixing or smaller pictures."
DEVICES: dict[str, str] = {
    "auto": "Automatic",
    "cpu": "Processor (CPU)",
    "cuda": "NVIDIA graphics card (CUDA)",
}
_ON_DATA = ("few_validation", "imbalance", "overfitting", "underfitting")  # findings with a next step there
_SMOOTHING = 0.15  # weight of a new estimate
_JUMP = 3.0  # an estimate that differs by this factor is a new situation, such as the next phase


def architecture_details(one: Architecture, weights_dir: Path) -> str:
    """Size, ImageNet accuracy and where the weights are, in one line."""
    size = f"{one.megabytes:.0f} MB"
    if one.bundled:
        where = "comes with the program"
    elif (weights_dir / one.file).is_file():
        where = "downloaded"
    else:
        where = f"to download ({size})"
    facts = (f"{one.parameters / 1e6:.1f} M parameters", size, f"{one.accuracy:.1f} % on ImageNet", where)
    return " · ".join(fact.replace(" ", "\u00a0") for fact in facts)  # lines break between the facts only


def parse_learning_rate(text: str) -> float | None:
    """The number typed; None for an empty text, which means “automatic”.

    Raises:
        InputError: it is no number above 0 and up to 10.
    """
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 10.0:
        raise InputError("The learning rate is a number such as 1e-3 or 0.001. Leave it empty for an automatic one.")
    return value


def rate_text(value: float) -> str:
    """A learning rate with the two digits that matter: “2.1e-03”."""
    return f"{value:.1e}"


def data_text(listing: Listing | None) -> str:
    """What would be trained on, or what is missing."""
    if listing is None or not listing.items:
        return "Add pictures on the Data page first."
    classes, subsets = len(listing.classes()), listing.subsets()
    if classes < 2:
        return "There is only one class. Add a second one on the Data page: a choice needs two."
    valid = subsets.get("valid", 0)
    return f"{counted(subsets.get('train', 0), 'picture')} of {classes} classes to learn from, {valid:,} to check with."


def time_left_text(seconds: float) -> str:
    """“a few seconds”, “about 40 s”, “about 2 min”, “about 1 h 20 min”."""
    if seconds < 8:
        return "A few seconds left"
    if seconds < 90:
        step = 5 if seconds < 30 else 10
        return f"About {max(step, round(seconds / step) * step)} s left"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"About {minutes} min left"
    minutes = round(minutes / 10) * 10 if minutes > 90 else minutes
    return f"About {minutes // 60} h {minutes % 60} min left" if minutes % 60 else f"About {minutes // 60} h left"


class TimeLeft:
    """A calm estimate from jumpy ones: the predicted end moves by a fraction of each new prediction."""

    def __init__(self) -> None:
        self._end: float | None = None

    def update(self, seconds_left: float, now: float) -> float:
        """Take a new estimate; returns the smoothed seconds left. `now` is a monotonic time in seconds."""
        new_end = now + max(0.0, seconds_left)
        if self._end is None:
            self._end = new_end
        else:
            known = max(self._end - now, 1.0)
            ratio = max(seconds_left, 1.0) / known
            weight = 1.0 if not 1 / _JUMP < ratio < _JUMP else _SMOOTHING
            self._end += weight * (new_end - self._end)
        return max(0.0, self._end - now)

    def shift(self, seconds: float) -> None:
        """The job was held that long."""
        if self._end is not None:
            self._end += seconds


def speed_text(images_per_second: float | None) -> str:
    """“85 images/s”; empty where it is not known."""
    if not images_per_second or images_per_second <= 0:
        return ""
    return f"{images_per_second:,.0f} images/s" if images_per_second >= 10 else f"{images_per_second:.1f} images/s"


def result_text(result: dict[str, Any]) -> str:
    """The end of a training in plain words, from the keys of the finished event."""
    parts: list[str] = []
    accuracy, valid = result.get("accuracy"), int(result.get("valid_images") or 0)
    if accuracy is not None and valid:
        right = round(accuracy * valid)
        parts.append(f"{100 * accuracy:.1f} % of the validation pictures are right ({right:,} of {valid:,}).")
    else:
        parts.append("The network has learned, but there were no validation pictures to check it with.")
    if result.get("stopped"):
        parts.append(f"The training was stopped; its best epoch ({result.get('best_epoch', 0)}) is kept.")
    if result.get("seconds"):
        device = f" on {result['device']}" if result.get("device") else ""
        parts.append(f"It took {duration(float(result['seconds']))}{device}.")
    skipped = int(result.get("skipped_images") or 0)
    if skipped:
        parts.append(f"{counted(skipped, 'picture')} could not be read and stayed out.")
    return " ".join(parts)


def next_step(finding: Finding) -> tuple[str, str]:
    """The button of a finding and its tooltip; both empty where the next step is nothing that a button could do."""
    suggestion = finding.suggestion
    if suggestion is None:
        return (
            ("Go to Data", "Shows the pictures, their labels and the split.") if finding.kind in _ON_DATA else ("", "")
        )
    parts: list[str] = []
    if suggestion.learning_rate is not None:
        parts.append(f"learning rate {suggestion.learning_rate:g}")
    if suggestion.epochs is not None:
        parts.append(counted(suggestion.epochs, "epoch"))
    if suggestion.preset is not None:
        parts.append(f"preset {PRESETS[suggestion.preset][0] if suggestion.preset in PRESETS else suggestion.preset}")
    if suggestion.balance is not None:
        parts.append("balancing")
    return f"Use {', '.join(parts)}", "Fills in the field on the left; the next training takes it."
