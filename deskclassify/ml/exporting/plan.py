"""What is exported: a run's network with its rule, under the names that its classes have now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from deskclassify.core import calibration, calibration_files
from deskclassify.core.architectures import get
from deskclassify.core.data_events import Calibration
from deskclassify.core.errors import InputError
from deskclassify.core.requests import ExportRequest
from deskclassify.core.run_folder import RunFolder, RunInfo
from deskclassify.ml import tracing
from deskclassify.ml.zoo import Classifier, load_run

OUTPUT = "probabilities"
_OPSET_OF_RESIZE = 18  # the first whose Resize smooths when it shrinks (antialias)


@dataclass(frozen=True)
class Plan:
    """What is exported.

    Attributes:
        names: class of the run → its name now.
        classes: those names, in alphabetical order.
        merge: float32 `[classes of the run, classes]`; see `calibration.merging`.
        rule: temperature and threshold; as good as none where the run was not calibrated.
        bank: float16 `[n, features]`, where the rule looks for strangers.
    """

    info: RunInfo
    run: RunFolder
    names: dict[str, str]
    classes: tuple[str, ...]
    merge: np.ndarray
    rule: Calibration
    bank: np.ndarray | None

    @property
    def is_merged(self) -> bool:
        """Whether classes of the run were put together."""
        return len(self.classes) < len(self.info.classes)

    @property
    def is_reordered(self) -> bool:
        """Whether the outputs are not those of the network, in its order."""
        return not np.array_equal(self.merge, np.eye(len(self.merge)))


def make(info: RunInfo, run: RunFolder, renamed: Mapping[str, str]) -> Plan:
    """Gather what the run folder holds.

    Args:
        info: of the run.
        run: its folder.
        renamed: class → name now.

    Raises:
        InputError: there is but one class left, or the folder is damaged.
    """
    names = {name: renamed.get(name, name) for name in info.classes}
    classes, merge = calibration.merging(info.classes, names)
    if len(classes) < 2:
        raise InputError(f"All classes were merged into “{classes[0]}”, so there is nothing left to tell apart.")
    rule = calibration_files.read(run) or Calibration()
    if len(classes) < len(info.classes) and rule.coverage < 1:
        rule = calibration_files.for_merged(run, rule, names)
    bank = None
    if rule.looks_for_strangers:
        familiar = calibration_files.read_familiar(run)
        if familiar is None:
            raise InputError(f"“{run.path / 'familiar.npz'}” is missing or damaged. Apply the certainty once more.")
        bank = familiar.bank
    return Plan(info, run, names, classes, merge, rule, bank)


def check_options(request: ExportRequest) -> None:
    """Say which options do not go together.

    Raises:
        InputError: some do not.
    """
    opset = request.opset
    if opset is not None and opset not in tracing.OPSETS:
        raise InputError(
            f"ONNX opset {opset} cannot be written here. Choose one from {tracing.OPSETS[0]} to {tracing.OPSETS[-1]}; "
            f"{tracing.OPSET} is the usual one."
        )
    if opset is not None and request.resize_inside and opset < _OPSET_OF_RESIZE:
        raise InputError(
            f"Resizing inside the model needs ONNX opset {_OPSET_OF_RESIZE} or newer, not {opset}. "
            "Choose a newer one, or leave the resizing outside."
        )
    if request.layout == "safetensors":
        if request.precision == "int8":
            raise InputError("8-bit arithmetic needs an ONNX file: safetensors hold weights only. Choose fp32 or fp16.")
        if opset is not None or request.resize_inside:
            raise InputError(
                "Opset and resizing inside are for ONNX files: safetensors hold weights only. Leave these options out."
            )


def classifier(plan: Plan) -> Classifier:
    """The trained network, in eval mode.

    Raises:
        InputError: the weights are missing or damaged.
    """
    return load_run(plan.info.architecture, len(plan.info.classes), plan.run.best)


def network(plan: Plan, half: bool = False) -> torch.nn.Module:
    """From uint8 `[N, size, size, 3]` to probabilities, float32 `[N, C]`.

    Args:
        plan: of the export.
        half: whether the trunk computes in float16.
    """
    rule, preprocess = plan.rule, get(plan.info.architecture)
    strangers = None
    if plan.bank is not None:
        strangers = tracing.Strangers(
            plan.bank, calibration.NEIGHBOURS, rule.similarity, rule.softness, calibration.FLATTEST
        )
    merge = plan.merge if plan.is_reordered else None
    answers = tracing.Probabilities(classifier(plan), rule.temperature, merge, strangers, half)
    return tracing.Pixels(answers, preprocess.mean, preprocess.std).eval()
