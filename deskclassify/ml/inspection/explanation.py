"""Where in a picture the reasons for an answer lie, found in three ways that can be held against each other.

| method       | asks                                                    | paper                    |
| ------------ | ------------------------------------------------------- | ------------------------ |
| `gradcam`    | which places of the last map raise the class's score    | Selvaraju et al. 2017    |
| `occlusion`  | what happens to its probability when a place is covered | Zeiler & Fergus 2014     |
| `integrated` | each pixel's share of its probability                   | Sundararajan et al. 2017 |
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam
from torchvision.transforms.functional import gaussian_blur

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import ExplainRequest, Method
from deskclassify.ml.capture import capture, eval_mode
from deskclassify.ml.inspection.network import Opened, look

_WINDOWS = 9  # along one side; each is a quarter of it wide, so that every pixel is covered four times
_BATCH = 4  # pictures between two looks at should_stop: below a second also for VGG-16 on two cores
_PARTS = 16  # of the way from grey to the picture
_STEPS = 2  # gradients in each part: 32 in all
_BRIGHTEST = 99.5  # per cent of the pixels; a few outliers would darken all others
_NOTICED = 0.005  # of probability: what is less cannot be told from chance
_OFF = 0.1  # of probability: shares that miss the whole by more are not to be trusted


@dataclass(frozen=True)
class _Asked:
    """What is to be explained: class `target` of the input `tensor`, float `[1, 3, size, size]`."""

    opened: Opened
    tensor: torch.Tensor
    target: int
    name: str
    probability: float
    should_stop: ShouldStop

    @property
    def size(self) -> int:
        return int(self.tensor.shape[-1])


@dataclass(frozen=True)
class _Found:
    """As in `Explained`."""

    heat: np.ndarray
    text: str
    scale: float = 0.0
    spot: tuple[int, int, int, int] = (0, 0, 0, 0)


_Finding = Generator[Event, None, _Found | None]
"""A method at work: None when stopped."""


def explain(request: ExplainRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Show where in a picture the reasons for an answer lie.

    Yields:
        `Progress` of the slow methods, then an `Explained`; nothing more when stopped.

    Raises:
        InputError: the network or the picture cannot be had, it has no classes, or none of that name.
    """

    def show(opened: Opened) -> Iterator[Event]:
        return _explain(opened, request, should_stop)

    return look(request.model, request.epoch, show, should_stop)


def _explain(opened: Opened, request: ExplainRequest, should_stop: ShouldStop) -> Iterator[Event]:
    begun = time.perf_counter()
    if not opened.classes:
        raise InputError(
            f"{opened.architecture.title} is only pretrained and has none of your classes, so there is no answer to "
            "explain. Train a network of your own, then choose it here."
        )
    if request.target and request.target not in opened.classes:
        raise InputError(f"The network has no class “{request.target}”. It has: {', '.join(opened.classes)}.")
    picture, tensor = opened.input_of(request.image)
    tensor = tensor.contiguous(memory_format=torch.channels_last)  # faster on a CPU
    with eval_mode(opened.model):
        chances = _probabilities(opened, tensor)[0]
        likeliest = [int(at) for at in np.argsort(-chances, kind="stable")]
        target = opened.classes.index(request.target) if request.target else likeliest[0]
        asked = _Asked(opened, tensor, target, opened.classes[target], float(chances[target]), should_stop)
        found = yield from _METHODS[request.method](asked)
    if found is not None:
        yield Explained(
            image=request.image,
            method=request.method,
            target=asked.name,
            heat=found.heat,
            picture=picture,
            answer=tuple((opened.classes[at], float(chances[at])) for at in likeliest),
            text=found.text,
            seconds=time.perf_counter() - begun,
            scale=found.scale,
            spot=found.spot,
        )


def _probabilities(opened: Opened, tensor: torch.Tensor) -> np.ndarray:
    """Float32 `[N, classes]` of normalised pictures, float `[N, 3, size, size]`."""
    with torch.inference_mode():
        chances: np.ndarray = opened.model(tensor).float().softmax(dim=1).numpy()
    return chances


# -- Grad-CAM -------------------------------------------------------------------------


def _grad_cam(asked: _Asked) -> _Finding:
    """The last map's channels, weighted by how much each raises the score (https://arxiv.org/abs/1610.02391)."""
    yield from ()
    if asked.should_stop():
        return None
    path, before = last_map(asked.opened, asked.tensor)
    method = LayerGradCam(asked.opened.model, asked.opened.model.get_submodule(path))
    # The picture asks for gradients, so that there are some also in a network whose weights are all held fast.
    leaf = asked.tensor.clone().requires_grad_()
    small = method.attribute(leaf, asked.target, attribute_to_layer_input=before, relu_attributions=True).detach()
    # Bicubic, because the creases of a bilinear map would look like edges in the picture.
    large = LayerAttribution.interpolate(small, (asked.size, asked.size), "bicubic").clamp(min=0)[0, 0]
    heat = scaled(large.numpy(), float(large.max()))
    rows, columns = small.shape[2:]
    if not heat.any():
        return _Found(heat, f"Nothing that the last layers see in this picture speaks for “{asked.name}”.")
    return _Found(
        heat,
        f"Bright places show signs of “{asked.name}”. The last layers tell only {rows}\u00a0×\u00a0{columns} places "
        "apart, so the edges are rough.",
    )


def last_map(opened: Opened, tensor: torch.Tensor) -> tuple[str, bool]:
    """The last place where a network still knows where things are: what is pooled.

    That is what goes into the layer behind the last one with a map. The output of that last one itself would leave
    out the shortcut that a residual block adds to it.

    Args:
        opened: the network.
        tensor: a picture, float `[1, 3, size, size]`.

    Returns:
        path of a module, and whether its input is meant instead of its output.

    Raises:
        InputError: no layer gives a map.
    """
    maps = [at for at, layer in enumerate(opened.layers) if len(layer.shape) == 3 and min(layer.shape[1:]) > 1]
    if not maps:
        raise InputError("This network keeps no map of the picture, so Grad-CAM has nothing to show. Try another way.")
    behind = opened.layers[maps[-1] + 1 : maps[-1] + 2]
    if behind:
        _, path, _ = opened.find(behind[0].name)
        with capture(opened.model, [path], inputs=True) as found:
            opened.model(tensor)
        if found[path].ndim == 4 and min(found[path].shape[2:]) > 1:
            return path, True
    return opened.find(opened.layers[maps[-1]].name)[1], False


# -- occlusion ------------------------------------------------------------------------


def _occlusion(asked: _Asked) -> _Finding:
    """Cover one place after the other with the picture's mean colour (https://arxiv.org/abs/1311.2901).

    A loop of its own, because captum's tells no progress and cannot be stopped.
    """
    boxes = windows(asked.size)
    cover = asked.tensor.mean(dim=(2, 3), keepdim=True)[0]
    drops: list[float] = []
    throttle = Throttle()
    for begin in range(0, len(boxes), _BATCH):
        if asked.should_stop():
            return None
        part = boxes[begin : begin + _BATCH]
        covered = asked.tensor.expand(len(part), -1, -1, -1).clone(memory_format=torch.channels_last)
        for image, (top, left, height, width) in zip(covered, part, strict=True):
            image[:, top : top + height, left : left + width] = cover
        chances = _probabilities(asked.opened, covered)[:, asked.target]
        drops += [asked.probability - float(chance) for chance in chances]
        if throttle.ready(last=len(drops) == len(boxes)):
            yield Progress("explain", len(drops), len(boxes))
    total = np.zeros((asked.size, asked.size))
    times = np.zeros_like(total)
    for (top, left, height, width), drop in zip(boxes, drops, strict=True):
        total[top : top + height, left : left + width] += drop
        times[top : top + height, left : left + width] += 1
    heat = _smooth(total / times, asked.size / (2 * _WINDOWS))
    scale = float(np.abs(heat).max())
    most = int(np.argmax(np.abs(drops)))
    if abs(drops[most]) < _NOTICED:
        text = f"No covered square changes how likely “{asked.name}” is: the answer hangs on no single place."
        return _Found(scaled(heat, scale), text, scale)
    text = (
        f"With the marked square covered, the probability of “{asked.name}” {'falls' if drops[most] > 0 else 'rises'} "
        f"from {percent(asked.probability)} to {percent(asked.probability - drops[most])}."
    )
    return _Found(scaled(heat, scale), text, scale, boxes[most])


def windows(size: int) -> list[tuple[int, int, int, int]]:
    """Overlapping squares that cover a picture evenly, also at its edges, where they are cut.

    Args:
        size: pixels along the picture's side.

    Returns:
        top, left, height and width of each, in pixels.
    """
    half = size / (_WINDOWS - 1)
    middles = np.linspace(0, size, _WINDOWS)
    spans = [(max(0, round(at - half)), min(size, round(at + half))) for at in middles]
    return [(top, left, bottom - top, right - left) for top, bottom in spans for left, right in spans]


# -- integrated gradients -------------------------------------------------------------


def _integrated(asked: _Asked) -> _Finding:
    """Add up the gradients on the way from a grey picture to this one (https://arxiv.org/abs/1703.01365).

    The way is cut into parts, each of which captum integrates: so there is progress, and a place to stop.
    """
    model = asked.opened.model

    def chances(images: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = model(images).float().softmax(dim=1)
        return result

    method = IntegratedGradients(chances)
    grey = asked.opened.normalised(torch.full((1, asked.size, asked.size, 3), 127.5))
    way = asked.tensor - grey
    shares = torch.zeros_like(way)
    throttle = Throttle()
    for part in range(_PARTS):
        if asked.should_stop():
            return None
        # Short parts first: in faint pictures the answer changes most, and there the steps must be fine.
        start, end = (grey + way * (at / _PARTS) ** 2 for at in (part, part + 1))
        shares += method.attribute(end, start, asked.target, n_steps=_STEPS).detach()
        if throttle.ready(last=part == _PARTS - 1):
            yield Progress("explain", part + 1, _PARTS)
    at_grey = float(_probabilities(asked.opened, grey)[0, asked.target])
    # The shares add up to the whole change (completeness), unless the steps were too coarse for the network.
    off = abs(float(shares.sum()) - (asked.probability - at_grey))
    heat = _smooth(shares[0].sum(dim=0).double().numpy(), asked.size / 50)
    change = "rises" if asked.probability > at_grey else "falls"
    return _Found(
        scaled(heat, float(np.percentile(np.abs(heat), _BRIGHTEST))),
        f"From plain grey to this picture “{asked.name}” {change} from {percent(at_grey)} to "
        f"{percent(asked.probability)}; the colours show each pixel's share"
        + (f", which add up only roughly (off by {percent(off)})." if off > _OFF else "."),
    )


# -- common ---------------------------------------------------------------------------


def _smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur `[size, size]` a little for the eye; `sigma` in pixels."""
    kernel = 2 * math.ceil(2 * sigma) + 1
    blurred: np.ndarray = gaussian_blur(torch.from_numpy(values)[None], [kernel, kernel], [sigma, sigma])[0].numpy()
    return blurred


def scaled(values: np.ndarray, largest: float) -> np.ndarray:
    """Bring values to −1…1, float32; where there is nothing to see, all are 0."""
    if not (np.isfinite(largest) and largest > np.finfo(np.float32).tiny):
        return np.zeros(values.shape, dtype=np.float32)
    return np.clip(values / largest, -1, 1).astype(np.float32)


def percent(probability: float) -> str:
    """A probability or a part of one, in per cent."""
    return f"{100 * probability:.1f} %" if probability < 0.995 or probability == 1 else "over 99 %"


_METHODS: dict[Method, Callable[[_Asked], _Finding]] = {
    "gradcam": _grad_cam,
    "occlusion": _occlusion,
    "integrated": _integrated,
}
