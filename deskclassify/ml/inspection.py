"""What a layer of a network does with a picture: activations, kernels, and the sums themselves."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from deskclassify.core.architectures import ARCHITECTURES, get
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Layer, LayerShown, LayersListed, Stepped
from deskclassify.core.pictures import open_rgb
from deskclassify.core.preprocess import Pixels, Preprocess, apply
from deskclassify.core.requests import LayerRequest, LayersRequest, StepRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml.capture import capture
from deskclassify.ml.layers import describe, explain, module_path
from deskclassify.ml.tracing import same_padding
from deskclassify.ml.zoo import Classifier, Pretrained, load_pretrained, load_run

_EMPTY_PIXELS = np.empty((0, 0, 0), dtype=np.uint8)
_NO_VALUES = np.empty(0, dtype=np.float32)


@dataclass(frozen=True)
class Opened:
    """A network to look into. `classes` is empty for one that is only pretrained."""

    model: nn.Module
    how: Preprocess
    classes: tuple[str, ...]
    layers: tuple[Layer, ...]

    def find(self, name: str) -> tuple[Layer, str, nn.Module]:
        """A layer with its module's path and its module.

        Raises:
            InputError: there is no such layer.
        """
        path = module_path(self.model, name)
        layer = next((layer for layer in self.layers if layer.name == name), None)
        if layer is None or path is None:
            some = ", ".join(layer.name for layer in self.layers[:4])
            raise InputError(f"The network has no layer “{name}”. Its layers begin with {some}, …")
        return layer, path, self.model.get_submodule(path)


_kept: dict[tuple[str, int], Opened] = {}


def open_network(model: str, should_stop: ShouldStop) -> Iterator[Event | Opened]:
    """Load a run's network, or an architecture's pretrained one; the last is kept.

    Yields:
        events of a download, then an `Opened`.

    Raises:
        InputError: it is neither.
    """
    run = RunFolder(Path(model))
    is_run = run.info_file.is_file()
    if not is_run and model not in ARCHITECTURES:
        names = ", ".join(ARCHITECTURES)
        raise InputError(f"“{model}” is neither a run folder nor a network. Networks are: {names}.")
    if is_run and not run.best.is_file():
        raise InputError(f"The run “{run.name}” has no trained weights yet. Train it first.")
    key = (str(run.path.absolute()), run.best.stat().st_mtime_ns) if is_run else (model, 0)
    if key not in _kept:
        _kept.clear()
        if is_run:
            info = run.info()
            network: nn.Module = load_run(info.architecture, len(info.classes), run.best)
            _kept[key] = Opened(network, info.preprocess, info.classes, describe(network, info.preprocess.size))
        else:
            yield from _open_pretrained(model, key, should_stop)
    if key in _kept:
        yield _kept[key]


class _TrunkOnly(nn.Module):
    """A pretrained network without a head: it has no classes of its own yet."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.trunk = classifier.trunk

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Features, float `[N, length]`."""
        result: torch.Tensor = self.trunk(images)
        return result


def _open_pretrained(name: str, key: tuple[str, int], should_stop: ShouldStop) -> Iterator[Event]:
    architecture = get(name)
    how = architecture.preprocess("squish")
    for loaded in load_pretrained(architecture, 2, "", should_stop):
        if isinstance(loaded, Pretrained):
            network = _TrunkOnly(loaded.model).eval()
            _kept[key] = Opened(network, how, (), describe(network, how.size))
        else:
            yield loaded


def list_layers(request: LayersRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The layers, in order.

    Raises:
        InputError: see `open_network`.
    """
    for step in open_network(request.model, should_stop):
        if isinstance(step, Opened):
            parameters = sum(parameter.numel() for parameter in step.model.parameters())
            yield LayersListed(request.model, step.layers, parameters, step.classes, step.how.size)
        else:
            yield step


def show_layer(request: LayerRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The pictures of one layer.

    Raises:
        InputError: the network, the layer or the picture cannot be had.
    """
    begun = time.perf_counter()
    for step in open_network(request.model, should_stop):
        if isinstance(step, Opened):
            yield _show(step, request, begun)
        else:
            yield step


def _input(opened: Opened, image: str) -> tuple[Pixels, torch.Tensor]:
    pixels = apply(open_rgb(image), opened.how)
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) * 255 for value in (opened.how.mean, opened.how.std))
    return pixels, (torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() - mean) / std


def _show(opened: Opened, request: LayerRequest, begun: float) -> LayerShown:
    layer, path, module = opened.find(request.layer)
    picture, activations = _EMPTY_PIXELS, _EMPTY_PIXELS
    channels: tuple[int, ...] = ()
    low = high = values = _NO_VALUES
    names: tuple[str, ...] = ()
    if request.image:
        picture, tensor = _input(opened, request.image)
        with capture(opened.model, [path]) as found:
            opened.model(tensor)
        output = found[path][0].float().numpy()
        if output.ndim == 3:
            activations, channels, low, high = _tiles(output, request.limit)
        else:
            values = output.ravel()
            if len(values) == len(opened.classes):
                names = opened.classes
    kernels, kernel_channels, note = kernel_tiles(module, request.limit)
    return LayerShown(
        layer=layer,
        explanation=explain(module),
        activations=activations,
        channels=channels,
        low=low,
        high=high,
        kernels=kernels,
        kernel_channels=kernel_channels,
        kernel_note=note,
        picture=picture,
        values=values,
        value_names=names,
        milliseconds=(time.perf_counter() - begun) * 1000,
    )


def _tiles(output: np.ndarray, limit: int) -> tuple[Pixels, tuple[int, ...], np.ndarray, np.ndarray]:
    """The strongest channels of `[C, h, w]`, each stretched over 0 to 255."""
    strength = np.abs(output).mean(axis=(1, 2))
    chosen = np.argsort(-strength, kind="stable")[:limit]
    shown = output[chosen]
    low, high = shown.min(axis=(1, 2)), shown.max(axis=(1, 2))
    spread = np.where(high > low, high - low, 1)[:, None, None]
    pixels = np.rint((shown - low[:, None, None]) / spread * 255).astype(np.uint8)
    return pixels, tuple(map(int, chosen)), low.astype(np.float32), high.astype(np.float32)


def kernel_tiles(module: nn.Module, limit: int) -> tuple[Pixels, tuple[int, ...], str]:
    """Pictures of a layer's weights, largest first.

    Returns:
        uint8 `[shown, h, w, 3]` (empty where there is nothing to show), the number of each, and
        a sentence that says what is seen.
    """
    weight = getattr(module, "weight", None)
    if not isinstance(module, nn.Conv2d | nn.Linear) or weight is None:
        return np.empty((0, 0, 0, 3), dtype=np.uint8), (), "This layer has no kernels: it has no pattern to look for."
    array = weight.detach().float().numpy()
    size = np.linalg.norm(array.reshape(len(array), -1), axis=1)
    chosen = np.argsort(-size, kind="stable")[:limit]
    picked = array[chosen]
    if picked.ndim == 4 and picked.shape[1] == 3:
        tiles = picked.transpose(0, 2, 3, 1)
        note = "Each tile is one kernel in colour: the pattern of red, green and blue that it answers to."
    elif picked.ndim == 4 and picked.shape[2:] != (1, 1):
        norms = np.linalg.norm(picked.reshape(*picked.shape[:2], -1), axis=2)
        tiles = picked[np.arange(len(picked)), norms.argmax(axis=1)][..., None]
        one = "its only input channel" if picked.shape[1] == 1 else "the input channel that it weighs most"
        note = f"Each tile is one kernel for {one}: bright adds, dark subtracts, middle grey is zero."
    else:
        flat = picked.reshape(len(picked), -1)
        side = math.ceil(math.sqrt(flat.shape[1]))
        tiles = np.zeros((len(flat), side * side, 1), dtype=np.float32)
        tiles[:, : flat.shape[1], 0] = flat
        tiles = tiles.reshape(len(flat), side, side, 1)
        note = (
            f"Each tile is one mix of {flat.shape[1]} channels, a square for each: "
            "bright adds, dark subtracts, middle grey is zero."
        )
    largest = np.abs(tiles).reshape(len(tiles), -1).max(axis=1).clip(1e-12)[:, None, None, None]
    pixels = np.rint(127.5 + tiles / largest * 127.5).astype(np.uint8)
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3)).copy(), tuple(map(int, chosen)), note


def step(request: StepRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The arithmetic of one output value of a convolution.

    Raises:
        InputError: the layer is no convolution, or the place lies outside its output.
    """
    for found in open_network(request.model, should_stop):
        if isinstance(found, Opened):
            yield _step(found, request)
        else:
            yield found


def _step(opened: Opened, request: StepRequest) -> Stepped:
    layer, path, module = opened.find(request.layer)
    if not isinstance(module, nn.Conv2d):
        raise InputError(f"“{layer.name}” is no convolution: there is no window to follow. Choose one that is.")
    _, tensor = _input(opened, request.image)
    with capture(opened.model, [path], inputs=True) as before:
        opened.model(tensor)
    source = before[path]
    with torch.inference_mode():
        output = module(source)[0].float().numpy()
    channels, height, width = output.shape
    if not (0 <= request.channel < channels and 0 <= request.row < height and 0 <= request.column < width):
        raise InputError(f"“{layer.name}” has {channels} channels of {height} × {width} values; choose one of these.")
    return convolution_step(module, source[0], output, request)


def convolution_step(module: nn.Conv2d, source: torch.Tensor, output: np.ndarray, request: StepRequest) -> Stepped:
    """Repeat one value of a convolution by hand.

    Args:
        module: the convolution.
        source: its input, float `[in_channels, H, W]`.
        output: its output, float32 `[out_channels, h, w]`.
        request: which value.
    """
    stride = (int(module.stride[0]), int(module.stride[1]))
    dilation = (int(module.dilation[0]), int(module.dilation[1]))
    kernel = module.weight[request.channel].detach().float().numpy()
    before = _padding(module, source.shape[1:])
    corner = (request.row * stride[0] - before[0], request.column * stride[1] - before[1])
    group_size = module.in_channels // module.groups
    group = request.channel // (module.out_channels // module.groups)
    part = source[group * group_size : (group + 1) * group_size].float().numpy()
    rows = corner[0] + np.arange(kernel.shape[1]) * dilation[0]
    columns = corner[1] + np.arange(kernel.shape[2]) * dilation[1]
    patch = np.zeros_like(kernel)
    in_rows, in_columns = (rows >= 0) & (rows < part.shape[1]), (columns >= 0) & (columns < part.shape[2])
    patch[np.ix_(np.arange(group_size), in_rows, in_columns)] = part[
        np.ix_(np.arange(group_size), rows[in_rows], columns[in_columns])
    ]
    bias = 0.0 if module.bias is None else float(module.bias[request.channel].detach())
    return Stepped(
        layer=request.layer,
        channel=request.channel,
        row=request.row,
        column=request.column,
        patch=patch,
        kernel=kernel,
        bias=bias,
        value=float((patch.astype(np.float64) * kernel).sum() + bias),
        network_value=float(output[request.channel, request.row, request.column]),
        output=output[request.channel],
        corner=corner,
        stride=stride,
        padding=before,
        dilation=dilation,
        groups=module.groups,
    )


def _padding(module: nn.Conv2d, size: torch.Size) -> tuple[int, int]:
    """Rows and columns of zeros before the input; TensorFlow's SAME padding depends on its size."""
    if type(module).__name__ == "Conv2dSame":
        top, left, _, _ = same_padding(module, size)
        return top, left
    if isinstance(module.padding, str):
        total = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        return (total[0] // 2, total[1] // 2) if module.padding == "same" else (0, 0)
    return int(module.padding[0]), int(module.padding[1])
