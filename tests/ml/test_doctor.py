"""The doctor tells what it tried, also where torch is not installed, as in the packaged program."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from deskclassify.core.events import Examined
from deskclassify.core.requests import DoctorRequest
from deskclassify.ml import doctor, graphics_card

WITHOUT = """
import json, sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "timm", "scipy", "sklearn", "captum", "PySide6"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name.split(".")[0])
sys.meta_path.insert(0, Blocker())
from deskclassify.core.codec import to_json
from deskclassify.core.requests import DoctorRequest
from deskclassify.ml.doctor import examine
(found,) = examine(DoctorRequest(), lambda: False)
print(json.dumps(to_json(found)))
"""


def test_it_works_without_torch() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=120, check=True)
    found = json.loads(done.stdout)
    assert found["device"].startswith("CPU") and "training engine" in found["device_reason"]
    assert found["provider"] == "CPUExecutionProvider" and found["healthy"]


def test_a_card_that_nothing_uses_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphics_card, "has_card", lambda: True)
    found = graphics_card.Facts(has_card=True, driver="470.1.2", runtime_cuda="13.0")
    monkeypatch.setattr(graphics_card, "facts", lambda *_: found)
    (told,) = doctor.examine(DoctorRequest(), lambda: False)
    assert isinstance(told, Examined)
    assert "470.1.2" in told.warning and told.warning == told.provider_reason
    (quiet,) = doctor.examine(DoctorRequest("cpu"), lambda: False)
    assert isinstance(quiet, Examined) and not quiet.warning


def test_doctor_tells_what_really_ran(drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = drain(DoctorRequest(device="cpu"))
    assert found.provider == "CPUExecutionProvider"
    assert "CPU" in found.device
    assert {"torch", "numpy", "Pillow", "deskclassify", "python"} <= found.versions.keys()
    assert found.healthy
    monkeypatch.setattr(graphics_card, "is_installed", lambda name: True)
    (found,) = drain(DoctorRequest(device="cpu"))
    assert not found.healthy
    assert "overwrite each other" in found.conflicts[0]
