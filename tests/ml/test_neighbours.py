"""The nearest pictures by a run's features."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskclassify.core.control import Control
from deskclassify.core.data_events import NeighboursFound
from deskclassify.core.data_requests import NeighboursRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Progress
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.wire import decode_event, encode
from deskclassify.ml import neighbours, run_features


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    yield
    neighbours.forget()
    run_features.forget()


@pytest.fixture
def near(trained: Path, drain: Any) -> Any:
    def ask(path: str, count: int = 12) -> NeighboursFound:
        found = drain(NeighboursRequest(str(trained), path, count))[-1]
        assert isinstance(found, NeighboursFound)
        return found

    return ask


def test_the_nearest_are_mostly_of_the_same_class(trained: Path, near: Any) -> None:
    items = RunFolder(trained).split()
    own = [near(item.path, 3).labels.count(item.label) for item in items[::4]]
    assert np.mean(own) / 3 > 0.4  # by chance: 0.19


def test_they_come_in_order_and_the_picture_itself_is_not_among_them(trained: Path, near: Any) -> None:
    items = {item.path: item for item in RunFolder(trained).split()}
    path = next(iter(items))
    found = near(path)
    assert found.path == path and path not in found.paths and len(found.paths) == len(set(found.paths)) == 12
    assert list(found.similarities) == sorted(found.similarities, reverse=True)
    assert all(-1 <= value <= 1 for value in found.similarities)
    assert found.labels == tuple(items[one].label for one in found.paths)
    assert found.subsets == tuple(items[one].subset for one in found.paths)
    assert decode_event(encode(found)) == found
    assert len(near(path, 1000).paths) == len(items) - 1, "no more than there are"


def test_similarity_is_the_cosine_of_the_features(trained: Path, near: Any) -> None:
    items = RunFolder(trained).split()
    valid = [item.path for item in items if item.subset == "valid"]
    found = near(valid[0], 1000)
    one, other = run_features._last[0].rows(valid[:2], exact=True)
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert found.similarities[found.paths.index(valid[1])] == pytest.approx(float(cosine), abs=1e-5)


def test_a_copy_of_a_picture_is_its_nearest(trained: Path, near: Any, tmp_path: Path) -> None:
    original = RunFolder(trained).split()[7].path
    copy = tmp_path / "copy.png"
    shutil.copy(original, copy)
    found = near(str(copy), 2)
    assert found.paths[0] == original and found.similarities[0] == pytest.approx(1, abs=1e-4)


def test_a_picture_that_cannot_be_read_is_a_sentence(near: Any, tmp_path: Path) -> None:
    file = tmp_path / "broken.png"
    file.write_bytes(b"no picture")
    with pytest.raises(InputError, match="no neighbours to be found: "):
        near(str(file))
    with pytest.raises(InputError, match="no neighbours to be found: "):
        near(str(tmp_path / "gone.png"))


def test_a_stop_is_obeyed(trained: Path, drain: Any) -> None:
    control = Control()
    control.stop()
    events = drain(NeighboursRequest(str(trained), RunFolder(trained).split()[0].path), control)
    assert all(isinstance(event, Progress) for event in events)
