"""What is told of finished models and of the training engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from deskclassify.core.events import Event
from deskclassify.core.foreign import Handling

Origin = Literal["deskclassify", "ultralytics", "foreign"]
ModelState = Literal["good", "altered", "unknown"]


@dataclass(frozen=True, kw_only=True)
class ModelRead(Event):
    """What a model file is. A file that is refused gives a failure instead.

    Attributes:
        model: path.
        origin: who wrote it.
        state: `altered` where it does not give the answers that it was exported with, `unknown` where something must be
            said before it can be used; both say why in `problem`.
        handling: how it is used; of an `unknown` one, what could be read from the file, to be completed.
        missing: what must be said: `labels`, `preprocess`, `output`.
        labels_from: `metadata`, `you` where they were said, or the path of a text file beside the model; empty where
            there are none, and `handling` has as many stand-ins.
        outputs: numbers that the model gives for a picture: so many classes there are.
        size: pixels that its input must have, width and height; 0 where any will do.
        notes: sentences about what was found out, for the one who is asked what is missing.
        threshold, temperature, accuracy, accuracy_before, architecture, precision, parity, created, versions: of the
            card (docs/onnx.md).
        input_text, output_text: names, types and shapes as declared.
        provider: that really ran; `provider_note` says why it is not the one that was wanted.
        bytes: size of the file.
        opset: of the default domain.
        resized: `inside` where decoded pictures of any size go in and the graph scales them.
    """

    event: ClassVar[str] = "finished"
    model: str
    origin: Origin
    state: ModelState = "good"
    problem: str = ""
    handling: Handling | None = None
    missing: tuple[str, ...] = ()
    labels_from: str = ""
    architecture: str = ""
    accuracy: float | None = None
    accuracy_before: float | None = None
    threshold: float = 0.0
    temperature: float = 1.0
    precision: str = ""
    parity: dict[str, float] = field(default_factory=dict)
    created: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    input_text: str = ""
    output_text: str = ""
    provider: str = ""
    provider_note: str = ""
    bytes: int = 0
    opset: int = 0
    resized: str = "outside"
    outputs: int = 0
    size: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Occluded(Event):
    """How much the probability of a class falls where a part of the picture is covered.

    Attributes:
        heat: float32 `[h, w]`, of the size of the network's input: probability lost; negative where it rose.
        pixels: uint8 `[h, w, 3]`, the input that was looked at.
        probability: of the class, with nothing covered.
    """

    event: ClassVar[str] = "finished"
    picture: str
    label: str
    probability: float
    heat: np.ndarray
    pixels: np.ndarray
    seconds: float = 0.0


@dataclass(frozen=True)
class Appeared(Event):
    """New pictures in a watched folder; paths."""

    event: ClassVar[str] = "progress"
    files: tuple[str, ...]


@dataclass(frozen=True)
class Sorted(Event):
    """Copies were made.

    Attributes:
        copied: number of them.
        missing: paths that are not there any more.
        folder: that holds them.
        unreadable: paths of files that may not be read, or lie on a bad spot of the disk.
        stopped: whether it was told to stop; the copies so far stay.
    """

    event: ClassVar[str] = "finished"
    copied: int
    missing: tuple[str, ...]
    folder: str
    unreadable: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(frozen=True)
class SheetWritten(Event):
    """A contact sheet was written; paths of its files, how many pictures are on it, and on how many pages."""

    event: ClassVar[str] = "finished"
    files: tuple[str, ...]
    pictures: int
    pages: int = 1


@dataclass(frozen=True, kw_only=True)
class EngineState(Event):
    """The training engine: a Python environment of its own, in the user's folder.

    Attributes:
        state: `bundled` where this program needs none, since torch is installed beside it (a checkout, or pip).
        folder: where it is or would be.
        kind: `cpu` or `cuda`: what is there, or what would be installed.
        version: of deskclassify in it.
        bytes_needed, bytes_free: on the disk.
        text: a sentence for the user.
        bytes_download: of the packages that are still to be fetched.
        reason: why this kind; a sentence, may be empty.
    """

    event: ClassVar[str] = "finished"
    state: Literal["bundled", "installed", "missing", "unfinished", "damaged", "outdated"]
    folder: str = ""
    kind: str = ""
    version: str = ""
    bytes_needed: int = 0
    bytes_free: int = 0
    text: str = ""
    bytes_download: int = 0
    reason: str = ""
