"""The weights that a training keeps of its epochs, and a network as it was after one of them."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Message
from deskclassify.core.layer_requests import KernelsRequest, LayerRequest, LayersRequest
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec
from deskclassify.ml import run_writer, snapshots, weights
from deskclassify.ml.inspection import network
from deskclassify.ml.run_writer import RunWriter
from deskclassify.ml.snapshots import MOST_BYTES, MOST_EPOCHS, Keeper, plan
from deskclassify.ml.training import fit
from deskclassify.ml.zoo import Classifier, Head

_HALF = 2.0**-11  # what float16 changes of a number, at most

Drain = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def nothing_kept_in_memory() -> Iterator[None]:
    network.forget()
    yield
    network.forget()


@pytest.fixture(scope="module")
def both(sample_spec: DataSpec, trained: Path, ml_home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run of both phases; tests must not change it."""
    run = tmp_path_factory.mktemp("snapshots") / "both"
    request = FitRequest(sample_spec, str(run), preset="balanced", epochs=2, frozen_epochs=6, image_size=64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DESKCLASSIFY_HOME", str(ml_home))
        list(fit(request, never))
    return RunFolder(run)


@pytest.fixture
def copied(both: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(both.path, tmp_path / "copy")))


def opened(run: RunFolder, epoch: int | None) -> network.Opened:
    (found,) = network.open_network(str(run.path), epoch, never)
    assert isinstance(found, network.Opened)
    return found


# -- which epochs ---------------------------------------------------------------------


@pytest.mark.parametrize("frozen", [0, 1, 2, 20, 500])
@pytest.mark.parametrize("unfrozen", [0, 1, 5, 13, 300])
@pytest.mark.parametrize(("head", "network_bytes"), [(30_000, 7_000_000), (8_000_000, 60_000_000), (10**9, 10**10)])
def test_a_plan_is_within_its_bounds_and_has_the_ends(
    frozen: int, unfrozen: int, head: int, network_bytes: int
) -> None:
    chosen = plan(frozen, unfrozen, head, network_bytes)
    first = {epoch for epoch in chosen if epoch <= frozen}
    then = chosen - first
    assert len(chosen) <= MOST_EPOCHS
    assert len(first) * head + len(then) * network_bytes <= MOST_BYTES
    assert all(1 <= epoch <= frozen + unfrozen for epoch in chosen)
    if head < MOST_BYTES:
        assert not frozen or frozen in chosen
        assert not unfrozen or frozen + unfrozen in chosen
        assert len(then) >= min(unfrozen, 2)
        gaps = np.diff(sorted(then))
        assert not gaps.size or gaps.max() - gaps.min() <= 1  # evenly


def test_all_epochs_are_kept_where_there_are_few() -> None:
    assert plan(3, 4, 10, 100) == set(range(1, 8))


# -- keeping --------------------------------------------------------------------------


class Tiny:
    """A network of two layers that is “trained”: an epoch adds a little to the second."""

    def __init__(self, folder: Path, frozen: int, unfrozen: int, leads: bool = True) -> None:
        torch.manual_seed(1)
        trunk = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4), nn.BatchNorm1d(4))
        self.run = RunFolder(folder)
        self.network = Classifier(trunk, Head(4, 3))
        self.before = {name: value.clone() for name, value in self.network.state_dict().items()}
        pretrained = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4), nn.BatchNorm1d(4))
        pretrained.load_state_dict(trunk.state_dict())
        self.write = RunWriter(self.run, leads, never)
        self.keeper = Keeper(self.run, self.write, pretrained, "digest", frozen, unfrozen)
        self.frozen = frozen
        self.rows: list[EpochDone] = []
        folder.mkdir(exist_ok=True)

    @torch.no_grad()
    def epoch(self, number: int) -> list[Any]:
        phase = "frozen" if number <= self.frozen else "unfrozen"
        row = EpochDone(phase, number, 1 / number, 0.5, 0.5, 0.5, 0.001, 1.0, 10.0)
        self.rows.append(row)
        self.network.head.linear.weight += 0.1
        if phase == "frozen":
            return list(self.keeper.take(row, {k: v.clone() for k, v in self.network.head.state_dict().items()}))
        self.network.trunk[1].weight += 0.001 * torch.randn(4, 5)  # type: ignore[index, operator]
        self.network.trunk[2].running_mean += 1.0  # type: ignore[index, operator]
        return list(self.keeper.take(row, self.network.state_dict()))

    def tell(self) -> None:
        self.run.write_history(self.rows)


def test_heads_wait_in_memory_and_the_latest_epoch_is_always_there(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "run", 30, 40)
    for number in range(1, 26):
        tiny.epoch(number)
    assert tiny.run.snapshot_epochs() == []  # no file in the quick phase
    list(tiny.keeper.flush())
    assert tiny.run.snapshot_epochs() == [1, 11, 20, 25]
    for number in range(26, 31):
        tiny.epoch(number)
    list(tiny.keeper.flush())
    assert tiny.run.snapshot_epochs() == [1, 11, 20, 30]  # 25 was only the latest
    for number in range(31, 71):
        tiny.epoch(number)
        kept = tiny.run.snapshot_epochs()
        assert kept[-1] == number
        assert len(kept) <= MOST_EPOCHS
    assert len(kept) == MOST_EPOCHS


def test_a_snapshot_holds_what_differs_and_gives_it_back(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "run", 1, 2)
    tiny.epoch(1)
    list(tiny.keeper.flush())
    tiny.epoch(2)
    stored = load_file(tiny.run.snapshot(2))
    assert set(stored) == {"trunk.1.weight", "trunk.2.running_mean", "head.linear.weight"} | {
        name for name in stored if name.startswith("head.")
    }
    assert stored["trunk.1.weight"].dtype == torch.float16
    state = tiny.network.state_dict()
    loaded = snapshots.load(tiny.run, 2)
    assert torch.allclose(loaded["trunk.1.weight"], state["trunk.1.weight"], rtol=_HALF, atol=3e-8)
    for exact in ("trunk.2.running_mean", "head.linear.weight"):
        assert torch.equal(loaded[exact], state[exact])
    assert set(snapshots.load(tiny.run, 1)) == {name for name in state if name.startswith("head.")}


def test_weights_that_float16_cannot_hold_are_kept_as_they_are(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "run", 0, 1)
    with torch.no_grad():
        tiny.network.trunk[0].weight[0, 0] = 1e6  # type: ignore[index, operator]
    tiny.epoch(1)
    assert snapshots.load(tiny.run, 1)["trunk.0.weight"][0, 0] == 1e6


def test_only_the_leader_writes(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "run", 0, 3, leads=False)
    for number in (1, 2, 3):
        tiny.epoch(number)
    assert not tiny.run.epochs.exists()


def test_stale_damaged_and_foreign_files_are_passed_over(tmp_path: Path) -> None:
    tiny = Tiny(tmp_path / "run", 0, 6)
    for number in range(1, 7):
        tiny.epoch(number)
    tiny.rows[1] = replace(tiny.rows[1], train_loss=0.123)  # epoch 2 was trained anew
    del tiny.rows[-1]  # epoch 6 was not reached again yet
    tiny.tell()
    file = tiny.run.snapshot(3)
    file.write_bytes(file.read_bytes()[:-10])
    tiny.run.snapshot(4).write_bytes(b"nonsense")
    save_file({"a": torch.zeros(1)}, tiny.run.snapshot(5))
    (tiny.run.epochs / "notes.safetensors").write_text("mine")
    assert snapshots.kept(tiny.run, "digest") == (1,)
    assert snapshots.kept(tiny.run, "of other pretrained weights") == ()


@pytest.mark.parametrize("how", ["little room", "full", "read-only"])
def test_a_disk_without_room_costs_epochs_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    tiny = Tiny(tmp_path / "run", 0, 4)
    assert tiny.epoch(1) == []
    with monkeypatch.context() as patch:
        if how == "little room":
            usage = shutil.disk_usage(tmp_path)._replace(free=run_writer._SPARE_BYTES)
            patch.setattr(shutil, "disk_usage", lambda _: usage)
        else:
            number = errno.ENOSPC if how == "full" else errno.EROFS

            def refuse(*_: object) -> None:
                raise OSError(number, os.strerror(number))

            patch.setattr(os, "replace", refuse)
        (told,) = tiny.epoch(2)
        assert isinstance(told, Message)
        assert "little room" in told.text
        assert tiny.epoch(3) == []
    assert tiny.epoch(4) == []
    assert tiny.run.snapshot_epochs() == [1, 4]
    assert sorted(file.name for file in tiny.run.epochs.iterdir()) == ["0001.safetensors", "0004.safetensors"]


# -- real trainings -------------------------------------------------------------------


def test_a_quick_training_keeps_twelve_heads(trained: Path) -> None:
    run = RunFolder(trained)
    assert len(run.snapshot_epochs()) == MOST_EPOCHS
    assert {1, 20} <= set(run.snapshot_epochs())
    assert sum(file.stat().st_size for file in run.epochs.iterdir()) < 1_000_000
    heads = [load_file(run.snapshot(epoch))["head.linear.weight"] for epoch in run.snapshot_epochs()]
    assert all(not torch.equal(one, other) for one, other in pairwise(heads))


def test_a_training_that_goes_on_keeps_the_same_epochs(sample_spec: DataSpec, trained: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    request = FitRequest(sample_spec, str(run.path), preset="quick")
    events: list[Any] = []
    for event in fit(request, lambda: sum(isinstance(event, EpochDone) for event in events) >= 6):
        events.append(event)  # noqa: PERF402 - the stop looks at them while they come
    assert run.snapshot_epochs()[-1] == 6
    (run.epochs / ".0003.safetensors.1-ab.part").write_bytes(b"killed here")
    list(fit(replace(request, resume=True), never))
    whole = RunFolder(trained)
    assert run.snapshot_epochs() == whole.snapshot_epochs()
    for epoch in run.snapshot_epochs():
        ours, theirs = snapshots.load(run, epoch), snapshots.load(whole, epoch)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not [file for file in run.epochs.iterdir() if file.name.startswith(".")]


def test_the_epochs_of_a_run_are_listed_from_the_pretrained_network_on(both: RunFolder, drain: Drain) -> None:
    (listed,) = drain(LayersRequest(str(both.path)))
    assert listed.has_pretrained
    assert listed.epochs[0] == 0
    assert {1, 6, 7, 8, listed.best_epoch} <= set(listed.epochs)
    assert listed.best_epoch == both.info().result["best_epoch"]
    assert sum(file.stat().st_size for file in both.epochs.iterdir()) <= MOST_BYTES


def test_frozen_layers_stay_until_they_are_trained(both: RunFolder, drain: Drain) -> None:
    picture = next(item.path for item in both.split() if item.subset == "valid")

    def at(epoch: int, layer: str) -> tuple[Any, ...]:
        (kernels,) = drain(KernelsRequest(str(both.path), layer, epoch))
        (shown,) = drain(LayerRequest(str(both.path), layer, picture, epoch))
        return kernels.norms, kernels.changes, shown.activations, shown.high

    frozen, beginning = at(6, "conv_head"), at(0, "conv_head")
    for one, other in zip(beginning, frozen, strict=True):
        assert np.array_equal(one, other)
    assert not frozen[1].any()
    later, last = at(7, "conv_head"), at(8, "conv_head")
    assert (later[1] > 0).all()
    assert last[1].mean() > later[1].mean()
    assert not np.array_equal(frozen[3], later[3])
    stem = [at(epoch, "conv_stem") for epoch in (0, 6, 8)]  # below what is trained
    assert all(np.array_equal(one, stem[0][at]) for row in stem for at, one in enumerate(row))
    heads = [drain(KernelsRequest(str(both.path), "head.linear", epoch))[0] for epoch in (0, 1, 6)]
    assert not heads[0].norms.any()
    assert "still zero" in heads[0].summary
    assert heads[1].norms.max() < heads[2].norms.max()
    assert heads[1].changes.size == 0  # a head has no pretrained weights


def test_trained_says_what_training_changed(both: RunFolder, trained: Path, drain: Drain) -> None:
    (listed,) = drain(LayersRequest(str(both.path)))
    is_trained = {layer.name: layer.trained for layer in listed.layers}
    assert is_trained["head.linear"] is True
    assert is_trained["conv_stem"] is False
    assert is_trained["bn1"] is False
    assert is_trained["global_pool"] is None
    (quick,) = drain(LayersRequest(str(trained)))
    assert {layer.trained for layer in quick.layers if layer.parameters and "head." not in layer.name} == {False}
    by_name = {layer.name: layer.trained for layer in opened(both, 8).layers}
    assert by_name["conv_head"] is True
    assert {layer.name: layer.trained for layer in opened(both, 0).layers}["head.linear"] is False
    (pretrained,) = drain(LayersRequest("efficientnet_lite0"))
    assert {layer.trained for layer in pretrained.layers} == {None}
    assert not pretrained.has_pretrained


def test_a_snapshot_answers_as_its_epoch_did(both: RunFolder) -> None:
    items = [item for item in both.split() if item.subset == "valid"]
    rows = {row.epoch: row for row in both.history()}

    def accuracy(epoch: int | None) -> float:
        found = opened(both, epoch)
        inputs = torch.cat([found.input_of(item.path)[1] for item in items])
        with torch.inference_mode():
            picked = found.model(inputs).argmax(1)
        return float(np.mean([found.classes[at] == item.label for at, item in zip(picked, items, strict=True)]))

    near = 1.01 / len(items)  # a picture between two classes may fall to the other one
    result = both.info().result
    assert accuracy(None) == pytest.approx(result["accuracy"], abs=near)
    assert accuracy(result["best_epoch"]) == accuracy(None)
    for epoch in both.snapshot_epochs():
        assert accuracy(epoch) == pytest.approx(rows[epoch].accuracy, abs=near), epoch


def test_a_snapshot_is_within_rounding_of_the_weights(both: RunFolder) -> None:
    average = load_file(both.last / "extra.safetensors")  # what the last epoch was measured with
    state = opened(both, 8).model.state_dict()
    for name, value in state.items():
        assert torch.allclose(value.float(), average[name].float(), rtol=_HALF, atol=3e-8), name
    assert torch.equal(state["head.linear.weight"], average["head.linear.weight"])


def test_networks_of_two_epochs_do_not_share_weights(both: RunFolder) -> None:
    last, best, first = opened(both, 8), opened(both, None), opened(both, 0)
    assert last.key != first.key
    assert not torch.equal(
        last.model.state_dict()["trunk.conv_head.weight"], first.model.state_dict()["trunk.conv_head.weight"]
    )
    weight = best.model.state_dict()["trunk.conv_head.weight"]
    assert torch.equal(weight, load_file(both.best)["trunk.conv_head.weight"])
    assert opened(both, None) is best
    assert opened(both, both.info().result["best_epoch"]) is best


# -- what is not there ----------------------------------------------------------------


def test_an_older_run_has_no_epochs_but_can_be_compared(copied: RunFolder, drain: Drain) -> None:
    shutil.rmtree(copied.epochs)
    (listed,) = drain(LayersRequest(str(copied.path)))
    assert listed.epochs == ()
    assert listed.has_pretrained
    other = 7 if listed.best_epoch != 7 else 8
    with pytest.raises(InputError, match=rf"not kept the weights of epoch {other}.* Kept are: none"):
        opened(copied, other)
    assert opened(copied, listed.best_epoch) is opened(copied, None)


def change_info(run: RunFolder, **request: Any) -> None:
    raw = json.loads(run.info_file.read_text())
    raw["request"] |= request
    run.write_info(raw)


def test_nothing_is_downloaded_to_compare_with(
    copied: RunFolder, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(weights, "_download", refuse)
    monkeypatch.setattr(weights, "present", lambda _: None)
    (listed,) = drain(LayersRequest(str(copied.path)))
    assert (listed.has_pretrained, listed.epochs) == (False, ())
    assert listed.best_epoch
    is_trained = {layer.name: layer.trained for layer in listed.layers}
    assert is_trained["conv_stem"] is None
    assert is_trained["head.linear"] is True
    (kernels,) = drain(KernelsRequest(str(copied.path), "conv_stem"))
    assert kernels.changes.size == 0
    with pytest.raises(InputError, match="not kept"):
        opened(copied, 0)


def test_a_weight_file_of_the_users_is_compared_with_while_it_is_the_same(
    copied: RunFolder, drain: Drain, tmp_path: Path, sample_spec: DataSpec
) -> None:
    change_info(copied, weights=str(tmp_path / "gone.pth"))
    assert not drain(LayersRequest(str(copied.path)))[0].has_pretrained
    network.forget()
    (tmp_path / "gone.pth").write_bytes(b"no weights")
    assert not drain(LayersRequest(str(copied.path)))[0].has_pretrained
    network.forget()
    other = load_file(copied.best)
    file = tmp_path / "other.safetensors"
    save_file({n.removeprefix("trunk."): v for n, v in other.items() if n.startswith("trunk.")}, file)
    change_info(copied, weights=str(file))  # fits, but is not what the run began with
    assert not drain(LayersRequest(str(copied.path)))[0].has_pretrained


def test_a_damaged_epoch_is_a_sentence(copied: RunFolder) -> None:
    file = copied.snapshot(7)
    with snapshots.safe_open(file, "pt") as whole:
        about = whole.metadata()
    save_file({"head.linear.weight": torch.zeros(2, 2)}, file, about)
    with pytest.raises(InputError, match="epoch 7 are damaged"):
        opened(copied, 7)


def test_while_it_is_trained_the_best_so_far_is_looked_at(copied: RunFolder) -> None:
    raw = json.loads(copied.info_file.read_text())
    before = raw["result"]["best_epoch"]
    copied.write_info(raw | {"result": None, "status": "running"})
    assert network.best_epoch(copied) == before
