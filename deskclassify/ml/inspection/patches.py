"""What excites one channel: the part of each picture that its strongest value sees, and what in it moves that value.

The second is told by guided gradients (Springenberg et al. 2015, https://arxiv.org/abs/1412.6806): the gradient with
respect to the picture, in which each activation lets only the signals back that raise its value.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.core.layer_events import Patch, PatchesShown
from deskclassify.core.layer_requests import PatchesRequest
from deskclassify.core.machine import cpu_count
from deskclassify.core.pictures import PictureError
from deskclassify.core.preprocess import Pixels
from deskclassify.ml import torch_threads
from deskclassify.ml.images import map_ahead
from deskclassify.ml.inspection.excitation import cut_of, kept_file, recall
from deskclassify.ml.inspection.network import Opened, look
from deskclassify.ml.inspection.receptive import Field, fields
from deskclassify.ml.inspection.twin import twin

_ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU)
_MOST_KEPT = 12  # answers; one takes 4 MB at the most, at 224 pixels
_BRIGHTEST = 99  # percentile of the gradients' sizes that becomes black or white: a few stand out far
_BRIGHTEST_LARGE = 97  # of a large part, which is shown reduced: that averages its fine lines towards grey
_LARGE = 64  # pixels
_GREY = 127.5


class _Reached(Exception):  # noqa: N818 - no error: the rest of the network is not needed
    """The layer that is looked at has been passed."""


@dataclass(frozen=True)
class Strongest:
    """The strongest value of a channel on a picture.

    Attributes:
        value: as the layer gives it.
        rank: what it is compared by, which goes on where a ReLU6 stops; see `excitation.Watch`.
        place: row and column.
        gradients: float32 `[3, size, size]`, guided, of the normalised picture.
    """

    value: float
    rank: float
    place: tuple[int, int]
    gradients: np.ndarray


_answers: OrderedDict[tuple[str, str, int], PatchesShown] = OrderedDict()
_seekers: weakref.WeakKeyDictionary[nn.Module, tuple[str, Seeker]] = weakref.WeakKeyDictionary()


def show_patches(request: PatchesRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Show the parts of the pictures that excite a channel most; the last answers are kept in memory.

    Raises:
        InputError: the network, the layer or the channel cannot be had.
    """

    def show(opened: Opened) -> Iterator[Event]:
        layer, _, _ = opened.find(request.layer)
        if not 0 <= request.channel < layer.shape[0]:
            raise InputError(
                f"“{layer.name}” has {layer.shape[0]} channels; choose one from 0 to {layer.shape[0] - 1}."
            )
        file = kept_file(opened, request.files)
        found = recall(file, opened.layers)
        if found is None:
            yield PatchesShown(request.layer, request.channel, (), is_searched=False)
            return
        key = (file.name, request.layer, request.channel)
        if key not in _answers:
            numbers = found.pictures(opened.layers, request.layer, request.channel)
            patches = _patches(opened, request, numbers, should_stop)
            if patches is None:
                return
            count = len(request.files) - found.skipped
            _answers[key] = PatchesShown(request.layer, request.channel, patches, True, count, found.skipped)
            while len(_answers) > _MOST_KEPT:
                _answers.popitem(last=False)
        _answers.move_to_end(key)
        yield _labelled(_answers[key], request)

    return look(request.model, None, show, should_stop)


def _labelled(answer: PatchesShown, request: PatchesRequest) -> PatchesShown:
    """With the classes of this request: a picture's label may have been mended since."""
    labels = dict(zip(request.files, request.labels, strict=False))
    return replace(answer, patches=tuple(replace(patch, label=labels.get(patch.path, "")) for patch in answer.patches))


def _patches(
    opened: Opened, request: PatchesRequest, numbers: Sequence[int], should_stop: ShouldStop
) -> tuple[Patch, ...] | None:
    """None where it was stopped."""
    _, path, _ = opened.find(request.layer)
    known = _seekers.get(opened.model)
    if known is None or known[0] != path:
        known = _seekers[opened.model] = path, Seeker(opened.model, path, opened.how.size)
    seeker = known[1]

    def work(file: str) -> tuple[float, Patch] | None:
        torch_threads.take_one()
        try:
            pixels, picture = opened.input_of(file)
        except PictureError:
            return None  # it could be read when the pictures were searched
        strongest = seeker.strongest(picture, request.channel)
        return strongest.rank, _patch(file, pixels, strongest, seeker.field)

    ranked: list[tuple[float, Patch]] = []
    files = (request.files[number] for number in numbers)
    with torch_threads.kept(), closing(map_ahead(work, files, cpu_count())) as found:
        for one in found:
            if should_stop():
                return None
            ranked += [] if one is None else [one]
    ranked.sort(key=lambda pair: -pair[0])
    return tuple(patch for _, patch in ranked)


def _patch(file: str, pixels: Pixels, strongest: Strongest, field: Field) -> Patch:
    box = field.window(*strongest.place)
    return Patch(
        path=file,
        label="",
        value=strongest.value,
        place=strongest.place,
        box=box,
        pixels=_crop(pixels, box),
        gradients=as_picture(_crop(strongest.gradients.transpose(1, 2, 0), box)),
        picture=pixels,
    )


def _crop(array: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    top, left, height, width = box
    return np.ascontiguousarray(array[top : top + height, left : left + width])


def as_picture(gradients: np.ndarray) -> Pixels:
    """Gradients as colours around mid-grey, which is zero.

    Args:
        gradients: float `[height, width, 3]`.

    Returns:
        uint8 `[height, width, 3]`; what raises the value is bright.
    """
    sizes = np.abs(gradients[gradients != 0])
    brightest = _BRIGHTEST_LARGE if max(gradients.shape) > _LARGE else _BRIGHTEST
    size = float(np.percentile(sizes, brightest)) if sizes.size else 1.0
    return np.rint(np.clip(gradients / size, -1, 1) * _GREY + _GREY).astype(np.uint8)


class Seeker:
    """Finds the strongest value of a layer's channel, and what moves it; several threads may ask at once.

    Args:
        model: the network; it is only read, for the hooks hang on a twin.
        path: of the layer's module.
        size: of the pictures, pixels.
    """

    def __init__(self, model: nn.Module, path: str, size: int) -> None:
        self.field = fields(model, size)[path]
        self._model = twin(model)
        self._found = threading.local()
        guide(self._model)
        module = self._model.get_submodule(path)
        module.register_forward_hook(self._keep_output)
        cut = cut_of(module)
        if cut is not None:
            cut.register_forward_pre_hook(self._keep_input)

    def _keep_input(self, _module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        self._found.ranked = given[0]
        return (given[0].clone(), *given[1:])  # what is done in place must not reach what is kept

    def _keep_output(self, _module: nn.Module, _given: Any, output: torch.Tensor) -> None:
        self._found.output = output
        raise _Reached

    def strongest(self, picture: torch.Tensor, channel: int) -> Strongest:
        """The strongest value of a channel on a normalised picture, float32 `[1, 3, size, size]`."""
        picture = picture.detach().clone().requires_grad_()
        self._found.ranked = None
        with torch.enable_grad():
            with suppress(_Reached):
                self._model(picture)
            output, before = self._found.output, self._found.ranked
            ranked = _map(output if before is None else before, channel, self.field)
            at = int(ranked.detach().argmax())
            (gradients,) = torch.autograd.grad(ranked.flatten()[at], picture)
        place = divmod(at, ranked.shape[1])
        value = float(_map(output.detach(), channel, self.field)[place])
        return Strongest(value, float(ranked.detach()[place]), place, gradients[0].numpy())


def _map(output: torch.Tensor, channel: int, field: Field) -> torch.Tensor:
    """A channel of a layer's output, `[height, width]`; `[1, 1]` where it gives single values."""
    if output.ndim == 2:
        return output[0, channel].reshape(1, 1)
    return output[0, :, :, channel] if field.channels_last else output[0, channel]


def guide(model: nn.Module) -> None:
    """From now on each activation of the network lets back only the signals that raise its value."""

    def hook(_module: nn.Module, _given: Any, output: torch.Tensor) -> None:
        if output.requires_grad:
            output.register_hook(_raising)  # type: ignore[no-untyped-call]

    for part in model.modules():
        if isinstance(part, _ACTIVATIONS):
            part.register_forward_hook(hook)


def _raising(gradient: torch.Tensor) -> torch.Tensor:
    return gradient.clamp(min=0)
