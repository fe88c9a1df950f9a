"""The two phases of fine-tuning: the head on cached features, then the whole network on pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from deskclassify.core.architectures import Architecture
from deskclassify.ml.augment import augment, draw
from deskclassify.ml.device import Device, has_fast_bf16
from deskclassify.ml.distributed import Ranks
from deskclassify.ml.zoo import Classifier

WEIGHT_DECAY = 0.01
Logits = np.ndarray[Any, np.dtype[np.float32]]
"""float32 `[pictures, classes]`, or `[0, classes]`"""


class Phase(Protocol):
    """What the training loop needs to know."""

    name: str
    first_epoch: int
    epochs: int
    batch: int
    count: int
    optimizer: torch.optim.Optimizer
    rates: list[float]

    @property
    def module(self) -> nn.Module:
        """What is trained, and kept as the best."""
        ...

    def loss(self, picked: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Mean loss of the pictures with these numbers, int64 `[B]`; differentiable."""
        ...

    def backward(self, loss: torch.Tensor) -> float:
        """Compute gradients, take the optimiser's step, and give the loss of the whole batch."""
        ...

    def train_mode(self) -> None:
        """Put the network into the mode in which this phase trains it."""
        ...

    def evaluate(self) -> Logits:
        """Scores of the validation pictures, in float32, in eval mode."""
        ...


@dataclass
class FrozenPhase:
    """Trains the head on features that the frozen trunk gave once.

    Args:
        head: to be trained.
        features: float32 `[views, count, length]`: of each picture and its changed copies.
        labels: int64 `[count]`.
        valid: float32 `[validation pictures, length]`.
    """

    head: nn.Module
    features: torch.Tensor
    labels: torch.Tensor
    valid: torch.Tensor
    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float = WEIGHT_DECAY
    label_smoothing: float = 0.0
    name: str = "frozen"
    first_epoch: int = 1
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.labels)
        self.rates = [self.learning_rate]
        self.optimizer = torch.optim.AdamW(self.head.parameters(), self.learning_rate, weight_decay=self.weight_decay)
        self._plain = torch.zeros(())

    @property
    def module(self) -> nn.Module:
        """See `Phase`."""
        return self.head

    def loss(self, picked: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Phase`. Each picture is seen in a view drawn for it."""
        views = len(self.features)
        drawn = torch.randint(views, (len(picked),), generator=generator) if views > 1 else torch.zeros_like(picked)
        scores, targets = self.head(self.features[drawn, picked]), self.labels[picked]
        self._plain = nn.functional.cross_entropy(scores.detach(), targets)
        return nn.functional.cross_entropy(scores, targets, label_smoothing=self.label_smoothing)

    def backward(self, loss: torch.Tensor) -> float:
        """See `Phase`. The loss is told without smoothing, to be compared with the validation loss."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return float(self._plain)

    def train_mode(self) -> None:
        """See `Phase`."""
        self.head.train()

    def evaluate(self) -> Logits:
        """See `Phase`."""
        self.head.eval()
        with torch.inference_mode():
            result: Logits = self.head(self.valid).float().cpu().numpy()
        return result


@dataclass(frozen=True)
class Precision:
    """Number format of the unfrozen phase. `name` is `fp32`, `bf16` or `fp16`."""

    name: str

    @property
    def dtype(self) -> torch.dtype:
        """For autocast."""
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[self.name]


def choose_precision(device: Device) -> Precision:
    """bfloat16 where the hardware multiplies it, else float16 on a GPU, else float32."""
    if device.is_cuda:
        return Precision("bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16")
    return Precision("bf16" if has_fast_bf16() else "fp32")


@dataclass
class UnfrozenPhase:
    """Trains the whole network with lower rates for earlier layers (Howard and Ruder 2018, ULMFiT).

    Args:
        model: to be trained.
        pictures: numbers of training pictures → uint8 `[B, size, size, 3]`.
        labels: int64 `[count]`.
        evaluator: gives the scores of the validation pictures.
        rates: highest learning rates of the early body, the late body and the head.
        ranks: the processes that train together.
        freeze_statistics: keep BatchNorm's pretrained statistics; with few pictures their own are worse.
    """

    model: Classifier
    pictures: Callable[[np.ndarray], np.ndarray]
    labels: torch.Tensor
    evaluator: Callable[[], Logits]
    architecture: Architecture
    device: Device
    precision: Precision
    epochs: int
    batch: int
    rates: list[float]
    freeze_statistics: bool
    first_epoch: int
    ranks: Ranks = field(default_factory=Ranks)
    name: str = "unfrozen"
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.labels)
        self.model.to(self.device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
        early, late = self.model.body_groups()
        groups = [early, late, list(self.model.head.parameters())]
        self.optimizer = torch.optim.AdamW(
            [{"params": group, "lr": rate} for group, rate in zip(groups, self.rates, strict=True)],
            weight_decay=WEIGHT_DECAY,
        )
        self._scaler = torch.amp.GradScaler(enabled=self.precision.name == "fp16")
        self._mean = torch.tensor(self.architecture.mean, device=self.device.torch).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(self.architecture.std, device=self.device.torch).view(1, 3, 1, 1) * 255

    @property
    def module(self) -> nn.Module:
        """See `Phase`."""
        return self.model

    def loss(self, picked: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Phase`. Each process takes its share; the shares' losses add up to the batch's mean."""
        draws = self.ranks.share(draw(len(picked), generator))
        share, weight = self.ranks.share(picked), 1 / len(picked)
        raw = torch.from_numpy(self.pictures(share.numpy()))
        if self.device.is_cuda:
            raw = raw.pin_memory()
        images = raw.to(self.device.torch, non_blocking=True).permute(0, 3, 1, 2).float()
        images = (augment(images, draws) - self._mean) / self._std
        images = images.contiguous(memory_format=torch.channels_last)
        targets = self.labels[share].to(self.device.torch)
        with torch.autocast(self.device.torch.type, self.precision.dtype, enabled=self.precision.name != "fp32"):
            scores = self.model(images)
        return nn.functional.cross_entropy(scores.float(), targets, reduction="sum") * weight

    def backward(self, loss: torch.Tensor) -> float:
        """See `Phase`. Gradients and loss are summed over all processes."""
        self.optimizer.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        total = loss.detach().clone()
        self.ranks.sum([total, *(item.grad for item in self.model.parameters() if item.grad is not None)])
        self._scaler.step(self.optimizer)
        self._scaler.update()
        return float(total)

    def train_mode(self) -> None:
        """See `Phase`."""
        self.model.train()
        if self.freeze_statistics:
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def evaluate(self) -> Logits:
        """See `Phase`."""
        self.model.eval()
        statistics = [buffer for buffer in self.model.buffers() if buffer.is_floating_point()]
        self.ranks.sum(statistics)
        for buffer in statistics:
            buffer /= self.ranks.world  # each process has seen other pictures
        return self.evaluator()
