"""The second phase of fine-tuning: the network's stages, all of them or the last ones, with the head."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import nn

from deskclassify.core.requests import Mix
from deskclassify.ml.augment import draw
from deskclassify.ml.averaging import Average
from deskclassify.ml.checkpoint import Tensors, copy_of
from deskclassify.ml.device import Device
from deskclassify.ml.distributed import Ranks
from deskclassify.ml.fused import autocast, keep_statistics, norms_of
from deskclassify.ml.inputs import Inputs
from deskclassify.ml.mixing import mix
from deskclassify.ml.phases import WEIGHT_DECAY, Logits, Precision
from deskclassify.ml.schedule import Cycle
from deskclassify.ml.targets import Targets
from deskclassify.ml.zoo import Classifier

_DEEPER_HEIGHT = 0.3  # a second cycle as high as the first would undo much of what that has reached
_NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm)


@dataclass
class UnfrozenPhase:
    """Trains stages and head, with lower rates for earlier stages (Howard and Ruder 2018, ULMFiT).

    Args:
        model: its last stages and its head are trained, the others stay as they are.
        inputs: what the first trained stage sees.
        targets: of the training pictures.
        evaluator: gives the scores of the validation pictures.
        rates: highest learning rates of the network's first stage, its last stage and the head; those
            of the stages between grow by the same factor from stage to stage.
        first_stage: number of the first stage that is run, on what `inputs` gives; 0 is the whole network.
        frozen_stages: so many stages do not learn, counted from the picture on.
        deeper_epochs: the last so many epochs are a cycle of their own, in which all stages learn that are run.
        freeze_statistics: keep BatchNorm's pretrained statistics; with few pictures their own are worse.
        gradual: begin with the last stage, and let one after the other join in the first half of the epochs.
        sizes: pixels of the pictures, one for each equal part of the epochs; empty: the usual ones.
        decay: of the moving average of the weights, which is then what is measured and kept; 0: none.
        micro: pictures that the network takes at once; 0: the whole batch.
        ranks: the processes that train together.
    """

    model: Classifier
    inputs: Inputs
    targets: Targets
    evaluator: Callable[[], Logits]
    device: Device
    precision: Precision
    epochs: int
    batch: int
    rates: list[float]
    freeze_statistics: bool
    first_epoch: int
    first_stage: int = 0
    frozen_stages: int = 0
    deeper_epochs: int = 0
    gradual: bool = False
    mix: Mix = "none"
    sizes: tuple[int, ...] = ()
    decay: float = 0.0
    micro: int = 0
    ranks: Ranks = field(default_factory=Ranks)
    name: str = "unfrozen"
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.count = len(self.targets)
        self._micro = self.micro or self.batch
        self._epoch = 0
        layout = torch.channels_last if self.precision.channels_last else torch.contiguous_format
        self.model.to(self.device.torch, memory_format=layout)  # type: ignore[call-overload]
        every = list(self.model.stages().values())
        self._stages = every[self.first_stage :]
        self._upper = nn.Sequential(*self._stages, self.model.head)
        first, last, head = self.rates
        steps = max(1, len(every) - 1)
        rates = [first * (last / first) ** (at / steps) if first else 0.0 for at in range(self.first_stage, len(every))]
        groups = [
            {"params": parameters, "lr": rate, "weight_decay": decay}
            for module, rate in zip([*self._stages, self.model.head], [*rates, head], strict=True)
            for parameters, decay in _with_and_without_decay(module)
        ]
        self.optimizer = torch.optim.AdamW(groups)
        self.rates = [group["lr"] for group in groups]  # type: ignore[misc]
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        self._upper.requires_grad_(True)
        self._norms = norms_of(self._upper)
        self._average = Average(self.model, self.decay) if self.decay else None
        self._scaler = torch.amp.GradScaler(enabled=self.precision.name == "fp16")

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """See `Phase`."""
        first = self.epochs - self.deeper_epochs
        if not first or not self.deeper_epochs:
            return (Cycle(self.epochs),)
        return Cycle(first), Cycle(self.deeper_epochs, _DEEPER_HEIGHT)

    # -- what is kept -----------------------------------------------------------------

    @property
    def module(self) -> nn.Module:
        """See `Phase`."""
        return self.model

    def weights(self) -> Tensors:
        """See `Phase`."""
        return dict(self._average.state) if self._average is not None else copy_of(self.model)

    def extra_state(self) -> Tensors:
        """See `Phase`: the micro-batch, on which statistics depend, and the moving average."""
        own = {"micro_batch": torch.tensor(self._micro)}
        if self._average is None:
            return own
        return {**own, **self._average.state, "steps": torch.tensor(self._average.steps)}

    def load_extra_state(self, tensors: Tensors) -> None:
        """See `Phase`."""
        if tensors:
            self._micro = int(tensors["micro_batch"])
        if self._average is not None and tensors:
            self._average.steps = int(tensors["steps"])
            self._average.state = {name: tensors[name].to(value.device) for name, value in self._average.state.items()}

    # -- a step -----------------------------------------------------------------------

    def step(self, picked: torch.Tensor, generator: torch.Generator, following: torch.Tensor | None) -> float:
        """See `Phase`. Each process takes its share; gradients and loss are summed over all."""
        draws = self.ranks.share(draw(len(picked), generator))
        share, weight = self.ranks.share(picked), 1 / len(picked)
        seed = int(torch.randint(2**62, (), generator=generator))
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device.torch)
        parts = max(1, -(-len(share) // self._micro))
        pieces = list(zip(share.tensor_split(parts), draws.tensor_split(parts), strict=True))
        for at, (numbers, own) in enumerate(pieces):
            inputs = self.inputs(numbers, own, self._epoch, self._size())
            coming = pieces[at + 1][0] if at + 1 < parts else self._first_of(following)
            if coming is not None:
                self.inputs.expect(coming)
            loss, told = self._losses(inputs, numbers, torch.Generator().manual_seed(seed + at))
            self._scaler.scale(loss * weight).backward()  # type: ignore[no-untyped-call]
            total += (told + 0 * loss.detach()) * weight  # no number either, when the loss is none
        gradients = [item.grad for item in self._upper.parameters() if item.grad is not None]
        self.ranks.sum([total, *gradients])
        self._scaler.step(self.optimizer)
        self._scaler.update()
        if self._average is not None:
            self._average.update(self.model)
        return float(total)

    def _losses(
        self, inputs: torch.Tensor, numbers: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Summed: the loss to be lowered, and the plain cross-entropy of the pictures' own labels."""
        wanted = self.targets.soft(numbers).to(inputs.device)
        mixed, wanted = mix(inputs, wanted, self.mix, generator)
        with autocast(self.device.torch, self.precision.dtype, self._norms):
            scores = self._upper(mixed)
        logarithms = nn.functional.log_softmax(scores.float(), dim=1)
        loss = -(wanted * logarithms).sum()
        own = self.targets.numbers[numbers].to(inputs.device)
        return loss, nn.functional.nll_loss(logarithms.detach(), own, reduction="sum")

    def _first_of(self, following: torch.Tensor | None) -> torch.Tensor | None:
        if following is None:
            return None
        share = self.ranks.share(following)
        return share.tensor_split(max(1, -(-len(share) // self._micro)))[0]

    def _size(self) -> int | None:
        if not self.sizes:
            return None
        return self.sizes[min(len(self.sizes) - 1, self._epoch * len(self.sizes) // self.epochs)]

    def halve(self) -> bool:
        """See `Phase`."""
        self.optimizer.zero_grad(set_to_none=True)
        if self._micro <= 1:
            return False
        self._micro = (self._micro + 1) // 2
        return True

    @property
    def micro_batch(self) -> int:
        """See `Phase`."""
        return self._micro

    # -- an epoch ---------------------------------------------------------------------

    def begin_epoch(self, epoch: int) -> None:
        """See `Phase`."""
        self._epoch = epoch
        self.model.eval()
        joined = self._joined(epoch)
        for at, stage in enumerate(self._stages):
            takes_part = at >= len(self._stages) - joined
            stage.requires_grad_(takes_part)
            stage.train(takes_part)
        self.model.head.train()
        if self.freeze_statistics:
            keep_statistics(self.model)

    def _joined(self, epoch: int) -> int:
        """How many stages, counted from the last, take part in an epoch."""
        deeper = epoch >= self.epochs - self.deeper_epochs
        most = len(self._stages) - (0 if deeper else max(0, self.frozen_stages - self.first_stage))
        if not self.gradual:
            return most
        return min(most, 1 + epoch * len(self._stages) // max(1, self.epochs // 2))

    def evaluate(self) -> Logits:
        """See `Phase`. With a moving average, that is measured."""
        self.model.eval()
        statistics = [buffer for buffer in self.model.buffers() if buffer.is_floating_point()]
        self.ranks.sum(statistics)
        for buffer in statistics:
            buffer /= self.ranks.world  # each process has seen other pictures
        with self._average.applied(self.model) if self._average is not None else contextlib.nullcontext():
            return self.evaluator()

    def close(self) -> None:
        """See `Phase`."""
        self.inputs.close()


def _with_and_without_decay(module: nn.Module) -> Iterator[tuple[list[nn.Parameter], float]]:
    """Weight decay is for weights: it would pull scales of normalisation and biases to zero for nothing."""
    plain = {
        id(parameter)
        for part in module.modules()
        for name, parameter in part.named_parameters(recurse=False)
        if isinstance(part, _NORMS) or name == "bias"
    }
    yield [parameter for parameter in module.parameters() if id(parameter) not in plain], WEIGHT_DECAY
    rest = [parameter for parameter in module.parameters() if id(parameter) in plain]
    if rest:
        yield rest, 0.0
