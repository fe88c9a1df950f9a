"""From a torch module to an ONNX file. uint8 pictures go in; scaling and normalisation are inside."""

from __future__ import annotations

import copy
import logging
import math
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import torch
from torch import nn

if TYPE_CHECKING:
    from deskclassify.ml.zoo import Classifier

INPUT = "images"
OPSET = 18
OPSETS = range(13, 26)  # what torch 2.15 writes and ONNX Runtime 1.31 runs
_NEWER_FROM = 18  # torch's newer exporter writes no older operators, and says nothing where they are asked for


class Pixels(nn.Module):
    """A network that takes pictures as they are in memory.

    Args:
        inner: takes normalised float `[N, 3, H, W]`.
        mean: on the scale 0 to 1.
        std: likewise.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, inner: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Run on uint8 `[N, H, W, 3]`, RGB."""
        result: torch.Tensor = self.inner((images.permute(0, 3, 1, 2).float() - self.mean) / self.std)
        return result


class Probabilities(nn.Module):
    """Class scores to probabilities at a temperature (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

    Args:
        inner: the classifier.
        temperature: the scores are divided by it.
        merge: float32 `[classes, names]` of zeros and ones: probabilities of merged classes add up; None: none are.
        strangers: draws the probabilities of what looks like nothing that was trained on towards a guess; may be None.
        half: whether the trunk computes in float16. The last layer and what follows it never do: they are small, and
            are where a rounded number would be seen.
    """

    merge: torch.Tensor | None

    def __init__(
        self,
        inner: Classifier,
        temperature: float = 1.0,
        merge: np.ndarray | None = None,
        strangers: Strangers | None = None,
        half: bool = False,
    ) -> None:
        super().__init__()
        self.inner = copy.deepcopy(inner) if half else inner
        self.half_trunk = half
        if half:
            fold_norms(self.inner.trunk)
            self.inner.trunk.half()
        self.temperature = temperature
        self.strangers = strangers
        self.register_buffer("merge", None if merge is None else torch.from_numpy(merge))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """float32 `[N, C]`."""
        features = self.inner.trunk(images.half()).float() if self.half_trunk else self.inner.trunk(images)
        chances = torch.softmax(self.inner.head(features).float() / self.temperature, dim=1)
        if self.merge is not None:
            chances = chances @ self.merge
        return chances if self.strangers is None else self.strangers(chances, features.float())


class Strangers(nn.Module):
    """The rule of `core.calibration.calibrated`, in the graph.

    Args:
        bank: float16 `[n, features]`, rows of length 1: training pictures.
        neighbours: how many of them count.
        limit: mean cosine to those at which a picture is half known.
        softness: how gradually, as a cosine.
        flattest: logit of the least familiarity.
    """

    bank: torch.Tensor

    def __init__(self, bank: np.ndarray, neighbours: int, limit: float, softness: float, flattest: float) -> None:
        super().__init__()
        self.register_buffer("bank", torch.from_numpy(np.ascontiguousarray(bank.T)))
        self.neighbours = min(neighbours, len(bank))
        self.limit, self.softness, self.flattest = limit, softness, flattest

    def forward(self, chances: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
        """Probabilities, float32 `[N, C]`."""
        # Not functional.normalize: its Expand stops ONNX Runtime's shape inference, which 8-bit export needs.
        length = features.square().sum(dim=1, keepdim=True).sqrt().clamp(min=1e-12)
        nearness = (features / length) @ self.bank.float()
        similarity = nearness.topk(self.neighbours, dim=1).values.mean(dim=1, keepdim=True)
        weight = torch.sigmoid(torch.clamp((similarity - self.limit) / self.softness, min=-self.flattest))
        return weight * chances + (1.0 - weight) / chances.shape[1]


def trace(module: nn.Module, size: int, output: str, fast: bool, opset: int = OPSET) -> onnx.ModelProto:
    """Export a module in eval mode.

    Args:
        module: takes uint8 `[N, size, size, 3]`.
        size: pixels.
        output: name of the result.
        fast: use torch's older exporter: 1 s instead of 6 to 12 s, fine for a file that only
            this program reads. The newer one makes the files that people keep.
        opset: of ONNX's own operators, one of `OPSETS`; the older exporter writes those below 18.
    """
    module = _with_fixed_padding(module, size)
    training = [part for part in module.modules() if part.training]
    if training:
        raise ValueError("export needs eval mode: in train mode BatchNorm would vanish from the graph")
    # A batch of 1 would be specialised away.
    example = torch.zeros(2, size, size, 3, dtype=torch.uint8, device=next(module.parameters()).device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if fast or opset < _NEWER_FROM:
            return _legacy(module, example, output, opset)
        return _dynamo(module, example, output, opset)


def fold_norms(trunk: nn.Module) -> None:
    """Make each BatchNorm that follows a convolution part of that convolution, which it then leaves as it is.

    In float16 the norms' own numbers, spread over many powers of ten, would lose most. To be called in eval mode.

    Args:
        trunk: takes float `[N, 3, H, W]`; changed in place, its results stay the same.
    """
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    made: list[tuple[torch.Tensor, nn.Conv2d]] = []  # holds the tensors, so that no two share an identity

    def after_convolution(part: nn.Conv2d, arguments: Any, result: torch.Tensor) -> None:
        made.append((result, part))

    def before_norm(part: nn.BatchNorm2d, arguments: tuple[torch.Tensor, ...]) -> None:
        pairs.extend((convolution, part) for result, convolution in made if result is arguments[0])

    parts = list(trunk.modules())
    handles = [part.register_forward_hook(after_convolution) for part in parts if isinstance(part, nn.Conv2d)]
    handles += [part.register_forward_pre_hook(before_norm) for part in parts if isinstance(part, nn.BatchNorm2d)]
    try:
        with torch.no_grad():
            trunk(torch.zeros(1, 3, 64, 64))
            for convolution, norm in pairs:
                _fold(convolution, norm)
    finally:
        for handle in handles:
            handle.remove()


def _fold(convolution: nn.Conv2d, norm: Any) -> None:
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    bias = 0 if convolution.bias is None else convolution.bias
    convolution.bias = nn.Parameter((bias - norm.running_mean) * scale + norm.bias, requires_grad=False)
    convolution.weight.mul_(scale.view(-1, 1, 1, 1))
    norm.running_mean.zero_()
    norm.running_var.fill_(1)
    norm.weight.fill_(1)
    norm.bias.zero_()
    norm.eps = 0.0


def _with_fixed_padding(module: nn.Module, size: int) -> nn.Module:
    """A copy in which TensorFlow's SAME padding is a constant, as it is for a known input size.

    Traced as it stands, that padding is worked out anew for each picture, by a hundred small
    operators that halve the speed of the graph.
    """
    module = copy.deepcopy(module)
    same = {name: part for name, part in module.named_modules() if type(part).__name__ == "Conv2dSame"}
    sizes = _input_sizes(module, same, size) if same else {}
    for name, part in same.items():
        parent, _, child = name.rpartition(".")
        setattr(module.get_submodule(parent), child, _padded(part, sizes[name]))
    return module


def _input_sizes(module: nn.Module, names: Iterable[str], size: int) -> dict[str, torch.Size]:
    """Height and width of what the named parts are given; found with tensors that have a shape and no values."""
    sizes: dict[str, torch.Size] = {}
    shapes = {name: value.to("meta") for name, value in (*module.named_parameters(), *module.named_buffers())}

    def remember(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...]], None]:
        def hook(part: nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
            sizes[name] = arguments[0].shape[-2:]

        return hook

    handles = [module.get_submodule(name).register_forward_pre_hook(remember(name)) for name in names]
    images = torch.zeros(1, size, size, 3, dtype=torch.uint8, device="meta")
    with torch.inference_mode():
        torch.func.functional_call(module, shapes, (images,))
    for handle in handles:
        handle.remove()
    return sizes


def _padded(part: Any, size: torch.Size) -> nn.Module:
    top, left, bottom, right = same_padding(part, size)
    plain = nn.Conv2d(
        part.in_channels, part.out_channels, part.kernel_size, part.stride, (0, 0), part.dilation, part.groups,
        part.bias is not None,
    )  # fmt: skip
    plain.weight, plain.bias = part.weight, part.bias
    return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), plain).eval()


def same_padding(part: Any, size: Sequence[int]) -> tuple[int, int, int, int]:
    """TensorFlow's SAME padding of a convolution: top, left, bottom, right.

    Args:
        part: the convolution.
        size: height and width of its input.
    """
    total = []
    for at in (0, 1):
        kernel, stride, dilation = part.kernel_size[at], part.stride[at], part.dilation[at]
        reach = (math.ceil(size[at] / stride) - 1) * stride + (kernel - 1) * dilation + 1
        total.append(max(0, reach - size[at]))
    return total[0] // 2, total[1] // 2, total[0] - total[0] // 2, total[1] - total[1] // 2


def _legacy(module: nn.Module, example: torch.Tensor, output: str, opset: int) -> onnx.ModelProto:
    names: dict[str, Any] = {"input_names": [INPUT], "output_names": [output]}
    axes = {INPUT: {0: "N"}, output: {0: "N"}}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        torch.onnx.export(module, (example,), file, dynamo=False, opset_version=opset, dynamic_axes=axes, **names)
        return clean(onnx.load(file))


def _dynamo(module: nn.Module, example: torch.Tensor, output: str, opset: int) -> onnx.ModelProto:
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    shapes = {"images": {0: torch.export.Dim("N")}}
    program = torch.onnx.export(
        module,
        (example,),
        dynamo=True,
        verbose=False,
        opset_version=opset,
        dynamic_shapes=shapes,
        input_names=[INPUT],
        output_names=[output],
    )
    if program is None:
        raise RuntimeError("torch gave no ONNX program")
    return clean(program.model_proto)


def clean(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take out what tells of the machine it was made on: stack traces, source paths, notes."""
    model.doc_string = ""
    model.graph.doc_string = ""
    model.graph.name = "deskclassify"
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    parts = (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info)
    for part in (*parts, *model.graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    return model
