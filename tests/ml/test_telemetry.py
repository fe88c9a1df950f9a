"""ONNX Runtime gathers what is done with it, and sends it, unless told not to. This program sends nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

USE = """
import sys
if sys.argv[1] == "ours":
    import deskclassify.ml
import onnx, onnxruntime
from onnx import TensorProto, helper
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ports[:1], ports[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
"""
# Each of these keeps ONNX Runtime quiet too, and would hide that nobody has told it.
QUIET = ("ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "CI", "GITHUB_ACTIONS", "TF_BUILD", "XDG_CACHE_HOME")


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="where it keeps what it has gathered is known on Linux"
)
def test_nothing_is_gathered_where_the_learning_code_opens_a_model(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in QUIET} | {"HOME": str(tmp_path)}
    command = [sys.executable, "-c", USE, "ours"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
