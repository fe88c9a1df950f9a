"""What a value of a layer sees of the picture: its receptive field, exact to the pixel.

One pass with tensors that have a shape and no values follows, through every operation, which pixels of the input a
value hangs on (Araujo et al. 2019, “Computing receptive fields of convolutional neural networks”,
https://distill.pub/2019/computing-receptive-fields).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from deskclassify.ml.inspection.twin import twin

Indices = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Axis:
    """Along one side of the picture, what each value of a layer sees, in pixels of the input.

    Attributes:
        first: int64 `[values]`, the first pixel that each value sees.
        end: int64 `[values]`, the one behind the last; 0 where a value sees only padding, `first` is then `length`.
        length: of the input.
    """

    first: Indices
    end: Indices
    length: int

    @property
    def count(self) -> int:
        """Number of the layer's values."""
        return len(self.first)

    @property
    def is_whole(self) -> bool:
        """Whether every value sees the input from end to end."""
        return bool((self.first == 0).all() and (self.end == self.length).all())

    @property
    def size(self) -> int:
        """Most pixels that a value sees; those at the edges see less."""
        return max(0, int((self.end - self.first).max()))

    def window(self, at: int) -> tuple[int, int]:
        """First pixel and number of pixels that value `at` sees; of none, the number is 0."""
        first, end = int(self.first[at]), int(self.end[at])
        return (first, end - first) if first < end else (0, 0)

    def gathered(self, values: Indices) -> Axis:
        """What sees several of the values.

        Args:
            values: int64 `[new values, several]`, their numbers; those that there are not are padding.
        """
        inside = (values >= 0) & (values < self.count)
        at = np.where(inside, values, 0)
        first = np.where(inside, self.first[at], self.length).min(axis=1)
        return Axis(first, np.where(inside, self.end[at], 0).max(axis=1), self.length)

    def slid(self, kernel: int, stride: int, padding: int, dilation: int, count: int) -> Axis:
        """After a window has slid over the values."""
        corners = np.arange(count)[:, None] * stride - padding
        return self.gathered(corners + np.arange(kernel) * dilation)

    def joined(self, other: Axis) -> Axis:
        """What sees either."""
        return Axis(np.minimum(self.first, other.first), np.maximum(self.end, other.end), self.length)


def _every(length: int) -> Axis:
    """Of the picture itself: each pixel sees itself."""
    return Axis(np.arange(length), np.arange(1, length + 1), length)


def _all_of(length: int) -> Axis:
    """Of a single value that sees everything."""
    return Axis(np.array([0]), np.array([length]), length)


@dataclass(frozen=True, eq=False)
class Field:
    """The receptive field of a layer's values.

    Attributes:
        shape: of the output for one picture, channels first.
        channels_last: whether the module itself gives `[N, height, width, channels]`.
    """

    rows: Axis
    columns: Axis
    shape: tuple[int, ...]
    channels_last: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every value sees the whole picture."""
        return self.rows.is_whole and self.columns.is_whole

    @property
    def size(self) -> int:
        """Most pixels along a side that a value sees; those at the edges see less."""
        return max(self.rows.size, self.columns.size)

    def window(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Top, left, height and width of what a value sees, in pixels of the input.

        One that sees only padding has a height or width of 0. For a layer without a map ask for (0, 0).
        """
        top, height = self.rows.window(row)
        left, width = self.columns.window(column)
        return top, left, height, width


@dataclass(frozen=True)
class _Seen:
    """The fields of a tensor's values, and which of its dimensions (from the right, negative) the map lies in."""

    rows: Axis
    columns: Axis
    row_dim: int = -2
    column_dim: int = -1

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether a tensor of this shape has the map at the same place."""
        deepest = max(-self.row_dim, -self.column_dim)
        return len(shape) >= deepest and (shape[self.row_dim], shape[self.column_dim]) == self.counts

    @property
    def counts(self) -> tuple[int, int]:
        return self.rows.count, self.columns.count


_WHOLE = None
"""in place of a `_Seen`: each value may hang on every pixel"""
_NOWHERE = -1
_PADDINGS: dict[str, Any] = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
_MIXERS = frozenset({"linear", "matmul", "mm", "addmm", "bmm", "baddbmm"})
Rule = Callable[[_Seen, Mapping[str, Any], torch.Tensor], _Seen | None]


class _Tracker(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Knows, for each tensor that hangs on the picture, what its values see."""

    def __init__(self, picture: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        height, width = picture.shape[-2:]
        seen = _Seen(_every(height), _every(width))
        # The tensors are kept too: a new one must not get the identity of one that is gone.
        self._known: dict[int, tuple[torch.Tensor, _Seen | None]] = {id(picture): (picture, seen)}

    def seen(self, tensor: torch.Tensor) -> _Seen | None:
        return self._known.get(id(tensor), (tensor, _WHOLE))[1]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        given = {argument.name: value for argument, value in zip(func._schema.arguments, args, strict=False)}
        given.update(kwargs or {})
        inputs = [tensor for tensor in _tensors(given.values()) if id(tensor) in self._known]
        for output in _tensors([result]) if inputs else ():
            name = func._schema.name.removeprefix("aten::")
            self._known[id(output)] = (output, self._follow(name, given, inputs, output))
        return result

    def _follow(
        self, name: str, given: Mapping[str, Any], inputs: Sequence[torch.Tensor], output: torch.Tensor
    ) -> _Seen | None:
        first = self.seen(inputs[0])
        rule = _RULES.get(name)
        if rule is not None:
            return rule(first, given, output) if first is not None else _WHOLE
        if name in _MIXERS and first is not None and first.column_dim == -1:
            return _WHOLE  # the last dimension is summed over, and it is one of the map's
        return self._joined(inputs, output)

    def _joined(self, inputs: Sequence[torch.Tensor], output: torch.Tensor) -> _Seen | None:
        """Of an operation that works at each place by itself."""
        found: _Seen | None = None
        first = next((seen for one in inputs if (seen := self.seen(one)) is not None and seen.fits(output.shape)), None)
        for tensor in inputs if first is not None else ():
            seen = self.seen(tensor)
            if seen is not None and seen.fits(output.shape):
                found = seen if found is None else _join(found, seen)
                if found is None:
                    return _WHOLE
            elif not _is_broadcast(tensor, first):
                return _WHOLE
        return found


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from _tensors(value)


def _is_broadcast(tensor: torch.Tensor, over: _Seen | None) -> bool:
    """Whether a tensor has a single place, and so the same value for all places of a map."""
    if over is None:
        return False
    height, width = (tensor.shape[dim] if tensor.ndim >= -dim else 1 for dim in (over.row_dim, over.column_dim))
    return height == width == 1


def _join(one: _Seen, other: _Seen) -> _Seen | None:
    if (one.row_dim, one.column_dim) != (other.row_dim, other.column_dim):
        return _WHOLE
    return replace(one, rows=one.rows.joined(other.rows), columns=one.columns.joined(other.columns))


def _pair(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return int(value[0]), int(value[-1])


def _slide(seen: _Seen, kernel: Any, stride: Any, padding: Any, dilation: Any, output: torch.Tensor) -> _Seen | None:
    if (seen.row_dim, seen.column_dim) != (-2, -1):
        return _WHOLE
    axes = [
        axis.slid(*numbers)
        for axis, *numbers in zip(
            (seen.rows, seen.columns), *map(_pair, (kernel, stride, padding, dilation)), output.shape[-2:], strict=True
        )
    ]
    return replace(seen, rows=axes[0], columns=axes[1])


def _convolution(seen: _Seen, given: Mapping[str, Any], output: torch.Tensor) -> _Seen | None:
    if given.get("transposed"):
        return _WHOLE
    kernel, dilation = given["weight"].shape[-2:], given.get("dilation", 1)
    padding = given.get("padding", 0)
    if isinstance(padding, str):  # torch puts the odd pixel at the end
        reach = [d * (k - 1) for d, k in zip(_pair(dilation), kernel, strict=True)]
        padding = [total // 2 for total in reach] if padding == "same" else 0
    return _slide(seen, kernel, given.get("stride", 1), padding, dilation, output)


def _pool(seen: _Seen, given: Mapping[str, Any], output: torch.Tensor) -> _Seen | None:
    kernel = given["kernel_size"]
    return _slide(
        seen, kernel, given.get("stride") or kernel, given.get("padding", 0), given.get("dilation", 1), output
    )


def _adaptive_pool(seen: _Seen, given: Mapping[str, Any], output: torch.Tensor) -> _Seen | None:
    if (seen.row_dim, seen.column_dim) != (-2, -1):
        return _WHOLE
    rows, columns = (
        _parts(axis, parts) for axis, parts in zip((seen.rows, seen.columns), output.shape[-2:], strict=True)
    )
    return replace(seen, rows=rows, columns=columns)


def _parts(axis: Axis, parts: int) -> Axis:
    """Cut into parts that may overlap by one value, as torch cuts them."""
    begins = np.arange(parts) * axis.count // parts
    ends = -(-np.arange(1, parts + 1) * axis.count // parts)
    values = begins[:, None] + np.arange(axis.count)
    return axis.gathered(np.where(values < ends[:, None], values, _NOWHERE))


def _pad(seen: _Seen, given: Mapping[str, Any], output: torch.Tensor) -> _Seen | None:
    sides = dict(zip((-1, -2, -3, -4), zip(given["pad"][::2], given["pad"][1::2], strict=True), strict=False))
    mode = given.get("mode", "constant")
    if any(side < 0 for pair in sides.values() for side in pair):
        return _WHOLE
    axes = []
    for axis, dim in ((seen.rows, seen.row_dim), (seen.columns, seen.column_dim)):
        how: dict[str, Any] = {"constant_values": _NOWHERE} if mode == "constant" else {}
        values = np.pad(np.arange(axis.count), sides.get(dim, (0, 0)), _PADDINGS[mode], **how)
        axes.append(axis.gathered(values[:, None]))
    return replace(seen, rows=axes[0], columns=axes[1])


def _permute(seen: _Seen, given: Mapping[str, Any], output: torch.Tensor) -> _Seen | None:
    rank = output.ndim
    order = [dim % rank for dim in given["dims"]]
    return replace(
        seen,
        row_dim=order.index(seen.row_dim % rank) - rank,
        column_dim=order.index(seen.column_dim % rank) - rank,
    )


def _transpose(seen: _Seen, given: Mapping[str, Any], output: torch.Tensor) -> _Seen | None:
    order = list(range(output.ndim))
    one, other = given["dim0"], given["dim1"]
    order[one], order[other] = order[other], order[one]
    return _permute(seen, {"dims": order}, output)


_RULES: dict[str, Rule] = {
    "conv2d": _convolution,
    "convolution": _convolution,
    "max_pool2d": _pool,
    "max_pool2d_with_indices": _pool,
    "avg_pool2d": _pool,
    "adaptive_avg_pool2d": _adaptive_pool,
    "_adaptive_avg_pool2d": _adaptive_pool,
    "pad": _pad,
    "constant_pad_nd": _pad,
    "permute": _permute,
    "transpose": _transpose,
}


_kept: weakref.WeakKeyDictionary[nn.Module, dict[int, dict[str, Field]]] = weakref.WeakKeyDictionary()


def fields(model: nn.Module, size: int) -> dict[str, Field]:
    """The receptive field of every module that gives one tensor, by its path as in `named_modules`.

    Modules come in the order in which a picture passes them; one that is passed several times counts where it is
    passed first. Exact for convolutions, poolings, paddings, and whatever works at
    each place by itself. A tensor with a single place that is multiplied with a map, as the gate of
    squeeze-and-excitation, weighs whole channels and is left out, though it hangs on the whole picture; so are
    statistics that a normalisation takes over a map. Where an operation does not keep height and width and has no rule
    here, what comes after it is taken to see all.

    Args:
        model: takes float `[N, 3, size, size]`; it is only read, and remembered while it lives.
        size: pixels.
    """
    known = _kept.setdefault(model, {})
    if size not in known:
        known[size] = _follow(model, size)
    return known[size]


def _follow(model: nn.Module, size: int) -> dict[str, Field]:
    found: dict[str, Field] = {}
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float32)
    picture = torch.zeros(1, 3, size, size, dtype=dtype, device="meta")
    tracker = _Tracker(picture)

    def remember(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, arguments: Any, output: Any) -> None:
            if name not in found and isinstance(output, torch.Tensor):
                found[name] = _field(tracker.seen(output), tuple(output.shape[1:]), size)

        return hook

    shapes = twin(model, lambda value: value.to("meta"))
    for name, module in shapes.named_modules():
        if name:
            module.register_forward_hook(remember(name))
    # In inference mode operations arrive whole; otherwise a linear layer would come as views and products.
    with torch.inference_mode(), tracker:
        shapes(picture)
    return found


def _field(seen: _Seen | None, shape: tuple[int, ...], size: int) -> Field:
    if seen is None:
        return Field(_all_of(size), _all_of(size), shape)
    if (seen.row_dim, seen.column_dim) == (-3, -2):
        return Field(seen.rows, seen.columns, (shape[-1], *shape[:-1]), channels_last=True)
    return Field(seen.rows, seen.columns, shape)
