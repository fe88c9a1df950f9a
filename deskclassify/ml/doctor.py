"""What this installation runs on: devices by trying them, not by lists."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import numpy as np
import onnx
from onnx import TensorProto, helper

from deskclassify.core import paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Examined
from deskclassify.core.machine import cpu_title
from deskclassify.core.requests import DoctorRequest
from deskclassify.ml import device, ort
from deskclassify.ml.versions import versions

_OPSET, _IR = 17, 8


def examine(request: DoctorRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Choose the device, run a tiny model in ONNX Runtime, look for packages that clash."""
    chosen = device.choose(request.device)
    provider, why = _real_provider("auto" if chosen.is_cuda else "cpu")
    conflicts = tuple(_conflicts())
    yield Examined(
        device=chosen.title,
        device_reason=chosen.reason,
        provider=provider,
        provider_reason=why,
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


def _real_provider(wanted: str) -> tuple[str, str]:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "probe", [value], [answer])
    model: onnx.ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR
    session = ort.session(model.SerializeToString(), device=wanted)
    result = ort.run(session, np.array([1, 2], dtype=np.float32))
    provider = ort.real_provider(session)
    if not np.array_equal(result, [2, 4]):
        return provider, "ONNX Runtime gives wrong results; install it again."
    if wanted != "cpu" and provider == ort.CPU_PROVIDER:
        return provider, "The GPU was wanted, but ONNX Runtime fell back to the CPU: its CUDA libraries do not load."
    return provider, "A small model was run with it."


def _conflicts() -> Iterator[str]:
    installed = {name for name in ("onnxruntime", "onnxruntime-gpu") if _is_installed(name)}
    if len(installed) > 1:
        yield (
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other. "
            "Uninstall both, then install only one."
        )


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
