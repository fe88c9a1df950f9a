"""The layers of a network as a person reads them: names, kinds, shapes, and what each does."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from deskclassify.core.layer_events import Layer
from deskclassify.ml.capture import eval_mode

_KINDS = {
    "Conv2dSame": "Conv2d",
    "BatchNormAct2d": "BatchNorm",
    "BatchNorm2d": "BatchNorm",
    "BatchNorm1d": "BatchNorm",
    "LayerNorm2d": "LayerNorm",
    "SelectAdaptivePool2d": "Average pooling",
    "AdaptiveAvgPool2d": "Average pooling",
    "AvgPool2d": "Average pooling",
    "MaxPool2d": "Max pooling",
}
_PASSED_OVER = (nn.Identity, nn.Dropout, nn.Flatten)
_EXPLANATIONS = {
    "BatchNorm": "Each channel is shifted and scaled so that its values have a common range.",
    "LayerNorm": "The channels of each place are brought to a common range.",
    "ReLU": "Values below zero are cut off: only places that fit the pattern stay.",
    "ReLU6": "Values below zero and above six are cut off: only places that fit the pattern stay.",
    "Average pooling": "Each channel is averaged over the picture: what is left says how much, not where.",
    "Max pooling": "Of each small window only the largest value is kept: the picture shrinks, strong answers stay.",
    "Linear": "A weighted sum of all features gives one score for each class.",
}


def units(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers worth showing, in order of definition; a normalisation with its activation is one."""
    for name, child in model.named_children():
        path = f"{prefix}{name}"
        if type(child).__name__ in _KINDS or not any(True for _ in child.children()):
            if not isinstance(child, _PASSED_OVER) and not type(child).__name__.startswith("DropPath"):
                yield path, child
        else:
            yield from units(child, f"{path}.")


def kind_of(module: nn.Module) -> str:
    """What a layer is called in the field."""
    name = type(module).__name__
    if isinstance(module, nn.Conv2d):
        return "Depthwise convolution" if module.groups == module.in_channels > 1 else "Convolution"
    kind, activation = _KINDS.get(name, name), _activation(module)
    return f"{kind} + {activation}" if activation else kind


def _activation(module: nn.Module) -> str:
    """The activation that timm's networks have inside their normalisation; empty where there is none."""
    inner = getattr(module, "act", None)
    return "" if inner is None or isinstance(inner, nn.Identity) else type(inner).__name__


def detail_of(module: nn.Module) -> str:
    """The numbers of a convolution, in words."""
    if not isinstance(module, nn.Conv2d):
        return ""
    height, width = module.kernel_size[0], module.kernel_size[1]
    stride = f", stride {module.stride[0]}" if module.stride[0] > 1 else ""
    dilation = f", dilation {module.dilation[0]}" if module.dilation[0] > 1 else ""
    groups = f", {module.groups} groups" if 1 < module.groups < module.in_channels else ""
    return f"{module.in_channels} → {module.out_channels}, {height}×{width}{stride}{dilation}{groups}"


def explain(module: nn.Module) -> str:
    """One sentence on what a layer's output shows."""
    kind = kind_of(module)
    if isinstance(module, nn.Conv2d):
        if module.kernel_size == (1, 1):
            return (
                f"Each of the {module.out_channels} channels is a weighted mix of the {module.in_channels} before it, "
                "at every place alike."
            )
        if kind == "Depthwise convolution":
            return "Each channel is searched with a small pattern of its own; bright places answer most."
        return (
            f"{module.out_channels} small patterns slide over the layer before; "
            "a channel is bright where its pattern fits."
        )
    parts = [_EXPLANATIONS[part] for part in kind.split(" + ") if part in _EXPLANATIONS]
    if parts:
        return " ".join(parts)
    return "Values are passed through a curve that lets strong answers pass and holds weak ones back."


def stage_of(name: str) -> str:
    """The part of the network that a layer belongs to."""
    parts = name.split(".")
    if parts[0] in ("blocks", "features") and len(parts) > 1:
        return f"{'Block' if parts[0] == 'blocks' else 'Stage'} {parts[1]}"
    if parts[0].startswith("layer") and parts[0][5:].isdigit():
        return f"Stage {parts[0][5:]}"
    if parts[0] == "head" or parts[0] in ("global_pool", "avgpool", "classifier"):
        return "Head"
    return "Stem" if parts[0] in ("conv_stem", "conv1", "bn1", "relu", "maxpool") else "Top"


def describe(model: nn.Module, size: int) -> tuple[Layer, ...]:
    """All layers in the order in which a picture passes them, with their output shapes.

    Args:
        model: takes float `[N, 3, size, size]`.
        size: pixels.
    """
    modules = dict(units(model))
    names = {module: name for name, module in modules.items()}
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []

    def hook(module: nn.Module, arguments: object, output: torch.Tensor) -> None:
        shapes.setdefault(names[module], tuple(output.shape[1:]))

    with eval_mode(model), torch.inference_mode():
        try:
            handles += [module.register_forward_hook(hook) for module in modules.values()]
            model(torch.zeros(1, 3, size, size))
        finally:
            for handle in handles:
                handle.remove()
    return tuple(
        Layer(
            name=shown_name(name),
            kind=kind_of(modules[name]),
            shape=shape,
            parameters=sum(parameter.numel() for parameter in modules[name].parameters()),
            detail=detail_of(modules[name]),
            stage=stage_of(shown_name(name)),
        )
        for name, shape in shapes.items()
    )


def shown_name(name: str) -> str:
    """A module's path without the `trunk.` that all but the head share."""
    return name.removeprefix("trunk.")


def module_path(model: nn.Module, shown: str) -> str | None:
    """Inverse of `shown_name`; None where there is no such layer."""
    modules = dict(model.named_modules())
    return next((path for path in (f"trunk.{shown}", shown) if path in modules and shown), None)
