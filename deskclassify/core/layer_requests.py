"""What can be asked of the jobs of the Layers page.

In all of them `model` is a run folder or the name of an architecture, which is then the pretrained one; `epoch` is
one of `LayersListed.epochs`, None for the best; `layer` is a name from `LayersListed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from deskclassify.core.requests import Process, Request

Method = Literal["gradcam", "occlusion", "integrated"]
METHODS: tuple[Method, ...] = ("gradcam", "occlusion", "integrated")
Projection = Literal["pca", "tsne"]
_JOBS = "deskclassify.ml.inspection"


@dataclass(frozen=True)
class LayersRequest(Request):
    """List the layers of a run's network, or of an architecture's pretrained one."""

    job: ClassVar[str] = f"{_JOBS}.network:list_layers"
    process: ClassVar[Process] = "viewer"
    model: str


@dataclass(frozen=True)
class LayerRequest(Request):
    """Show what a layer makes of a picture.

    Attributes:
        image: path of a picture; empty for none.
        separate: also work out what separates the likeliest class from the runner-up.
    """

    job: ClassVar[str] = f"{_JOBS}.activations:show_layer"
    process: ClassVar[Process] = "viewer"
    model: str
    layer: str
    image: str = ""
    epoch: int | None = None
    separate: bool = False


@dataclass(frozen=True)
class ChannelRequest(Request):
    """Give the exact values of one channel."""

    job: ClassVar[str] = f"{_JOBS}.activations:show_channel"
    process: ClassVar[Process] = "viewer"
    model: str
    layer: str
    image: str
    channel: int
    epoch: int | None = None


@dataclass(frozen=True)
class KernelsRequest(Request):
    """Show the kernels of a layer."""

    job: ClassVar[str] = f"{_JOBS}.kernels:show_kernels"
    process: ClassVar[Process] = "viewer"
    model: str
    layer: str
    epoch: int | None = None


@dataclass(frozen=True)
class KernelRequest(Request):
    """Give the exact weights of one kernel, now and before training."""

    job: ClassVar[str] = f"{_JOBS}.kernels:show_kernel"
    process: ClassVar[Process] = "viewer"
    model: str
    layer: str
    channel: int
    epoch: int | None = None


@dataclass(frozen=True)
class StepRequest(Request):
    """The arithmetic of one output value of a convolution on a picture."""

    job: ClassVar[str] = f"{_JOBS}.steps:step"
    process: ClassVar[Process] = "viewer"
    model: str
    layer: str
    image: str
    channel: int = 0
    row: int = 0
    column: int = 0
    epoch: int | None = None


@dataclass(frozen=True)
class SearchRequest(Request):
    """Search pictures for what excites each channel of each layer most; the result is kept.

    `files` are paths; `labels` are their classes, in the same order, or empty.
    """

    job: ClassVar[str] = f"{_JOBS}.excitation:search"
    process: ClassVar[Process] = "explorer"
    model: str
    files: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class PatchesRequest(Request):
    """Show what excites one channel most, from what `SearchRequest` with the same pictures has kept."""

    job: ClassVar[str] = f"{_JOBS}.patches:show_patches"
    process: ClassVar[Process] = "viewer"
    model: str
    layer: str
    channel: int
    files: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExplainRequest(Request):
    """Show where in a picture the reasons for an answer lie.

    `target` is a class of the run; empty for the likeliest one.
    """

    job: ClassVar[str] = f"{_JOBS}.explanation:explain"
    process: ClassVar[Process] = "viewer"
    model: str
    image: str
    method: Method = "gradcam"
    target: str = ""
    epoch: int | None = None


@dataclass(frozen=True)
class MapRequest(Request):
    """Lay a run's validation pictures out in two dimensions by their features.

    `device` is `auto`, `cpu`, `cuda` or `cuda:i`.
    """

    job: ClassVar[str] = f"{_JOBS}.projection:lay_out"
    process: ClassVar[Process] = "explorer"
    model: str
    method: Projection = "pca"
    device: str = "auto"


@dataclass(frozen=True)
class ReportRequest(Request):
    """Write the walk of a picture through a network as one HTML file."""

    job: ClassVar[str] = f"{_JOBS}.report:write"
    process: ClassVar[Process] = "explorer"
    model: str
    image: str
    target: str
