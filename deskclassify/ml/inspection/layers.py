"""The layers of a network as a person reads them: names, kinds, shapes, and what each does."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torch import nn

from deskclassify.core.layer_events import Layer
from deskclassify.ml.inspection.receptive import fields

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
    "Sum": "Sum with the shortcut",
}
_PASSED_OVER = (nn.Identity, nn.Dropout, nn.Flatten)
_PASSED_OVER_NAMES = frozenset({"DropPath", "DropBlock2d", "StochasticDepth", "Permute"})  # they change no value
_CUT = "only places that fit the pattern stay."
_EXPLANATIONS = {
    "BatchNorm": "Each channel is shifted and scaled so that its values have a common range.",
    "LayerNorm": "The channels of each place are brought to a common range.",
    "ReLU": f"Values below zero are cut off: {_CUT}",
    "ReLU6": f"Values below zero and above six are cut off: {_CUT}",
    "SiLU": "High values pass, low ones are held close to zero, on a smooth curve: places that fit the pattern stay.",
    "GELU": "High values pass, low ones are held close to zero, on a smooth curve: places that fit the pattern stay.",
    "Hardswish": "High values pass and those below −3 become zero; between them the curve bends: a cheap, soft cut.",
    "Sigmoid": "Every value is squeezed to between 0 and 1: a share.",
    "Hardsigmoid": "Every value is squeezed to between 0 and 1, on straight lines: a share.",
    "Average pooling": "Each channel is averaged over the picture: what is left says how much, not where.",
    "Max pooling": "Of each small window only the largest value is kept: the picture shrinks, strong answers stay.",
    "Sum with the shortcut": "What the block has found is added to what came into it, past the block: it only has to "
    "learn what to change.",
    "Linear": "A weighted sum of all features gives one score for each class.",
    "LayerScale": "Each channel is multiplied with a number of its own that was learned.",
}
# Squeeze-and-excitation (Hu et al. 2018, https://arxiv.org/abs/1709.01507): the parts of the gate, by the end of the
# name that torchvision and timm give them.
_GATE = re.compile(
    r"(?P<squeeze>\.avgpool)$|\.(?P<first>fc1|conv_reduce)$|\.(?P<middle>activation|act1)$"
    r"|\.(?P<last>fc2|conv_expand)$|\.(?P<gate>scale_activation|gate)$"
)
_GATE_EXPLANATIONS = {
    "squeeze": "Each channel is averaged over the picture. From these numbers the next layers work out how loud each "
    "channel may be.",
    "first": "The averages of all channels are mixed into a few numbers that sum the picture up.",
    "middle": "Low ones of the few numbers that sum the picture up are held back.",
    "last": "From the few numbers that sum the picture up, one is worked out for each channel: how loud it may be.",
    "gate": "The number of each channel is squeezed to between 0 and 1. The channel is multiplied with it: 0 turns it "
    "off, 1 lets it through.",
}


def units(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers worth showing, in order of definition; a normalisation with its activation is one.

    What changes no value outside training (dropout and its kin) or only its place in memory is passed over.
    """
    for name, child in model.named_children():
        path = f"{prefix}{name}"
        if type(child).__name__ in _KINDS or not any(True for _ in child.children()):
            if not isinstance(child, _PASSED_OVER) and type(child).__name__ not in _PASSED_OVER_NAMES:
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


def explain(module: nn.Module, layer: Layer | None = None) -> str:
    """One sentence on what a layer's output shows.

    Args:
        module: the layer's.
        layer: what is known of its place in the network; some kinds do different work at different places.
    """
    gate = _GATE.search(layer.name) if layer is not None and layer.shape[1:] == (1, 1) else None
    if gate is not None:
        return _GATE_EXPLANATIONS[gate.lastgroup or ""]
    if isinstance(module, nn.Conv2d):
        return _explain_convolution(module)
    if isinstance(module, nn.Linear) and layer is not None and len(layer.shape) > 1:
        return _mix(module.out_features, module.in_features)
    parts = [_EXPLANATIONS[part] for part in kind_of(module).split(" + ") if part in _EXPLANATIONS]
    return " ".join(parts) or "The values are changed by a rule of this layer’s own."


def _explain_convolution(module: nn.Conv2d) -> str:
    if module.kernel_size == (1, 1):
        return _mix(module.out_channels, module.in_channels)
    if module.groups == module.in_channels > 1:
        return "Each channel is searched with a small pattern of its own; bright places answer most."
    count = module.out_channels
    return f"{count} small patterns slide over the layer before; a channel is bright where its pattern fits."


def _mix(after: int, before: int) -> str:
    return f"Each of the {after} channels is a weighted mix of the {before} before it, at every place alike."


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
    """All layers in the order in which a picture passes them, with their output shapes, channels first.

    Args:
        model: takes float `[N, 3, size, size]`.
        size: pixels.
    """
    modules = dict(units(model))
    return tuple(
        Layer(
            name=shown_name(name),
            kind=kind_of(modules[name]),
            shape=field.shape,
            parameters=sum(parameter.numel() for parameter in modules[name].parameters()),
            detail=detail_of(modules[name]),
            stage=stage_of(shown_name(name)),
            receptive_field=field.size if field.size < size else 0,
        )
        for name, field in fields(model, size).items()
        if name in modules
    )


def shown_name(name: str) -> str:
    """A module's path without the `trunk.` that all but the head share."""
    return name.removeprefix("trunk.")


def module_path(model: nn.Module, shown: str) -> str | None:
    """Inverse of `shown_name`; None where there is no such layer."""
    modules = dict(model.named_modules())
    return next((path for path in (f"trunk.{shown}", shown) if path in modules and shown), None)
