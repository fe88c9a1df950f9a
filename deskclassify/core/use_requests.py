"""What is asked of finished models: what they are, why they answer so, and what is done with the answers.

The `looker` is a second predictor, without torch as well: it answers for one picture while the first one is at work on
thousands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from deskclassify.core.events import Prediction
from deskclassify.core.foreign import Handling
from deskclassify.core.requests import Process, Request

EngineKind = Literal["auto", "cpu", "cuda"]
ENGINE_KINDS: tuple[EngineKind, ...] = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class ModelRequest(Request):
    """Check a model file, open it and test it; then `ModelRead`.

    Attributes:
        model: path.
        handling: what the user says of a model that deskclassify did not write; it is remembered for this file.
        forget: what was said of the file before is forgotten first.
    """

    job: ClassVar[str] = "deskclassify.ml.model_reading:read"
    process: ClassVar[Process] = "looker"
    model: str
    handling: Handling | None = None
    device: str = "auto"
    forget: bool = False


@dataclass(frozen=True)
class OccludeRequest(Request):
    """Where a picture's answer comes from, found by covering parts of it; then `Occluded`.

    Attributes:
        model, picture: paths.
        label: class whose probability is watched; empty for the likeliest.
        cells: places of the cover across the picture.
    """

    job: ClassVar[str] = "deskclassify.ml.occlusion:occlude"
    process: ClassVar[Process] = "looker"
    model: str
    picture: str
    label: str = ""
    cells: int = 14
    device: str = "auto"


@dataclass(frozen=True)
class FrameRequest(Request):
    """Classify a picture that has no file, such as a frame of the camera; then `Prediction`.

    Attributes:
        pixels: uint8 `[h, w, 3]`, RGB.
    """

    job: ClassVar[str] = "deskclassify.ml.prediction:predict_frame"
    process: ClassVar[Process] = "looker"
    model: str
    pixels: np.ndarray
    top: int = 5
    device: str = "auto"


@dataclass(frozen=True)
class WatchRequest(Request):
    """Tell of pictures that appear in a folder, until stopped.

    Attributes:
        folder: watched with all that is below it.
        seconds: between two looks; a file is told of when its size was the same in two.
        present: whether those that are there already are told of too.
    """

    job: ClassVar[str] = "deskclassify.core.watching:watch"
    process: ClassVar[Process] = "here"
    folder: str
    seconds: float = 1.0
    present: bool = False


@dataclass(frozen=True)
class SortRequest(Request):
    """Copy pictures into folders of their classes; nothing is moved or overwritten; then `Sorted`.

    Attributes:
        files: path and folder name of each.
    """

    job: ClassVar[str] = "deskclassify.core.sorting:sort"
    process: ClassVar[Process] = "here"
    files: tuple[tuple[str, str], ...]
    folder: str


@dataclass(frozen=True)
class SheetRequest(Request):
    """Lay answered pictures out on pages; then `SheetWritten`.

    Attributes:
        rows: the answers, in this order.
        file: `.pdf`, or `.png` or `.jpg` (several pages become several files, numbered).
        title: at the top of each page.
        columns: pictures in a row.
        note: below the title of each page, such as the name of the model.
        classes: of the model; their alphabetical order decides the colours, as in the window.
    """

    job: ClassVar[str] = "deskclassify.core.answer_sheet:write"
    process: ClassVar[Process] = "here"
    rows: tuple[Prediction, ...]
    file: str
    title: str
    columns: int = 5
    note: str = ""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineStateRequest(Request):
    """What there is of the training engine, and what would be installed; then `EngineState`."""

    job: ClassVar[str] = "deskclassify.core.training_engine:examine"
    process: ClassVar[Process] = "here"
    kind: EngineKind = "auto"


@dataclass(frozen=True)
class InstallEngineRequest(Request):
    """Install the training engine into the user's folder, or go on with it; then `EngineState`.

    Attributes:
        kind: with CUDA or without; `auto` looks for an NVIDIA card.
        wheels: folder of wheels, to install without a network; empty for the package index.
        index: address of a mirror of the package index; empty for the usual one.
        repair: install anew what is there.
    """

    job: ClassVar[str] = "deskclassify.core.training_engine:install"
    process: ClassVar[Process] = "here"
    kind: EngineKind = "auto"
    wheels: str = ""
    index: str = ""
    repair: bool = False


@dataclass(frozen=True)
class RemoveEngineRequest(Request):
    """Remove the training engine; then `EngineState`."""

    job: ClassVar[str] = "deskclassify.core.training_engine:remove"
    process: ClassVar[Process] = "here"
