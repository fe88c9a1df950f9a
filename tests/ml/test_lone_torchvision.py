"""PyPI's torchvision beside a torch for the processor."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from deskclassify.ml import lone_torchvision

DESCRIBE = """
import torch
from deskclassify.ml import lone_torchvision
lone_torchvision.name_operators()
for name in ("torchvision::nms", "torchvision::qnms"):
    torch.library.register_fake(name)(lambda *_: None)  # what torchvision's import does, and fails at otherwise
print("described")
"""


@pytest.mark.parametrize(
    ("torch", "torchvision", "is_lone"),
    [
        ("2.13.0+cpu", "0.28.0", True),
        ("2.13.0+cpu", "0.28.0+cpu", False),
        ("2.15.0", "0.29.2", False),
        ("2.13.0+cpu", None, False),
    ],
)
def test_which_builds_do_not_go_together(monkeypatch, torch, torchvision, is_lone):
    def version(name):
        found = {"torch": torch, "torchvision": torchvision}[name]
        if found is None:
            raise metadata.PackageNotFoundError
        return found

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(sys, "platform", "linux")
    assert lone_torchvision.is_lone() is is_lone


def test_it_acts_once_and_only_where_it_must(monkeypatch):
    named = []
    monkeypatch.setattr(lone_torchvision, "name_operators", lambda: named.append(True))
    monkeypatch.setattr(sys, "meta_path", [])
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    for is_lone, count in ((False, 0), (True, 1)):
        monkeypatch.setattr(lone_torchvision, "is_lone", lambda is_lone=is_lone: is_lone)
        lone_torchvision.watch()
        lone_torchvision.watch()
        (finder,) = sys.meta_path
        assert finder.find_spec("torchvision.ops") is None and not named
        assert finder.find_spec("torchvision") is None
        assert len(named) == count and not sys.meta_path


@pytest.mark.slow
def test_the_names_that_torchvision_describes_are_known():
    done = subprocess.run([sys.executable, "-c", DESCRIBE], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "described", done.stderr
