"""Several processes that train one network, as `torchrun` starts them: data-parallel, rank 0 writes.

Every rank does the same work from the same seeds, except that in the unfrozen phase each takes
its share of a batch and the gradients are averaged. So all ranks hold the same weights, see the
same validation results and decide alike; nothing else needs to be sent.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable

import torch
from torch import distributed

_PATIENCE = datetime.timedelta(hours=12)  # rank 0 may look at many pictures while the others wait


class Ranks:
    """The processes of a training. A single process is a group of one, and talks to nobody.

    Args:
        rank: of this process.
        world: number of processes.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank = rank
        self.world = world

    @staticmethod
    def of_environment() -> Ranks:
        """What torchrun says in RANK and WORLD_SIZE."""
        return Ranks(int(os.environ.get("RANK") or 0), int(os.environ.get("WORLD_SIZE") or 1))

    @property
    def leads(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def device(self, wanted: str) -> str:
        """Each process of a machine takes a GPU of its own."""
        local = os.environ.get("LOCAL_RANK")
        if self.world > 1 and wanted in ("auto", "cuda") and torch.cuda.is_available() and local:
            return f"cuda:{int(local) % torch.cuda.device_count()}"
        return wanted

    def begin(self, is_cuda: bool) -> None:
        """Meet the others: nccl on GPUs, gloo on processors."""
        if self.world > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if is_cuda else "gloo", timeout=_PATIENCE)

    def end(self) -> None:
        """Part from the others."""
        if self.world > 1 and distributed.is_initialized():
            distributed.destroy_process_group()

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.world > 1:
            distributed.barrier()

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is true in any process; all must ask."""
        if self.world == 1:
            return flag
        value = torch.tensor(float(flag), device=device)
        distributed.all_reduce(value, distributed.ReduceOp.MAX)
        return bool(value.item())

    def share(self, batch: torch.Tensor) -> torch.Tensor:
        """This process's part of a batch's rows; parts differ by one row at most."""
        return batch.tensor_split(self.world)[self.rank]

    def sum(self, values: Iterable[torch.Tensor]) -> None:
        """Replace tensors by their sums over all processes, in one message."""
        tensors = list(values)
        if self.world == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1).float() for tensor in tensors])
        distributed.all_reduce(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()
