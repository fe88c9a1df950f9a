"""The networks: a pretrained trunk that turns a picture into a feature vector, and a new head."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn

from deskclassify.core.architectures import Architecture, get
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, WeightsReady
from deskclassify.core.requests import WeightsRequest
from deskclassify.ml import weights

HEAD_DROPOUT = 0.2


class Head(nn.Module):
    """Feature vector to class scores: standardise, drop out, one linear layer.

    Args:
        features: length of the feature vector.
        classes: number of classes.
    """

    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        # Trunks differ in the scale of their features by orders of magnitude; one learning rate must fit all.
        self.norm = nn.BatchNorm1d(features, affine=False)
        self.dropout = nn.Dropout(HEAD_DROPOUT)
        self.linear = nn.Linear(features, classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Scores, float `[N, classes]`, of features, float `[N, features]`."""
        result: torch.Tensor = self.linear(self.dropout(self.norm(features)))
        return result


class Classifier(nn.Module):
    """Trunk and head.

    Args:
        trunk: float `[N, 3, H, W]`, normalised → float `[N, features]`.
        head: float `[N, features]` → float `[N, classes]`.
    """

    def __init__(self, trunk: nn.Module, head: Head) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores, float `[N, classes]`, of normalised pictures, float `[N, 3, H, W]`."""
        result: torch.Tensor = self.head(self.trunk(images))
        return result

    def stages(self) -> dict[str, nn.Sequential]:
        """The trunk cut into stages, from the picture on: run one after the other they give the features.

        What has no parameters (activation, pooling) and the BatchNorm of a convolution belong to
        the stage before them.
        """
        found: dict[str, list[nn.Module]] = {}
        for name, module in self._parts():
            is_norm = isinstance(module, nn.modules.batchnorm._BatchNorm)
            if found and (is_norm or not any(True for _ in module.parameters())):
                next(reversed(found.values())).append(module)
            else:
                found[name] = [module]
        next(reversed(found.values())).append(nn.Flatten())  # torchvision flattens between pooling and classifier
        return {name: nn.Sequential(*modules) for name, modules in found.items()}

    def _parts(self) -> Iterator[tuple[str, nn.Module]]:
        for name, module in self.trunk.named_children():
            if name in ("blocks", "features"):
                yield from ((f"{name}.{number}", child) for number, child in module.named_children())
            else:
                yield name, module


def build(architecture: Architecture, classes: int) -> Classifier:
    """Make a network with random weights."""
    trunk = _timm_trunk() if architecture.bundled else _torchvision_trunk(architecture.name)
    return Classifier(trunk, Head(architecture.features, classes))


def _timm_trunk() -> nn.Module:
    import timm

    trunk: nn.Module = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    return trunk


def _torchvision_trunk(name: str) -> nn.Module:
    from torchvision import models

    trunk: Any = models.get_model(name, weights=None)
    if name.startswith("resnet"):
        trunk.fc = nn.Identity()
    elif name.startswith("vgg"):
        # The two hidden layers hold 120 of 138 million parameters and are tied to 224 pixels.
        trunk.avgpool = nn.AdaptiveAvgPool2d(1)
        trunk.classifier = nn.Identity()
    elif name.startswith("convnext"):
        trunk.classifier[2] = nn.Identity()
    else:
        trunk.classifier = nn.Identity()
    result: nn.Module = trunk
    return result


@dataclass(frozen=True)
class Pretrained:
    """A network with loaded trunk.

    Attributes:
        model: to be changed at will.
        digest: tells its weights apart, for cache folders.
        trunk: the trunk as it was loaded. It is shared: run it, never change it.
    """

    model: Classifier
    digest: str
    trunk: nn.Module


def load_pretrained(
    architecture: Architecture, classes: int, file: str, should_stop: ShouldStop
) -> Iterator[Event | Pretrained]:
    """Build a network and load its trunk, downloading the weights if need be.

    The one loaded last is kept in memory: the next run with it starts at once.

    Yields:
        events of the download, then a `Pretrained`; nothing more when stopped.

    Raises:
        UserError: the weights cannot be had or do not fit.
    """
    source: Path | None = weights.user_file(file) if file else None
    if source is None:
        for event in weights.fetch(WeightsRequest(architecture.name), should_stop):
            if isinstance(event, WeightsReady):
                source = Path(event.path)
            else:
                yield event
        if source is None:
            return
    status = source.stat()
    trunk, digest = _loaded(architecture, source, status.st_size, status.st_mtime_ns)
    yield Pretrained(Classifier(copy.deepcopy(trunk), Head(architecture.features, classes)), digest, trunk)


@lru_cache(maxsize=1)
def _loaded(architecture: Architecture, file: Path, size: int, changed: int) -> tuple[nn.Module, str]:
    """The trunk of a weight file, and the digest of the file; `size` and `changed` tell when it is another one."""
    trunk = build(architecture, 2).trunk
    load_trunk(trunk, file, architecture)
    return trunk, weights.sha256(file)[:16]


def load_trunk(trunk: nn.Module, file: Path, architecture: Architecture) -> None:
    """Load a weight file of the whole ImageNet network (or of the trunk) into the trunk.

    Raises:
        InputError: it is no weight file, or one of another network.
    """
    loaded = read_weights(file)
    wanted = trunk.state_dict()
    if architecture.bundled and set(loaded) != set(wanted):
        # Another library's names; the tensors have the same order and shapes (FACTS; tested by accuracy).
        names = [name for name in wanted if not name.endswith("num_batches_tracked")]
        values = [value for name, value in loaded.items() if not name.endswith("num_batches_tracked")]
        loaded = dict(zip(names, values, strict=False))
    misfit = [
        name
        for name, value in wanted.items()
        if not name.endswith("num_batches_tracked") and (name not in loaded or loaded[name].shape != value.shape)
    ]
    if misfit:
        raise InputError(
            f"“{file.name}” does not fit {architecture.title}: {len(misfit)} of {len(wanted)} tensors are missing or "
            f"of another shape ({misfit[0]}). Choose the weight file of this network."
        )
    trunk.load_state_dict({name: value for name, value in loaded.items() if name in wanted}, strict=False)


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Read tensors from a `.pth` or `.safetensors` file; never unpickles code.

    Raises:
        InputError: the file is neither.
    """
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        value = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(
            f"“{file.name}” is no weight file that can be read safely ({type(error).__name__})."
        ) from error
    value = value.get("state_dict", value) if isinstance(value, dict) else value
    if not isinstance(value, dict) or not all(isinstance(item, torch.Tensor) for item in value.values()):
        raise InputError(f"“{file.name}” holds no table of tensors. Choose a state-dict file.")
    return value


def load_run(architecture: str, classes: int, file: Path) -> Classifier:
    """The trained network of a run, in eval mode.

    Raises:
        InputError: the weights are missing or damaged.
    """
    model = build(get(architecture), classes)
    try:
        model.load_state_dict(load_file(file))
    except Exception as error:
        raise InputError(f"The weights “{file}” are missing or damaged. Train again.") from error
    return model.eval()
