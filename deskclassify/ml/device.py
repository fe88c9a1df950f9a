"""Which processor trains, and why that one."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from deskclassify.core.errors import InputError
from deskclassify.core.machine import cpu_title


@dataclass(frozen=True)
class Device:
    """A chosen device. `reason` is a sentence for the user."""

    name: str
    title: str
    reason: str

    @property
    def is_cuda(self) -> bool:
        """Whether this is a CUDA device."""
        return self.name.startswith("cuda")

    @property
    def torch(self) -> torch.device:
        """For torch."""
        return torch.device(self.name)


def choose(wanted: str = "auto") -> Device:
    """Choose the device.

    Args:
        wanted: `auto`, `cpu`, `cuda` or `cuda:i`.

    Raises:
        InputError: a GPU was asked for and cannot be used, or the text is none of these.
    """
    if wanted == "cpu":
        return Device("cpu", cpu_title(), "The processor was chosen in the settings.")
    if wanted != "auto" and wanted.partition(":")[0] != "cuda":
        raise InputError(f"“{wanted}” is no device. Use auto, cpu, cuda or cuda:0.")
    if torch.cuda.is_available():
        return _cuda(wanted)
    if wanted != "auto":
        raise InputError(f"The GPU cannot be used: {_why_no_cuda()} Choose auto or cpu.")
    return Device("cpu", cpu_title(), f"The processor is used: {_why_no_cuda()}")


def _cuda(wanted: str) -> Device:
    _, _, number = wanted.partition(":")
    index = int(number) if number.isdigit() else 0
    if index >= torch.cuda.device_count():
        raise InputError(f"There is no GPU number {index}; the numbers go from 0 to {torch.cuda.device_count() - 1}.")
    name = torch.cuda.get_device_name(index)
    return Device(f"cuda:{index}", name, f"{name} was found and torch can use it.")


def _why_no_cuda() -> str:
    if torch.version.cuda is None:
        return "this torch was built without CUDA."
    return "torch finds no NVIDIA GPU or no fitting driver."
