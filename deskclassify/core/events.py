"""What jobs tell: frozen dataclasses, JSON in and out, units in the field names.

`event` is the name that the command line prints with `--json` (DESIGN section 4); the fields
are the keys. At most 20 progress or batch events a second leave a job: see `Throttle`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from deskclassify.core.codec import to_json
from deskclassify.core.sources import Found, Listing, Problem

_SECONDS_BETWEEN = 0.05


@dataclass(frozen=True)
class Event:
    """Base of all events."""

    event: ClassVar[str] = "message"


@dataclass(frozen=True)
class Started(Event):
    """A job has begun. `detail` says with what, in words."""

    event: ClassVar[str] = "started"
    command: str
    detail: str = ""


@dataclass(frozen=True)
class Progress(Event):
    """How far a stage is. `seconds_left` covers the whole job, where that can be said."""

    event: ClassVar[str] = "progress"
    stage: str
    done: int
    total: int
    images_per_second: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class Message(Event):
    """Something the user should read; `level` is `info` or `warning`."""

    event: ClassVar[str] = "message"
    text: str
    level: str = "info"


@dataclass(frozen=True)
class Held(Message):
    """The job waits for the user to mend something, as if paused; then it goes on by itself or when told to."""

    level: str = "warning"


@dataclass(frozen=True, kw_only=True)
class Forecast(Message):
    """What a training will cost, as far as a probe of a few seconds can tell; `text` says it to the user.

    Attributes:
        seconds_total: from the first picture to the last file.
        seconds_per_epoch: of the unfrozen phase, or of the frozen one where there is no other.
        frozen_seconds: computing what the cache does not hold, and the frozen phase.
        memory_bytes: most that the training's process takes on the CPU, or takes of the GPU.
        unfrozen_images_per_second: None where there is no unfrozen phase.
        precision: number format of the unfrozen phase, `fp32`, `bf16` or `fp16`.
        layout: memory layout, `channels last` or `contiguous`.
        figures: what was timed → pictures a second.
        to_compute: pictures whose features the cache does not hold.
    """

    seconds_total: float
    seconds_per_epoch: float
    frozen_seconds: float
    memory_bytes: int
    unfrozen_images_per_second: float | None
    precision: str
    layout: str
    figures: dict[str, float]
    train_images: int
    valid_images: int
    to_compute: int


@dataclass(frozen=True)
class BatchDone(Event):
    """One batch of training. `step` counts over the whole run; `loss` is smoothed."""

    event: ClassVar[str] = "batch"
    phase: str
    epoch: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    images_per_second: float
    seconds_left: float | None = None


@dataclass(frozen=True)
class EpochDone(Event):
    """One row of the history. `epoch` counts from 1 over both phases; `phase` is `frozen` or `unfrozen`."""

    event: ClassVar[str] = "epoch"
    phase: str
    epoch: int
    train_loss: float
    valid_loss: float | None
    accuracy: float | None
    error_rate: float | None
    lr: float
    seconds: float
    images_per_second: float
    epochs: int = 0


@dataclass(frozen=True)
class Suggestion:
    """Settings to train with next time, named as those of `FitRequest`; None leaves one as it is."""

    learning_rate: float | None = None
    epochs: int | None = None
    preset: str | None = None
    balance: str | None = None


@dataclass(frozen=True)
class Finding:
    """Something that the curves of a training tell; `core.diagnosis` reads them.

    Attributes:
        kind: one of `diagnosis.KINDS`.
        title: the finding in a few words.
        text: what was seen, with the numbers.
        advice: the next step.
        level: `warning`, `info` or `good`.
        suggestion: the next step, where it is a setting.
    """

    kind: str
    title: str
    text: str
    advice: str
    level: str = "warning"
    suggestion: Suggestion | None = None


@dataclass(frozen=True)
class FitDone(Event):
    """The end of a training, also of a stopped one; `findings` say how it went.

    `forecast_seconds` is what was expected of `seconds` before; `peak_memory_bytes` is to be held against
    `Forecast.memory_bytes`; `tta_accuracy` is that of several changed copies of each picture together.
    They are None where they are not known.
    """

    event: ClassVar[str] = "finished"
    run: str
    accuracy: float | None
    error_rate: float | None
    best_epoch: int
    classes: tuple[str, ...]
    train_images: int
    valid_images: int
    skipped_images: int
    seconds: float
    stopped: bool
    device: str = ""
    findings: tuple[Finding, ...] = ()
    forecast_seconds: float | None = None
    peak_memory_bytes: int | None = None
    tta_accuracy: float | None = None


@dataclass(frozen=True)
class Listed(Event):
    """What the folders hold, by their names alone.

    Attributes:
        found: what it was made of, to be arranged anew when something is mended.
    """

    event: ClassVar[str] = "finished"
    listing: Listing
    found: Found | None = None


@dataclass(frozen=True)
class ScanDone(Event):
    """What a folder holds.

    `duplicates` are groups of equal or nearly equal pictures; `near_duplicates` are those of
    the groups in which not all files are equal.
    """

    event: ClassVar[str] = "finished"
    images: int
    classes: dict[str, int]
    subsets: dict[str, int]
    unreadable: tuple[Problem, ...]
    duplicates: tuple[tuple[str, ...], ...]
    near_duplicates: tuple[tuple[str, ...], ...] = ()
    unlabelled: int = 0
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class LrFound(Event):
    """The range test: `rates` and smoothed `losses` have the same length."""

    event: ClassVar[str] = "finished"
    suggestion: float
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    steepest: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Augmented(Event):
    """What training makes of some pictures.

    Attributes:
        files: paths of the pictures that could be read.
        pictures: uint8 `[files, 1 + copies, size, size, 3]`: each resized picture, then its changed copies.
        shares: float32 `[files, copies, files]`: how much of each picture there is in a copy; each copy's add up to 1.
        resized: uint8 `[3, size, size, 3]`: the first picture by `crop`, `squish` and `pad`.
    """

    event: ClassVar[str] = "finished"
    files: tuple[str, ...]
    pictures: np.ndarray
    shares: np.ndarray
    resized: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """One labelled picture and what the model said of it. `loss` is the cross-entropy in nats."""

    path: str
    label: str
    predicted: str
    probability: float
    loss: float


@dataclass(frozen=True)
class Scored(Event):
    """All that a model says of labelled pictures: what every metric, curve and list is made of.

    Attributes:
        classes: of the model, in the order of the columns.
        verdicts: a picture each; a `label` may be none of the classes.
        probabilities: float32 `[pictures, classes]`, in the order of the verdicts.
    """

    event: ClassVar[str] = "scored"
    classes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    probabilities: np.ndarray


@dataclass(frozen=True)
class Evaluated(Event):
    """Metrics on labelled pictures. `confusion` rows are actual, columns predicted classes.

    Attributes:
        accuracy_low: lower end of Wilson's interval of the accuracy, 95 % confidence; `accuracy_high` the upper one.
        macro_f1: mean of the classes' F1.
        top3: top-3 accuracy; `top5` likewise; None with no more classes than that, or where it was not measured.
    """

    event: ClassVar[str] = "finished"
    classes: tuple[str, ...]
    images: int
    accuracy: float
    error_rate: float
    per_class: dict[str, dict[str, float]]
    confusion: tuple[tuple[int, ...], ...]
    top_losses: tuple[Verdict, ...]
    skipped_images: int = 0
    seconds: float = 0.0
    accuracy_low: float = 0.0
    accuracy_high: float = 1.0
    macro_f1: float = 0.0
    top3: float | None = None
    top5: float | None = None


@dataclass(frozen=True)
class Exported(Event):
    """A model was written, and agreed with training.

    `files` are all that were written; `bytes_before` and `accuracy_before` are those of fp32, where the precision is
    another one, and `speed_ratio` says how many times as fast as that it is on this computer's processor. Where the
    model resizes by itself, `accuracy_before` is that with the resizing outside.
    """

    event: ClassVar[str] = "finished"
    model: str
    bytes: int
    images: int
    top1_agreement: float
    max_abs_diff: float
    accuracy: float | None
    accuracy_before: float | None = None
    seconds: float = 0.0
    precision: str = "fp32"
    bytes_before: int | None = None
    files: tuple[str, ...] = ()
    opset: int = 0
    speed_ratio: float | None = None


@dataclass(frozen=True)
class Prediction(Event):
    """One file. Either `label`, `probability` and `top`, or `error`.

    `refused` says that it is none of these classes: the label is the likeliest, but its probability is below the
    model's threshold.
    """

    event: ClassVar[str] = "prediction"
    path: str
    label: str = ""
    probability: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    error: str = ""
    milliseconds: float = 0.0
    refused: bool = False


@dataclass(frozen=True)
class PredictDone(Event):
    """The end of a prediction; `threshold` is the model's own.

    `provider` is the one that really ran; where another one was wanted, `provider_note` says why not, and what to do.
    """

    event: ClassVar[str] = "finished"
    images: int
    failed: int
    seconds: float
    provider: str
    classes: tuple[str, ...] = ()
    architecture: str = ""
    accuracy: float | None = None
    stopped: bool = False
    threshold: float = 0.0
    refused: int = 0
    provider_note: str = ""


@dataclass(frozen=True)
class WeightsReady(Event):
    """The weights are on the disk."""

    event: ClassVar[str] = "finished"
    architecture: str
    path: str


@dataclass(frozen=True)
class Examined(Event):
    """What `doctor` found; `warning` says why a graphics card that is there, or was asked for, is not used."""

    event: ClassVar[str] = "finished"
    device: str
    device_reason: str
    provider: str
    provider_reason: str
    versions: dict[str, str]
    conflicts: tuple[str, ...] = ()
    folders: dict[str, str] = field(default_factory=dict)
    cpu: str = ""
    healthy: bool = True
    warning: str = ""


def public(event: Event) -> dict[str, Any]:
    """The event as the command line prints it with `--json`."""
    return {"event": event.event, **to_json(event)}


class Throttle:
    """Lets at most 20 events a second through, and always the last of a stage."""

    def __init__(self, seconds_between: float = _SECONDS_BETWEEN) -> None:
        self._between = seconds_between
        self._next = 0.0

    def ready(self, last: bool = False) -> bool:
        """Whether an event may be sent now."""
        now = time.monotonic()
        if last or now >= self._next:
            self._next = now + self._between
            return True
        return False
