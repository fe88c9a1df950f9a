"""Several processes that train one network, as `torchrun` starts them: data-parallel, rank 0 writes.

Every rank does the same work from the same seeds, except that in the unfrozen phase each takes
its share of a batch and the gradients are averaged. So all ranks hold the same weights, see the
same validation results and decide alike; nothing else needs to be sent.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import distributed

from deskclassify.core.errors import Failure, OneOfManyError, UserError

_PATIENCE = datetime.timedelta(hours=12)  # rank 0 may look at many pictures while the others wait
_CLAIM = datetime.timedelta(seconds=5)


class Ranks:
    """The processes of a training. A single process is a group of one, and talks to nobody.

    Args:
        rank: of this process.
        world: number of processes.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank = rank
        self.world = world
        self._store: Any = None  # a `torch.distributed.Store`: what the processes tell each other by name

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

    @contextlib.contextmanager
    def joined(self, is_cuda: bool) -> Iterator[None]:
        """Meet the others, by nccl on GPUs and gloo on processors, and part from them at the end.

        Raises:
            OneOfManyError: something failed in one of several processes, or one of them was killed.
        """
        if self.world == 1:
            yield
            return
        from torch.distributed.rendezvous import rendezvous  # not in every build of torch

        try:
            with _peers():
                self._store, _, _ = next(rendezvous("env://", timeout=_PATIENCE))
                distributed.init_process_group(
                    "nccl" if is_cuda else "gloo",
                    timeout=_PATIENCE,
                    store=self._store,
                    rank=self.rank,
                    world_size=self.world,
                )
            yield
        except Exception as error:
            raise OneOfManyError(Failure.of(error), self._is_first_to_fail()) from error
        finally:
            if distributed.is_initialized():
                with contextlib.suppress(RuntimeError):  # of a group that has broken already
                    distributed.destroy_process_group()

    def _is_first_to_fail(self) -> bool:
        if self._store is None:
            return self.leads
        try:
            self._store.set_timeout(_CLAIM)
            return int(self._store.add("failed", 1)) == 1
        except RuntimeError:
            return self.rank <= 1  # what rank 0 kept for all ended with it

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.world > 1:
            with _peers():
                distributed.barrier()

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is true in any process; all must ask."""
        if self.world == 1:
            return flag
        value = torch.tensor(float(flag), device=device)
        with _peers():
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
        with _peers():
            distributed.all_reduce(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()


@contextlib.contextmanager
def _peers() -> Iterator[None]:
    """A process that is killed closes its connections, and the others' next word to it fails."""
    try:
        yield
    except RuntimeError as error:
        raise UserError(
            "Another process of this training has ended or cannot be reached, so this one ends too. What was saved "
            "is kept: start the same torchrun line again, with --resume.",
            str(error),
        ) from error
