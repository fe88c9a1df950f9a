"""What can be asked of a job: one frozen dataclass for each, and where its generator lives.

`job` names the generator as `module:function`. It is resolved by name in the process that runs
it, so that nobody who only sends a request imports the learning code. `process` says which child
runs it: the `trainer`, the `viewer` (what is answered at once), the `explorer` (what takes its time) and the `mender`
(which keeps a run's features at hand) hold torch, the `predictor`, the `looker` (one picture, while the predictor is at
work), the `scanner` and the `fetcher` (downloads, which may take long) do not; `here` is a thread of the window
itself, for what only walks folders. What is asked of the Layers page is in `layer_requests`, what brings in and mends
data in `data_requests`, what is done with finished models in `use_requests`; `wire` has the list of all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import ClassVar, Literal

from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Listed, Progress
from deskclassify.core.preprocess import Resize
from deskclassify.core.sources import DataSpec, Found, arrange, find

Preset = Literal["quick", "partial", "balanced", "thorough"]
PRESETS: tuple[Preset, ...] = ("quick", "partial", "balanced", "thorough")
Mix = Literal["none", "mixup", "cutmix"]
MIXES: tuple[Mix, ...] = ("none", "mixup", "cutmix")
STRONGEST_AUGMENT = 2.0  # of `FitRequest.augment`
Balance = Literal["auto", "none", "sampling", "weights"]
BALANCES: tuple[Balance, ...] = ("auto", "none", "sampling", "weights")
ExportLayout = Literal["file", "triton", "zip", "safetensors"]
EXPORT_LAYOUTS: tuple[ExportLayout, ...] = ("file", "triton", "zip", "safetensors")
Precision = Literal["fp32", "fp16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")
PredictEngine = Literal["local", "ray"]
PREDICT_ENGINES: tuple[PredictEngine, ...] = ("local", "ray")
Process = Literal["trainer", "viewer", "explorer", "mender", "predictor", "looker", "scanner", "fetcher", "here"]


@dataclass(frozen=True)
class Request:
    """Base of all requests."""

    job: ClassVar[str]
    process: ClassVar[Process] = "trainer"


@dataclass(frozen=True)
class ListRequest(Request):
    """Walk the folders, label and split; no picture is opened.

    Attributes:
        found: of an earlier walk, if it still fits; then there is none.
    """

    job: ClassVar[str] = "deskclassify.core.requests:list_items"
    process: ClassVar[Process] = "here"
    data: DataSpec
    found: Found | None = None


@dataclass(frozen=True)
class ScanRequest(Request):
    """Open every picture once: what is unreadable, and which are duplicates (if asked)."""

    job: ClassVar[str] = "deskclassify.ml.scanning:scan"
    process: ClassVar[Process] = "scanner"
    data: DataSpec
    duplicates: bool = True


@dataclass(frozen=True)
class FitRequest(Request):
    """Train. None and an empty text mean “choose a sane value”.

    Attributes:
        run: folder to write, see DESIGN section 5.
        architecture: a name of `architectures.ARCHITECTURES`.
        learning_rate: highest rate of the head.
        batch_size: pictures; image_size: pixels.
        augment: strength of the random changes to training pictures; 0 is none, 1 the usual, at most 2.
        mix: whether training pictures are blended (mixup) or pasted into each other (cutmix).
        balance: what is done about classes of unequal size; `auto` decides by the counts.
        gradual: unfreeze from the last stage to the first, instead of all at once.
        progressive: begin with smaller pictures.
        patience: end a phase after so many epochs without a better one; None: never.
        tta: also measure on changed copies of the validation pictures (test-time augmentation).
        weights: file with pretrained weights; empty for the usual ones.
        device: `auto`, `cpu`, `cuda` or `cuda:i`.
        resume: go on from what `run` holds, with the settings it was begun with.
    """

    job: ClassVar[str] = "deskclassify.ml.training:fit"
    data: DataSpec
    run: str
    architecture: str = "efficientnet_lite0"
    preset: Preset = "balanced"
    epochs: int | None = None
    frozen_epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    image_size: int | None = None
    resize: Resize = "squish"
    augment: float = 1.0
    mix: Mix = "none"
    balance: Balance = "auto"
    gradual: bool = False
    progressive: bool = False
    patience: int | None = None
    tta: bool = False
    weights: str = ""
    device: str = "auto"
    resume: bool = False


@dataclass(frozen=True)
class ForecastRequest(Request):
    """Say what a training would cost; nothing is written but caches."""

    job: ClassVar[str] = "deskclassify.ml.forecast:forecast"
    fit: FitRequest


@dataclass(frozen=True)
class LrFindRequest(Request):
    """The learning-rate range test; leaves nothing changed."""

    job: ClassVar[str] = "deskclassify.ml.lr_finder:find"
    data: DataSpec
    architecture: str = "efficientnet_lite0"
    batch_size: int | None = None
    image_size: int | None = None
    resize: Resize = "squish"
    weights: str = ""
    device: str = "auto"


@dataclass(frozen=True)
class AugmentRequest(Request):
    """Show what training makes of some pictures.

    Attributes:
        files: paths of the pictures; those that cannot be read are left out.
        size: pixels, width and height.
        strength, mix: see `FitRequest`.
        copies: changed copies of each picture.
        seed: the same one gives the same changes; another strength only makes them weaker or stronger.
    """

    job: ClassVar[str] = "deskclassify.ml.augment_preview:preview"
    process: ClassVar[Process] = "viewer"
    files: tuple[str, ...]
    resize: Resize = "squish"
    size: int = 160
    strength: float = 1.0
    mix: Mix = "none"
    copies: int = 5
    seed: int = 0


@dataclass(frozen=True)
class EvaluateRequest(Request):
    """Measure a run folder or an exported model on labelled pictures.

    Attributes:
        subset: which of the pictures: all, or those that `data` puts on one side of the split.
    """

    job: ClassVar[str] = "deskclassify.ml.evaluation:evaluate"
    process: ClassVar[Process] = "explorer"
    model: str
    data: DataSpec
    subset: Literal["all", "valid", "test"] = "all"
    device: str = "auto"


@dataclass(frozen=True)
class ExportRequest(Request):
    """Write a run as an ONNX model, if it agrees with training.

    Attributes:
        layout: one `.onnx` file, a model repository for `triton`, a `zip` with model, labels, README and a script, or
            `safetensors` weights with their description in JSON.
        precision: `fp16` halves the file; `int8` is calibrated on training pictures. Both are held against accuracy.
        fast: take torch's older exporter, for a model that is wanted at once after a training; the proof is the same.
        opset: of ONNX; None for the usual one.
        resize_inside: decoded pictures of any size go in, and the graph resizes them itself.
        classes: class → name now, where classes were renamed or merged since the training: the probabilities of merged
            ones add up inside the model.
    """

    job: ClassVar[str] = "deskclassify.ml.export:export"
    process: ClassVar[Process] = "trainer"
    run: str
    target: str
    layout: ExportLayout = "file"
    precision: Precision = "fp32"
    fast: bool = False
    opset: int | None = None
    resize_inside: bool = False
    classes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PredictRequest(Request):
    """Classify files and folders with an exported model.

    Attributes:
        files_from: a file that lists more paths, one a line; `-` is standard input.
        null: the paths in it are ended by NUL bytes.
        done: an unfinished table (`core.prediction_csv`), whose files are passed over.
        engine: `local`, or `ray` for Ray Data.
        ray_address: of a cluster; empty to start Ray on this machine.
    """

    job: ClassVar[str] = "deskclassify.ml.prediction:predict"
    process: ClassVar[Process] = "predictor"
    model: str
    paths: tuple[str, ...] = ()
    top: int = 3
    device: str = "auto"
    files_from: str = ""
    null: bool = False
    done: str = ""
    engine: PredictEngine = "local"
    ray_address: str = ""


@dataclass(frozen=True)
class WeightsRequest(Request):
    """Fetch pretrained weights, unless they are there already."""

    job: ClassVar[str] = "deskclassify.ml.weights:fetch"
    process: ClassVar[Process] = "scanner"
    architecture: str


@dataclass(frozen=True)
class DoctorRequest(Request):
    """Versions, device, ONNX Runtime's real provider, conflicts."""

    job: ClassVar[str] = "deskclassify.ml.doctor:examine"
    process: ClassVar[Process] = "viewer"
    device: str = "auto"


@dataclass(frozen=True)
class WarmRequest(Request):
    """Import what a training needs, so that the first one starts at once."""

    job: ClassVar[str] = "deskclassify.ml.warm:warm"
    architecture: str = "efficientnet_lite0"


@dataclass(frozen=True)
class SleepRequest(Request):
    """Tick until stopped; proves that a process runs, stops, pauses and dies as it should."""

    job: ClassVar[str] = "deskclassify.core.requests:tick"
    process: ClassVar[Process] = "predictor"
    ticks: int = 10
    seconds: float = 0.05
    tags: dict[str, str] = field(default_factory=dict)


def generator(request: Request) -> Callable[[Request, ShouldStop], Iterator[Event]]:
    """The job of a request, imported now: call this only in the process that is to run it."""
    module, _, name = request.job.partition(":")
    function: Callable[[Request, ShouldStop], Iterator[Event]] = getattr(import_module(module), name)
    return function


def list_items(request: ListRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `ListRequest`."""
    found = request.found or find(request.data, should_stop)
    listing = arrange(found, request.data)
    listing.classes()  # counted here, and not in the thread of the window
    yield Listed(listing, found)


def tick(request: SleepRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `SleepRequest`."""
    for done in range(1, request.ticks + 1):
        if should_stop():
            return
        time.sleep(request.seconds)
        yield Progress("tick", done, request.ticks)
