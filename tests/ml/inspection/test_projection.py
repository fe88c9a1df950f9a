"""The map of the pictures: what lies near what, on real runs and on features made by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskclassify.core.control import Control
from deskclassify.core.errors import InputError
from deskclassify.core.events import Message, Progress
from deskclassify.core.layer_events import Mapped
from deskclassify.core.layer_requests import MapRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Item
from deskclassify.core.wire import decode_event, encode
from deskclassify.ml import features, run_features
from deskclassify.ml.images import look_at
from deskclassify.ml.inspection import projection
from deskclassify.ml.inspection.projection import lay_out, pca, sample, scaled, tsne


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    run_features.forget()
    yield
    run_features.forget()


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> RunFolder:
    """A copy that a test may change: its own pictures, its own split."""
    copy = RunFolder(tmp_path / "run")
    copy.path.mkdir()
    for name in ("run.json", "best.safetensors", "predictions.csv"):
        shutil.copy(trained / name, copy.path / name)
    items = []
    for at, item in enumerate(RunFolder(trained).split()):
        path = tmp_path / f"{at:03d}{Path(item.path).suffix}"
        shutil.copy(item.path, path)
        items.append(Item(str(path), str(path), item.label, item.subset))
    copy.write_split(items)
    return copy


def blobs(per_group: int = 30, length: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Three groups of points, far from each other beside their own size."""
    made = np.random.default_rng(1)
    group = np.repeat(np.arange(3), per_group)
    centres = np.eye(length)[:3] * 12
    return (centres[group] + made.normal(size=(len(group), length)) * 0.5).astype(np.float32), group


def is_apart(points: np.ndarray, group: np.ndarray) -> bool:
    """Whether each point is nearer to the middle of its own group than to any other."""
    middles = np.stack([points[group == at].mean(axis=0) for at in range(3)])
    distances = np.linalg.norm(points[:, None] - middles[None], axis=2)
    return bool((distances.argmin(axis=1) == group).all())


def map_of(events: list[Any]) -> Mapped:
    (mapped,) = [event for event in events if isinstance(event, Mapped)]
    return mapped


def until_first(request: MapRequest) -> list[Any]:
    """The events of a job that is told to stop as soon as the first of them comes."""
    control, events = Control(), []
    for event in lay_out(request, control):
        events.append(event)
        control.stop()
    return events


def test_three_groups_stay_apart() -> None:
    features, group = blobs()
    points, explained = pca(features)
    assert points.shape == (90, 2) and points.dtype == np.float32
    assert is_apart(points, group)
    assert 0.85 < explained < 1
    steps = list(tsne(features))
    assert len(steps) == projection.STEPS and all(step.shape == (90, 2) for step in steps)
    assert is_apart(steps[-1], group)


def test_the_share_explained_is_that_of_the_variance() -> None:
    features, _ = blobs()
    points, explained = pca(features)
    assert explained == pytest.approx(points.var(axis=0).sum() / features.var(axis=0).sum(), rel=1e-4)
    flat = np.zeros((8, 3), np.float32)
    flat[:, 1] = np.arange(8)
    on_a_line, all_of_it = pca(flat)
    assert all_of_it == pytest.approx(1) and np.ptp(on_a_line[:, 0]) == pytest.approx(7)
    assert np.ptp(on_a_line[:, 1]) < 1e-5


def test_the_same_features_give_the_same_map() -> None:
    features, _ = blobs()
    assert np.array_equal(pca(features)[0], pca(features.copy())[0])
    assert np.array_equal(list(tsne(features))[-1], list(tsne(features.copy()))[-1])


def test_features_that_are_all_alike_lie_in_the_middle() -> None:
    features = np.full((7, 9), 3.5, np.float32)
    points, explained = pca(features)
    assert not points.any() and explained == 1
    assert not list(tsne(features))[-1].any()
    assert not scaled(points).any()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_pictures_have_a_map_by_pca_but_not_by_tsne(count: int) -> None:
    features = blobs()[0][:count]
    points, _ = pca(features)
    assert points.shape == (count, 2) and np.isfinite(points).all()
    with pytest.raises(InputError, match=rf"at least 5 validation pictures .* there (is|are) {count}\."):
        next(tsne(features))


def test_five_pictures_are_enough_for_tsne() -> None:
    assert np.isfinite(list(tsne(blobs()[0][::20]))[-1]).all()
    assert len(blobs()[0][::20]) == projection.FEWEST


def test_scaled_keeps_the_proportions() -> None:
    points = np.array([[10, 0], [30, 0], [20, 5]], np.float32)
    assert scaled(points).tolist() == [[-1, -0.25], [1, -0.25], [0, 0.25]]


def test_a_sample_is_the_same_each_time_and_in_order() -> None:
    items = [Item(f"{at}", f"{at}", "a", "valid") for at in range(50)]
    some = sample(items, 20)
    assert len(set(some)) == 20 and some == sample(items, 20)
    assert sorted(some, key=lambda item: int(item.key)) == some != items[:20]
    assert sample(items, 50) is items


def test_a_run_gives_a_point_for_each_validation_picture(trained: Path, drain: Any) -> None:
    mapped = map_of(drain(MapRequest(str(trained))))
    items = [item for item in RunFolder(trained).split() if item.subset == "valid"]
    assert mapped.paths == tuple(item.path for item in items)
    assert mapped.labels == tuple(item.label for item in items)
    assert mapped.classes == RunFolder(trained).info().classes
    assert mapped.points.shape == (len(items), 2) and mapped.points.dtype == np.float32
    assert np.abs(mapped.points).max() == pytest.approx(1)
    assert mapped.explained is not None and 0 < mapped.explained <= 1
    said = {one.path: one for one in RunFolder(trained).predictions()}
    for path, predicted, probability in zip(mapped.paths, mapped.predicted, mapped.probability, strict=True):
        assert probability == pytest.approx(said[path].probability, abs=1e-4)
        assert predicted == said[path].predicted
    again = decode_event(encode(mapped))
    assert isinstance(again, Mapped) and np.array_equal(again.points, mapped.points)


def test_classes_that_the_network_tells_apart_lie_apart(run: RunFolder, drain: Any) -> None:
    run.write_split([Item(item.key, item.path, item.label, "valid") for item in run.split()])  # more of them
    mapped = map_of(drain(MapRequest(str(run.path), "tsne")))
    assert mapped.method == "tsne" and mapped.explained is None
    distances = np.linalg.norm(mapped.points[:, None] - mapped.points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    labels = np.array(mapped.labels)
    assert (labels[distances.argmin(axis=1)] == labels).mean() > 0.45  # by chance: 0.19


def test_the_second_map_looks_at_no_picture_again(trained: Path, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    events = drain(MapRequest(str(trained)))
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1].stage == "features" and progress[-1].done == progress[-1].total

    monkeypatch.setattr(features, "look_at", None)
    again = drain(MapRequest(str(trained), "tsne"))
    steps = [event.done for event in again if isinstance(event, Progress) and event.stage == "tsne"]
    assert steps == list(range(1, projection.STEPS + 1))
    assert map_of(again).paths == map_of(events).paths


def test_a_run_that_was_trained_on_is_looked_at_anew(run: RunFolder, drain: Any) -> None:
    drain(MapRequest(str(run.path)))
    first = run_features._last[0]
    run.best.touch()
    drain(MapRequest(str(run.path)))
    assert run_features._last[0] is not first and len(run_features._last) == 1


def test_a_stopped_job_ends_at_once_and_goes_on_later(
    run: RunFolder, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "look_at", lambda files, how, exact, chunk, look: look_at(files, how, exact, 1, look))
    events = until_first(MapRequest(str(run.path)))
    assert {type(event) for event in events} == {Progress} and [event.done for event in events] == [0, 1]
    rest = drain(MapRequest(str(run.path)))
    assert next(event for event in rest if isinstance(event, Progress)).done == 1
    assert len(map_of(rest).paths) == len(run.predictions())


def test_pictures_that_are_put_back_are_looked_at(run: RunFolder, drain: Any) -> None:
    valid = [item.path for item in run.split() if item.subset == "valid"]
    Path(valid[0]).rename(f"{valid[0]}.away")
    assert valid[0] not in map_of(drain(MapRequest(str(run.path)))).paths
    Path(f"{valid[0]}.away").rename(valid[0])
    assert valid[0] in map_of(drain(MapRequest(str(run.path)))).paths


def test_tsne_stops_between_its_steps(trained: Path, drain: Any) -> None:
    drain(MapRequest(str(trained)))
    events = until_first(MapRequest(str(trained), "tsne"))
    assert [(event.stage, event.done) for event in events] == [("tsne", 1)]


def test_pictures_that_are_gone_or_broken_are_passed_over(run: RunFolder, drain: Any) -> None:
    valid = [item.path for item in run.split() if item.subset == "valid"]
    Path(valid[0]).unlink()
    Path(valid[3]).write_bytes(b"no picture")
    events = drain(MapRequest(str(run.path)))
    assert map_of(events).paths == tuple(path for at, path in enumerate(valid) if at not in (0, 3))
    assert [event.text for event in events if isinstance(event, Message)] == [
        "2 pictures could not be read and are left out."
    ]


def test_more_pictures_than_tsne_can_do_are_a_sample(
    trained: Path, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "sample", lambda items: sample(items, 6))
    events = drain(MapRequest(str(trained), "tsne"))
    assert len(map_of(events).paths) == 6
    (message,) = [event for event in events if isinstance(event, Message)]
    assert message.text.startswith("A random 6 of the 10 pictures")
    assert len(map_of(drain(MapRequest(str(trained)))).paths) == 10


def test_what_has_no_map_says_why(run: RunFolder, tmp_path: Path, drain: Any) -> None:
    with pytest.raises(InputError, match="no run folder"):
        drain(MapRequest("efficientnet_lite0"))
    items = run.split()
    run.write_split([Item(item.key, str(tmp_path / "gone" / item.key), item.label, item.subset) for item in items])
    for item in items:
        Path(item.path).unlink()
    with pytest.raises(InputError, match="None of the validation pictures"):
        drain(MapRequest(str(run.path)))
    run.write_split([Item(item.key, item.path, item.label, "train") for item in items])
    with pytest.raises(InputError, match="has no validation pictures"):
        drain(MapRequest(str(run.path)))
    run.best.unlink()
    with pytest.raises(InputError, match="no trained weights"):
        drain(MapRequest(str(run.path)))
