"""Learning the last layer anew from labels that have changed, on the small trained run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deskclassify.core.control import Control, never
from deskclassify.core.data_events import Relearned
from deskclassify.core.data_requests import RelearnRequest
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Progress, Scored
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml import head_learning, neighbours, relearning, run_features
from deskclassify.ml.head_learning import Course, learn
from deskclassify.ml.loop import Best, Loop, Place
from deskclassify.ml.phases import FrozenPhase
from deskclassify.ml.relearning import sides
from deskclassify.ml.targets import Targets
from deskclassify.ml.zoo import Head


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    yield
    for module in (run_features, relearning, neighbours, head_learning):
        module.forget()


def answer(events: list[Any]) -> tuple[Scored, Relearned]:
    scored, relearned = events[-2:]
    assert isinstance(scored, Scored) and isinstance(relearned, Relearned)
    return scored, relearned


@pytest.fixture
def relearn(trained: Path, sample_spec: DataSpec, drain: Any) -> Any:
    """Asks with changes of the run's own data."""

    def ask(data: DataSpec | None = None, **changes: Any) -> tuple[Scored, Relearned]:
        return answer(drain(RelearnRequest(str(trained), replace(data or sample_spec, **changes))))

    return ask


def keys(spec: DataSpec, label: str, subset: str) -> list[str]:
    return [item.key for item in list_data(spec).items if (item.label, item.subset) == (label, subset)]


def test_unchanged_labels_give_the_run_itself(trained: Path, relearn: Any) -> None:
    scored, relearned = relearn()
    run = RunFolder(trained)
    before = run.scored()
    assert before is not None and scored.classes == before.classes
    assert [one.path for one in scored.verdicts] == [one.path for one in before.verdicts]
    assert np.abs(scored.probabilities - before.probabilities).max() < 1e-3
    assert relearned.accuracy == run.info().result["accuracy"]
    assert relearned.train_images == run.info().result["train_images"]


def test_the_run_is_left_as_it_was(trained: Path, relearn: Any, sample_spec: DataSpec) -> None:
    def contents() -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in sorted(trained.rglob("*")) if file.is_file()}

    before = contents()
    relearn(renamed={"fish": "shark"})
    assert contents() == before


def test_the_same_labels_give_the_same_whatever_was_asked_before(relearn: Any, sample_spec: DataSpec) -> None:
    first = relearn()[0].probabilities
    moved = keys(sample_spec, "fish", "train")[:4]
    changed = relearn(relabelled=dict.fromkeys(moved, "mushroom"))[0].probabilities
    assert not np.array_equal(first, changed)
    assert np.array_equal(relearn()[0].probabilities, first)


def test_a_relabelled_picture_counts_at_once(relearn: Any, sample_spec: DataSpec) -> None:
    listing = list_data(sample_spec)
    (key,) = keys(sample_spec, "fish", "valid")[:1]
    path = next(item.path for item in listing.items if item.key == key)
    before, _ = relearn()
    after, _ = relearn(relabelled={key: "mushroom"})
    label = {one.path: one.label for one in after.verdicts}
    assert label[path] == "mushroom"
    assert [one.path for one in after.verdicts] == [one.path for one in before.verdicts], "of the same pictures"


def test_all_pictures_of_a_class_given_another_leave_it_out(relearn: Any, sample_spec: DataSpec) -> None:
    moved = [item.key for item in list_data(sample_spec).items if item.label == "fish"]
    scored, _ = relearn(relabelled=dict.fromkeys(moved, "whale"))
    assert "fish" not in scored.classes and "whale" in scored.classes
    before, _ = relearn()
    assert scored.probabilities.shape == before.probabilities.shape
    column, was = scored.classes.index("whale"), before.classes.index("fish")
    assert np.abs(scored.probabilities[:, column] - before.probabilities[:, was]).max() < 0.2, "the same pictures"


def test_merged_classes_have_one_column(relearn: Any) -> None:
    scored, _ = relearn(renamed={"fish": "thing", "mushroom": "thing"})
    assert "thing" in scored.classes and len(scored.classes) == 4
    assert scored.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_excluded_picture_is_neither_learned_from_nor_measured(relearn: Any, sample_spec: DataSpec) -> None:
    gone = keys(sample_spec, "fish", "valid")[:1] + keys(sample_spec, "fish", "train")[:2]
    before, told = relearn()
    after, less = relearn(excluded=tuple(gone))
    assert len(after.verdicts) == len(before.verdicts) - 1
    assert less.train_images == told.train_images - 2


def test_a_picture_that_is_new_takes_part(relearn: Any, sample: Path, sample_spec: DataSpec, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    for at, file in enumerate(sorted((sample / "fish").iterdir())[:5]):
        shutil.copy(file, folder / f"new{at}.png")
    data = replace(sample_spec, sources=(*sample_spec.sources, Source(str(folder), "fish")))
    before, told = relearn()
    after, more = relearn(data)
    assert more.train_images + len(after.verdicts) == told.train_images + len(before.verdicts) + 5


def test_a_folder_that_changes_is_walked_again(
    relearn: Any, sample: Path, sample_spec: DataSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    file = sorted((sample / "fish").iterdir())[0]
    shutil.copy(file, folder / "one.png")
    data = replace(sample_spec, sources=(*sample_spec.sources, Source(str(folder), "fish")))
    first = relearn(data)[1].train_images
    walks = []
    find = relearning.find
    monkeypatch.setattr(relearning, "find", lambda *given: walks.append(given) or find(*given))
    assert relearn(data, excluded=("nothing",))[1].train_images == first and not walks
    for at in range(3):
        shutil.copy(file, folder / f"two{at}.png")
    assert relearn(data)[1].train_images > first and len(walks) == 1


def test_unreadable_pictures_are_passed_over(relearn: Any, sample_spec: DataSpec, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "broken.png").write_bytes(b"no picture")
    data = replace(sample_spec, sources=(*sample_spec.sources, Source(str(folder), "fish")))
    assert relearn(data)[1].train_images == relearn()[1].train_images


def test_one_class_is_a_sentence(relearn: Any, sample_spec: DataSpec) -> None:
    with pytest.raises(InputError, match="Fewer than two classes"):
        relearn(renamed=dict.fromkeys(list_data(sample_spec).classes(), "thing"))


def test_what_is_no_run_is_a_sentence(tmp_path: Path, trained: Path, sample_spec: DataSpec, drain: Any) -> None:
    with pytest.raises(InputError, match="no run folder"):
        drain(RelearnRequest(str(tmp_path), sample_spec))
    shutil.copy(trained / "run.json", tmp_path / "run.json")
    with pytest.raises(InputError, match="no trained weights"):
        drain(RelearnRequest(str(tmp_path), sample_spec))


def test_a_stop_is_obeyed_and_nothing_is_told(trained: Path, sample_spec: DataSpec, drain: Any) -> None:
    control = Control()
    control.stop()
    events = drain(RelearnRequest(str(trained), sample_spec), control)
    assert not [event for event in events if not isinstance(event, Progress)]


# -- a trunk that has learned ---------------------------------------------------------


def test_a_walk_that_was_stopped_is_not_taken_for_the_data(trained: Path, sample_spec: DataSpec, relearn: Any) -> None:
    request = RelearnRequest(str(trained), sample_spec)
    assert not any(isinstance(event, Scored) for event in relearning.relearn(request, lambda: True))
    _, relearned = relearn()
    assert relearned.train_images == RunFolder(trained).info().result["train_images"]


@pytest.fixture
def changed(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run whose trunk is another one than the pretrained."""
    from safetensors.torch import load_file, save_file

    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    tensors = load_file(copy / "best.safetensors")
    name = next(name for name in tensors if name.startswith("trunk.") and name.endswith("weight"))
    tensors[name] = tensors[name] * 1.02
    save_file(tensors, copy / "best.safetensors")
    return copy


def test_a_changed_trunk_looks_at_the_pictures_itself_and_only_once(
    changed: Path, trained: Path, sample_spec: DataSpec, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain(RelearnRequest(str(trained), sample_spec))
    assert run_features._last[0].pretrained
    pretrained = dict(run_features._last[0].exact.rows)
    events = drain(RelearnRequest(str(changed), sample_spec))
    assert not run_features._last[0].pretrained
    looked = [event for event in events if isinstance(event, Progress) and event.stage == relearning.LOOKING]
    assert looked[-1].done == looked[-1].total
    own = run_features._last[0].exact.rows
    assert own.keys() == pretrained.keys() and not all(np.array_equal(own[path], pretrained[path]) for path in own)
    run_features.forget()
    monkeypatch.setattr("deskclassify.ml.features.look_at", None)  # a look at any picture would fail
    again = drain(RelearnRequest(str(changed), sample_spec))
    assert np.array_equal(answer(again)[0].probabilities, answer(events)[0].probabilities)


def test_what_a_trunk_has_learned_from_is_never_measured_on(
    changed: Path, trained: Path, sample_spec: DataSpec
) -> None:
    other = replace(sample_spec, seed=7)
    items = list_data(other).items
    before = {item.path: item.subset for item in RunFolder(trained).split()}
    moved = [item.path for item in items if item.subset == "valid" and before[item.path] == "train"]
    assert moved
    side = {item.path: item.subset for item in sides(run_features.open_run(RunFolder(changed), "cpu"), other, items)}
    assert side == before
    side = {item.path: item.subset for item in sides(run_features.open_run(RunFolder(trained), "cpu"), other, items)}
    assert all(side[path] == "valid" for path in moved), "a pretrained trunk knows none of them"


def test_a_label_that_changes_moves_no_picture_to_the_other_side(trained: Path, sample_spec: DataSpec) -> None:
    data = replace(sample_spec, relabelled=dict.fromkeys(keys(sample_spec, "fish", "train")[:6], "mushroom"))
    items = list_data(data).items
    before = {item.path: item.subset for item in RunFolder(trained).split()}
    assert any(item.subset != before[item.path] for item in items), "the split itself would move some"
    known = run_features.open_run(RunFolder(trained), "cpu")
    assert all(item.subset == before[item.path] for item in sides(known, data, items))


# -- the head -------------------------------------------------------------------------


def made(count: int = 150, classes: int = 4, length: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(3)
    labels = torch.randint(0, classes, (count,), generator=random)
    return torch.randn(count, length, generator=random) + 2 * torch.nn.functional.one_hot(labels, length), labels


def scores_of(features: torch.Tensor, labels: torch.Tensor, course: Course, targets: Targets) -> np.ndarray:
    *epochs, scores = learn(features.numpy(), targets, features[:50].numpy(), labels[:50].numpy(), course, never)
    assert epochs == list(range(1, len(epochs) + 1)) and isinstance(scores, np.ndarray)
    return scores


@pytest.mark.parametrize("patience", [None, 2])
def test_the_head_is_that_of_the_frozen_phase(patience: int | None) -> None:
    features, labels = made()
    targets = Targets(labels, 4, smoothing=0.1)
    phase = FrozenPhase(Head(40, 4), features, targets, features[:50], 8, 16, 0.02)
    best = Best()
    loop = Loop(phase, labels[:50].numpy(), 5, best, _nothing, _nothing, Place(), patience)
    for _ in loop.run(never):
        pass
    assert best.logits is not None
    found = scores_of(features, labels, Course(8, 16, 0.02, 5, patience), targets)
    assert np.abs(found - best.logits).max() < 1e-3 * np.abs(best.logits).max()


def _nothing(*_: object) -> Iterator[Any]:
    return iter(())


def test_the_head_takes_few_pictures_and_none_to_measure_on() -> None:
    features, _ = made(2, 2)
    targets = Targets(torch.tensor([0, 1]), 2)
    none = np.empty((0, 40), np.float32)
    *_, scores = learn(features.numpy(), targets, none, np.empty(0, np.int64), Course(3, 4, 0.01, 1), never)
    assert isinstance(scores, np.ndarray) and scores.shape == (0, 2)


def test_a_rate_that_is_too_high_is_a_sentence() -> None:
    features, labels = made()
    with pytest.raises(UserError, match="learning rate"):
        scores_of(features * 1e30, labels, Course(3, 16, 1e38, 1), Targets(labels, 4))


def test_threads_are_as_before() -> None:
    features, labels = made()
    before = torch.get_num_threads()
    steps = learn(features.numpy(), Targets(labels, 4), features.numpy(), labels.numpy(), Course(9, 16, 0.01, 1), never)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == before and torch.is_grad_enabled()
    assert Head(2, 2).dropout.p == head_learning.HEAD_DROPOUT
