"""Guesses for pictures without a class, and their order."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskclassify.core.control import never
from deskclassify.core.data_events import Suggested
from deskclassify.core.data_requests import SuggestRequest
from deskclassify.core.sample import make_sample
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml.suggesting import most_helpful, suggest

NOTHING = np.empty((0, 4), np.float32)


def test_the_unsure_come_first_and_copies_of_them_last() -> None:
    chances = np.array([[0.99, 0.01], [0.5, 0.5], [0.51, 0.49], [0.7, 0.3]])
    features = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], np.float32)
    order, gains = most_helpful(chances, features, NOTHING, never)
    assert list(order) == [1, 3, 0, 2]  # the third is the second once more
    assert list(gains[order]) == sorted(gains, reverse=True)
    assert gains[1] == 1 and gains[2] == pytest.approx(0, abs=1e-6)


def test_what_is_like_a_labelled_picture_helps_less() -> None:
    chances = np.array([[0.5, 0.5], [0.6, 0.4]])
    features = np.array([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32)
    order, _ = most_helpful(chances, features, np.array([[2, 0.1, 0, 0]], np.float32), never)
    assert list(order) == [1, 0]


def test_the_order_holds_all_of_many_and_falls() -> None:
    dice = np.random.default_rng(0)
    chances = dice.dirichlet((1, 1, 1), 700)
    order, gains = most_helpful(chances, dice.normal(size=(700, 4)).astype(np.float32), NOTHING, never)
    assert sorted(order) == list(range(700))
    assert (np.diff(gains[order]) <= 1e-9).all() and gains.min() >= 0 and gains.max() <= 1
    assert len(most_helpful(chances[:0], NOTHING, NOTHING, never)[0]) == 0


def test_a_run_guesses_what_it_was_not_told(trained: Path, sample_spec: DataSpec, tmp_path: Path, drain: Any) -> None:
    made = make_sample(tmp_path / "new", per_class=6, seed=77)
    loose = tmp_path / "loose"
    loose.mkdir()
    for file in made.rglob("*.jpg"):
        shutil.copy(file, loose / f"{file.parent.name}-{file.name}")
    (loose / "broken.jpg").write_bytes(b"no picture")
    spec = replace(sample_spec, sources=(*sample_spec.sources, Source(str(loose), unlabelled=True)))
    found = drain(SuggestRequest(str(trained), spec))[-1]
    assert isinstance(found, Suggested) and found.failed == 1
    assert len(found.guesses) == len(list(made.rglob("*.jpg")))
    right = sum(Path(one.path).name.startswith(f"{one.label}-") for one in found.guesses)
    assert right >= 0.7 * len(found.guesses)
    assert all(one.top[0] == (one.label, one.probability) and one.key for one in found.guesses)
    gains = [one.gain for one in found.guesses]
    assert gains == sorted(gains, reverse=True)
    label = found.guesses[0].label
    renamed = drain(SuggestRequest(str(trained), replace(spec, renamed={label: "other name"})))[-1]
    assert renamed.guesses[0].label == "other name" and renamed.guesses[0].key == found.guesses[0].key
    assert drain(SuggestRequest(str(trained), sample_spec))[-1].guesses == ()
    events = suggest(SuggestRequest(str(trained), spec), lambda: True)
    assert not any(isinstance(event, Suggested) for event in events)
