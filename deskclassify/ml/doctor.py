"""What this installation runs on: devices by trying them, not by lists."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper

from deskclassify.core import paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Examined
from deskclassify.core.machine import cpu_title
from deskclassify.core.requests import DoctorRequest
from deskclassify.ml import graphics_card, ort
from deskclassify.ml.versions import versions

_OPSET, _IR = 17, 8


def examine(request: DoctorRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Choose the device, run a tiny model in ONNX Runtime, look for packages that clash."""
    title, reason, is_cuda = _device(request.device)
    provider, why, note = _real_provider(request.device)
    conflicts = tuple(_conflicts())
    if not note and not is_cuda and request.device != "cpu" and graphics_card.has_card():
        note = reason  # ONNX Runtime has the card, and torch has not
    yield Examined(
        device=title,
        device_reason=reason,
        provider=provider,
        provider_reason=why,
        warning=note,
        versions=versions(),
        conflicts=conflicts,
        folders={
            "settings": str(paths.settings_dir()),
            "cache": str(paths.cache_dir()),
            "logs": str(paths.log_dir()),
            "weights": str(paths.weights_dir()),
            "projects": str(paths.projects_dir()),
        },
        cpu=cpu_title(),
        healthy=not conflicts,
    )


def _device(wanted: str) -> tuple[str, str, bool]:
    """Title, reason, and whether it is a graphics card: what trains, or what predicts where nothing can train."""
    try:
        from deskclassify.ml import device
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return cpu_title(), "The training engine is not installed; pictures are classified without it.", False
    chosen = device.choose(wanted)
    return chosen.title, chosen.reason, chosen.is_cuda


def _real_provider(wanted: str) -> tuple[str, str, str]:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "probe", [value], [answer])
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR
    session = ort.session(model.SerializeToString(), device=wanted)
    result = ort.run(session, np.array([1, 2], dtype=np.float32))
    provider = ort.real_provider(session)
    note = ort.real_provider_note(session)
    if not np.array_equal(result, [2, 4]):
        return provider, "ONNX Runtime gives wrong results; install it again.", note
    return provider, note or "A small model was run with it.", note


def _conflicts() -> Iterator[str]:
    installed = {name for name in ("onnxruntime", "onnxruntime-gpu") if graphics_card.is_installed(name)}
    if len(installed) > 1:
        yield (
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other. "
            "Uninstall both, then install only one."
        )
