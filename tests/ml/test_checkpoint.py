from __future__ import annotations

from pathlib import Path

import pytest
import torch

from deskclassify.ml import checkpoint
from deskclassify.ml.checkpoint import Checkpoint


def make(value: int) -> Checkpoint:
    tensors = {"w": torch.full((3,), float(value))}
    return Checkpoint({"value": value}, tensors, {"0.step": torch.tensor(float(value))}, {}, {}, {})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "last", make(1))
    checkpoint.write(tmp_path / "last", make(2))
    found = checkpoint.read(tmp_path / "last")
    assert found is not None
    assert found.state == {"value": 2}
    assert found.model["w"].tolist() == [2, 2, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last", "last.old"]


def test_an_interrupted_write_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write(tmp_path / "last", make(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.atomic, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.write(tmp_path / "last", make(2))
    found = checkpoint.read(tmp_path / "last")
    assert found is not None
    assert found.state == {"value": 1}


def test_killed_between_the_two_renames(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "last", make(1))
    (tmp_path / "last").rename(tmp_path / "last.old")
    found = checkpoint.read(tmp_path / "last")
    assert found is not None
    assert found.state == {"value": 1}


def test_a_truncated_checkpoint_falls_back_to_the_one_before(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "last", make(1))
    (tmp_path / "last").rename(tmp_path / "last.old")
    checkpoint.write(tmp_path / "other", make(2))
    (tmp_path / "other").rename(tmp_path / "last")
    file = tmp_path / "last" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:20])
    found = checkpoint.read(tmp_path / "last")
    assert found is not None
    assert found.state == {"value": 1}


def test_nothing_there_is_none(tmp_path: Path) -> None:
    assert checkpoint.read(tmp_path / "last") is None


def test_an_optimiser_comes_back_bit_for_bit() -> None:
    layer = torch.nn.Linear(3, 2)
    first = torch.optim.AdamW(layer.parameters(), 0.1)
    layer(torch.ones(1, 3)).sum().backward()
    first.step()
    second = torch.optim.AdamW(layer.parameters(), 0.1)
    checkpoint.load_optimizer(second, checkpoint.optimizer_tensors(first))
    ours, theirs = checkpoint.optimizer_tensors(second), checkpoint.optimizer_tensors(first)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
