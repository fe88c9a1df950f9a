"""An engine for the tests of the Layers page: it answers with real events, in the order the test wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np

from deskclassify.core.events import Event
from deskclassify.core.layer_events import KernelsShown, Layer, LayerShown, LayersListed, Stepped
from deskclassify.core.layer_requests import KernelsRequest, LayerRequest, LayersRequest, StepRequest
from deskclassify.core.requests import Request

LAYERS = (
    Layer("stem.conv", "Convolution", (4, 8, 8), 108, "kernel 3 × 3", "Stem", 3, False),
    Layer("stem.act", "ReLU", (4, 8, 8), 0, "", "Stem", 3),
    Layer("body.conv", "Depthwise convolution", (6, 4, 4), 216, "kernel 3 × 3", "Block 1", 7, True),
    Layer("head.fc", "Linear", (3,), 99, "", "Head", 0, True),
)
CLASSES = ("ants", "bees", "wasps")
NONE = np.zeros((0,), dtype=np.uint8)
FLOATS = np.zeros((0,), dtype=np.float32)


def layer_of(name: str) -> Layer:
    """A layer by name."""
    return next(layer for layer in LAYERS if layer.name == name)


def shown(request: LayerRequest) -> Iterator[Event]:
    """Channel 2 is the strongest, then 0, 3, 1; channel i has level 50 · i, and values from −1 to 4.1."""
    layer = layer_of(request.layer)
    picture = np.full((16, 16, 3), 90, dtype=np.uint8) if request.image else NONE
    is_map = len(layer.shape) == 3
    count = 4 if request.image and is_map else 0
    yield LayerShown(
        layer=layer,
        explanation=f"{layer.name} explained.",
        activations=np.stack([np.full((8, 8), 50 * at, dtype=np.uint8) for at in range(count)]) if count else NONE,
        low=np.full(count, -1, dtype=np.float32),
        high=np.full(count, 4.1, dtype=np.float32),
        strength=np.array([3, 1, 4, 2], dtype=np.float32)[:count],
        separation=np.array([0.1, 0.4, -0.2, 0.3], dtype=np.float32)[:count] if request.separate else FLOATS,
        picture=picture,
        values=np.array([0.5, 3.0, -1.0], dtype=np.float32) if request.image and not is_map else FLOATS,
        value_names=CLASSES if not is_map else (),
        answer=(("bees", 0.9), ("ants", 0.08), ("wasps", 0.02)) if request.image else (),
        image=request.image,
        epoch=request.epoch,
    )


def kernels(request: KernelsRequest) -> Iterator[Event]:
    """Four kernels for a convolution, none for others."""
    if "onvolution" in layer_of(request.layer).kind:
        tiles, norms, note = np.full((4, 3, 3, 3), 200, dtype=np.uint8), np.ones(4, np.float32), "Four kernels."
        yield KernelsShown(request.layer, "colour", tiles, norms, FLOATS, (), 0.1, 0.2, note, "All alive.")
    else:
        note = "This kind of layer has no kernels."
        yield KernelsShown(request.layer, "none", NONE, FLOATS, FLOATS, (), 0.0, 0.0, note, "")


def step(request: StepRequest) -> Iterator[Event]:
    """0.5 times 0.1 · (channel + 1), 27 times."""
    patch = np.full((3, 3, 3), 0.5, dtype=np.float32)
    kernel = np.full((3, 3, 3), 0.1 * (request.channel + 1), dtype=np.float32)
    value = float((patch * kernel).sum())
    output = np.zeros((8, 8), dtype=np.float32)
    corner = (request.row - 1, request.column - 1)
    place = (request.layer, request.channel, request.row, request.column)
    inside = np.ones((3, 3), dtype=np.uint8)
    yield Stepped(*place, patch, kernel, 0.0, value, value, output, corner, (1, 1), (1, 1), (1, 1), 1, inside)


class Engine:
    """Answers like the engine's processes.

    Attributes:
        answers: how each kind of request is answered; add others.
        held: layers whose answer waits until their event is set.
        errors: what is raised instead of an answer, by kind of request.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.controls = []
        self.held: dict[str, threading.Event] = {}
        self.errors: dict[type, Exception] = {}
        self.classes: tuple[str, ...] = CLASSES
        self.answers: dict[type, Callable[..., Iterator[Event]]] = {
            LayersRequest: self._listed,
            LayerRequest: shown,
            KernelsRequest: kernels,
            StepRequest: step,
        }

    def _listed(self, request: LayersRequest) -> Iterator[Event]:
        yield LayersListed(request.model, LAYERS, 423, self.classes, 16, "A network")

    def __call__(self, request, control) -> Iterator[Event]:
        self.requests.append(request)
        self.controls.append(control)
        error = self.errors.get(type(request))
        if error is not None:
            raise error
        if isinstance(request, LayerRequest) and request.layer in self.held:
            self.held[request.layer].wait(5)
        answer = self.answers.get(type(request))
        if answer is not None:
            yield from answer(request)

    def of(self, kind):
        """The requests of a kind, in order."""
        return [request for request in self.requests if isinstance(request, kind)]
