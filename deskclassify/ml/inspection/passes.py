"""One forward pass a picture, kept: whoever steps through the layers afterwards only looks things up.

What is kept is stated in bytes. The outputs of all layers in float32 are 27 MB for ResNet-18, 54 MB for
EfficientNet-Lite0, 101 MB for ResNet-50 and 169 MB for VGG-16 at 224 pixels. A pass keeps `MOST_BYTES` at the most: a
larger network is cut into groups of layers that fit, and each group costs a pass of its own. The last `MOST_PASSES`
are kept, for two pictures side by side or two epochs: never more than twice 256 MiB.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torchvision.ops import Permute

from deskclassify.core.preprocess import Pixels
from deskclassify.ml.capture import eval_mode

if TYPE_CHECKING:
    from deskclassify.core.layer_events import Layer
    from deskclassify.ml.inspection.network import Key, Opened

MOST_PASSES = 2
MOST_BYTES = 256 * 2**20
_FLOAT_BYTES = 4
_PLACES = 3  # dimensions of a layer's output that has places: [C, h, w]

Answer = tuple[tuple[str, float], ...]
_Key = tuple["Key", str, int, int, str]
Keep = Callable[[str, torch.Tensor, bool], torch.Tensor]
"""name of a layer, its output `[1, C, h, w]` (`[1, h, w, C]` where the last is true) or `[1, n]` → what goes on"""


@dataclass
class Pass:
    """What the layers made of a picture.

    Attributes:
        picture: uint8 `[size, size, 3]`, the network's input.
        outputs: by a layer's name, float32 `[C, h, w]`, or `[n]` for a layer of single values; views of one buffer.
        answer: classes with their probabilities, the likeliest first; empty without classes.
        bytes: that `outputs` take.
        separations: filled by `separate`.
    """

    picture: Pixels
    outputs: dict[str, np.ndarray]
    answer: Answer
    bytes: int
    separations: dict[str, np.ndarray] = field(default_factory=dict)


_kept: dict[_Key, Pass] = {}
# Only where jobs run in threads of the window (tests, `--in-process`) are there two at a time; hooks would mix them up.
lock = threading.RLock()


def forget() -> None:
    """Let go of all passes; their memory goes back to the system."""
    with lock:
        _kept.clear()


def pass_of(opened: Opened, image: str, layer: str) -> Pass:
    """The pass of a picture through a network, with the output of at least one layer; computed where it is not kept.

    Args:
        opened: the network.
        image: path of the picture.
        layer: name of a layer of `opened.layers`.

    Raises:
        PictureError: the file is no picture that can be read.
    """
    group = _group(opened.layers, layer)
    key = _key(opened, image, group[0].name)
    with lock:
        if key not in _kept:
            while len(_kept) >= MOST_PASSES:  # first: two old ones and a new one would be three
                del _kept[next(iter(_kept))]
            _kept[key] = _run(opened, image, group)
        _kept[key] = found = _kept.pop(key)  # the one that was used last is dropped last
        return found


def separate(opened: Opened, image: str, layer: str) -> np.ndarray:
    """How much each channel of a layer speaks for the likeliest class and against the runner-up.

    That is its activation times the gradient of the difference of both scores, summed over all places (“gradient ×
    input”; Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713). Where everything behind the layer is linear, the
    channels add up to that difference, but for biases. One backward pass gives it for all layers; while it runs it
    needs the memory of a training step with one picture.

    Returns:
        float32 `[C]`; empty where there are fewer than two classes.

    Raises:
        PictureError: the file is no picture that can be read.
    """
    found = pass_of(opened, image, layer)
    if len(found.answer) < 2:
        return np.empty(0, dtype=np.float32)
    if not found.separations:
        with lock:
            first, second = (opened.classes.index(name) for name, _ in found.answer[:2])
            found.separations.update(_separations(opened, image, first, second))
    return found.separations[layer]


def _key(opened: Opened, image: str, part: str) -> _Key:
    """A picture that was written anew is another one. One that is gone is left to be told by whoever opens it."""
    try:
        status = Path(image).stat()
    except OSError:
        return opened.key, image, -1, -1, part
    return opened.key, image, status.st_size, status.st_mtime_ns, part


def _group(layers: tuple[Layer, ...], name: str) -> list[Layer]:
    """The layers that are kept together with the wanted one: all of them, where they fit into `MOST_BYTES`."""
    group: list[Layer] = []
    taken = 0
    for layer in layers:
        needed = math.prod(layer.shape) * _FLOAT_BYTES
        if group and taken + needed > MOST_BYTES:
            if any(one.name == name for one in group):
                break
            group, taken = [], 0
        group.append(layer)
        taken += needed
    return group


def _run(opened: Opened, image: str, group: list[Layer]) -> Pass:
    picture, tensor = opened.input_of(image)
    # One block of memory: freed, it goes back to the system at once. Hundreds of small ones would linger in the heap.
    buffer = torch.empty(sum(math.prod(layer.shape) for layer in group))
    outputs: dict[str, np.ndarray] = {}
    taken = 0

    def keep(name: str, output: torch.Tensor, is_channels_last: bool) -> torch.Tensor:
        nonlocal taken
        one = _channels_first(output, is_channels_last)[0]
        one = one if one.ndim == _PLACES else one.flatten()
        place = buffer[taken : taken + one.numel()].view(one.shape)
        place.copy_(one)  # not kept itself: what follows may change it in place
        taken += one.numel()
        outputs[name] = place.numpy()
        return output

    with watched(opened, group, keep), torch.inference_mode():
        scores = opened.model(tensor)[0].float()
    return Pass(picture, outputs, _answer(scores, opened.classes), buffer.numel() * _FLOAT_BYTES)


def _answer(scores: torch.Tensor, classes: tuple[str, ...]) -> Answer:
    if not classes:
        return ()
    probabilities = scores.softmax(0).numpy()
    order = np.argsort(-probabilities, kind="stable")
    return tuple((classes[at], float(probabilities[at])) for at in map(int, order))


def _separations(opened: Opened, image: str, first: int, second: int) -> dict[str, np.ndarray]:
    _, tensor = opened.input_of(image)
    outputs: dict[str, torch.Tensor] = {}
    turned: set[str] = set()

    def keep(name: str, output: torch.Tensor, is_channels_last: bool) -> torch.Tensor:
        outputs[name] = output
        turned.update([name] if is_channels_last else [])
        # What follows gets a copy: a ReLU in place would change the output under the gradient's feet.
        return output.clone()

    with watched(opened, opened.layers, keep), torch.enable_grad():
        # The gradient is asked of the input as well, so that there is one where the weights are frozen.
        scores = opened.model(tensor.requires_grad_())[0]
        difference = scores[first] - scores[second]
        gradients = torch.autograd.grad(difference, list(outputs.values()), allow_unused=True)
    found = {}
    for (name, output), gradient in zip(outputs.items(), gradients, strict=True):
        # A layer from which no way leads to the scores separates nothing.
        product = torch.zeros_like(output) if gradient is None else output * gradient
        one = _channels_first(product.detach(), name in turned)[0]
        found[name] = (one.sum(dim=(1, 2)) if one.ndim == _PLACES else one.flatten()).float().numpy()
    return found


@contextmanager
def watched(opened: Opened, layers: Sequence[Layer], keep: Keep) -> Iterator[None]:
    """Show each layer's output to `keep` while the network runs, in eval mode; what that returns goes on.

    A module that is used several times (the ReLU of a residual block) is looked at where it is used first, as
    `layers.describe` does. After the block no hook remains and every module has its mode back, also after an error.
    """
    seen: set[str] = set()
    turned: dict[int, torch.Tensor] = {}  # channels-last tensors by id, held so that no other gets the same

    def hook_of(name: str) -> Callable[..., torch.Tensor]:
        def hook(module: nn.Module, arguments: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
            is_channels_last = _is_channels_last(module, output, id(arguments[0]) in turned)
            if name not in seen:
                seen.add(name)
                output = keep(name, output, is_channels_last)
            if is_channels_last:
                turned[id(output)] = output
            return output

        return hook

    modules = dict(opened.model.named_modules())
    handles = []
    with eval_mode(opened.model):
        try:
            for layer in layers:
                module = modules.get(f"trunk.{layer.name}") or modules[layer.name]
                handles.append(module.register_forward_hook(hook_of(layer.name)))
            yield
        finally:
            for handle in handles:
                handle.remove()


def _is_channels_last(module: nn.Module, output: torch.Tensor, came_so: bool) -> bool:
    """Whether an output is `[1, h, w, C]`, as within ConvNeXt's blocks, instead of `[1, C, h, w]`."""
    if output.ndim != _PLACES + 1:
        return False
    if isinstance(module, nn.Linear) or type(module) is nn.LayerNorm:  # both work on the last dimension
        return True
    return list(module.dims) == [0, 2, 3, 1] if isinstance(module, Permute) else came_so


def _channels_first(output: torch.Tensor, is_channels_last: bool) -> torch.Tensor:
    return output.movedim(-1, 1) if is_channels_last else output
