"""The search for what excites each channel, held against looking at every picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from deskclassify.core import cache
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.layer_events import Searched
from deskclassify.core.layer_requests import SearchRequest
from deskclassify.core.paths import cache_dir
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import images
from deskclassify.ml.capture import capture
from deskclassify.ml.inspection import excitation, network
from deskclassify.ml.inspection.excitation import MOST, Ranking, Watch, kept_file, recall
from deskclassify.ml.inspection.network import Opened, open_network


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Networks and searches of other tests are not known."""
    network.forget()
    folder = cache_dir() / "excitations"
    if folder.is_dir():
        cache.clear_folder(folder)
    yield
    network.forget()


@pytest.fixture
def files(trained: Path) -> tuple[str, ...]:
    return tuple(item.path for item in RunFolder(trained).split())[::3]


def opened_run(trained: Path) -> Opened:
    (opened,) = open_network(str(trained), None, lambda: False)
    assert isinstance(opened, Opened)
    return opened


def test_finds_what_looking_at_every_picture_finds(trained: Path, files: tuple[str, ...], drain: Any) -> None:
    events = drain(SearchRequest(str(trained), files))
    assert events[-1] == Searched(str(trained), len(files), 0, events[-1].seconds, False)
    opened = opened_run(trained)
    found = recall(kept_file(opened, files), opened.layers)
    assert found is not None
    names = ["conv_stem", "blocks.2.0.bn3", "blocks.5.1.conv_dw", "global_pool", "head.linear"]
    paths = {name: opened.find(name)[1] for name in names}
    highest: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for file in files:
        with capture(opened.model, list(paths.values())) as outputs:
            opened.model(opened.input_of(file)[1])
        for name in names:
            highest[name].append(
                outputs[paths[name]][0].flatten(1).amax(1).numpy()
                if outputs[paths[name]].ndim == 4
                else outputs[paths[name]][0].numpy()
            )
    for name in names:
        all_values = np.stack(highest[name])
        for channel in range(0, all_values.shape[1], max(1, all_values.shape[1] // 8)):
            chosen = found.pictures(opened.layers, name, channel)
            values = all_values[:, channel]
            best = np.sort(values)[::-1][:MOST]
            # Other sums in another order: what all but ties may be swapped.
            np.testing.assert_allclose(values[chosen], best, rtol=1e-3, atol=1e-3, err_msg=f"{name} {channel}")
            assert len(set(chosen)) == MOST


def test_behind_a_cut_the_order_is_that_before_it(trained: Path, files: tuple[str, ...]) -> None:
    """On many pictures a ReLU6 gives its most, 6: what lies before it still tells them apart."""
    opened = opened_run(trained)
    watch = Watch(opened)
    pixels = np.stack([opened.input_of(file)[0] for file in files[:3]])
    rows = watch(pixels)
    assert rows.shape == (3, sum(layer.shape[0] for layer in opened.layers))
    assert rows.dtype == np.float32
    begin = 0
    for layer in opened.layers:
        if layer.name == "blocks.0.0.bn1":
            break
        begin += layer.shape[0]
    ours = rows[:, begin : begin + 32]
    _, path, module = opened.find("blocks.0.0.bn1")
    with capture(opened.model, [path]) as outputs:
        for at in range(3):
            opened.model(opened.input_of(files[at])[1])
            np.testing.assert_allclose(
                np.clip(ours[at], 0, 6), outputs[path][0].amax((1, 2)).numpy(), rtol=1e-3, atol=1e-3
            )
    assert ours.max() > 6
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in opened.model.modules())
    assert module.act.inplace  # the case that is hard


def test_second_time_opens_no_picture(
    trained: Path, files: tuple[str, ...], drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain(SearchRequest(str(trained), files))
    monkeypatch.setattr(images, "read", None)
    (again,) = drain(SearchRequest(str(trained), files))
    assert again.cached and again.images == len(files)
    network.forget()  # as when the program is started again
    assert drain(SearchRequest(str(trained), files))[-1].cached


def test_another_picture_or_damage_is_searched_anew(
    trained: Path, files: tuple[str, ...], drain: Any, tmp_path: Path
) -> None:
    own = []
    for number, file in enumerate(files[:4]):
        own.append(str(tmp_path / f"{number}.jpg"))
        Path(own[-1]).write_bytes(Path(file).read_bytes())
    request = SearchRequest(str(trained), tuple(own))
    assert not drain(request)[-1].cached
    os.utime(own[2], ns=(1, 1))
    assert not drain(request)[-1].cached
    (one, other) = (cache_dir() / "excitations").iterdir()
    for damage in (b"", b"nonsense", one.read_bytes()[:-100]):
        for file in (one, other):
            file.write_bytes(damage)
        assert not drain(request)[-1].cached
        assert drain(request)[-1].cached


def test_unreadable_pictures_are_passed_over_and_counted(
    trained: Path, files: tuple[str, ...], drain: Any, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    mixed = (str(broken), *files[:3], str(tmp_path / "gone.png"), *files[3:6])
    last = drain(SearchRequest(str(trained), mixed))[-1]
    assert (last.images, last.skipped_images) == (6, 2)
    opened = opened_run(trained)
    found = recall(kept_file(opened, mixed), opened.layers)
    assert found is not None and found.skipped == 2
    assert set(found.pictures(opened.layers, "conv_stem", 3)) == {1, 2, 3, 5, 6, 7}
    with pytest.raises(InputError, match="None of the pictures can be read"):
        drain(SearchRequest(str(trained), (str(broken),)))
    assert drain(SearchRequest(str(trained), mixed))[-1].skipped_images == 2


def test_stopped_keeps_nothing(trained: Path, files: tuple[str, ...], drain: Any) -> None:
    asked = iter([False, False, False])
    events = list(excitation.search(SearchRequest(str(trained), files), lambda: next(asked, True)))
    assert all(isinstance(event, Progress) and event.stage == "search" for event in events)
    assert events[-1].done < len(files)
    assert not list(cache_dir().glob("excitations/*"))
    threads = torch.get_num_threads()
    events = drain(SearchRequest(str(trained), files))
    assert torch.get_num_threads() == threads
    assert not events[-1].cached
    told = [event for event in events if isinstance(event, Progress)]
    assert (told[0].done, told[-1].done, told[-1].total) == (0, len(files), len(files))
    assert told[-1].images_per_second and told[-1].seconds_left == 0


def test_a_full_disk_is_a_sentence(
    trained: Path, files: tuple[str, ...], drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(excitation.atomic, "write_bytes", full)
    with pytest.raises(InputError, match="the disk is full"):
        drain(SearchRequest(str(trained), files[:2]))


def test_a_ranking_keeps_the_highest_of_each_channel() -> None:
    generator = np.random.default_rng(5)
    rows = generator.integers(0, 12, (70, 40)).astype(np.float32)  # many are equal
    ranking = Ranking(40)
    gone = {3, 33}
    for begin in range(0, 70, 7):
        ranking.add([None if at in gone else rows[at] for at in range(begin, begin + 7)])
    found = ranking.result()
    kept = np.array([at for at in range(70) if at not in gone])
    order = kept[np.argsort(-rows[kept], axis=0, kind="stable")[:MOST]]
    np.testing.assert_array_equal(found.numbers, order)
    np.testing.assert_array_equal(found.values, np.take_along_axis(rows, order, axis=0))
    assert (ranking.seen, found.skipped) == (70, 2)


def test_a_ranking_of_few_pictures_has_free_places_behind_them() -> None:
    ranking = Ranking(2)
    ranking.add([np.array([-np.inf, 1], dtype=np.float32), None])
    ranking.add([np.array([-5, 2], dtype=np.float32)])
    np.testing.assert_array_equal(ranking.result().numbers[:3], [[2, 2], [0, 0], [-1, -1]])
