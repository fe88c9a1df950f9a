"""The run folder's files."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Verdict
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.run_folder import RunFolder, measure
from deskclassify.core.sources import Item

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(
    lambda text: "\r" not in text
)
SHARES = st.floats(0, 1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return RunFolder(tmp_path_factory.mktemp("run"))


@given(st.lists(st.builds(lambda path, label: Item(path, path, label, "train"), NAMES, NAMES)))
def test_split_comes_back(run, items):
    run.write_split(items)
    assert run.split() == items


@given(st.lists(st.builds(Verdict, NAMES, NAMES, NAMES, SHARES, st.floats(0, 50)), max_size=5))
def test_predictions_come_back(run, verdicts):
    run.write_predictions(verdicts)
    for before, after in zip(verdicts, run.predictions(), strict=True):
        assert (before.path, before.label, before.predicted) == (after.path, after.label, after.predicted)
        assert after.probability == pytest.approx(before.probability, abs=1e-6)


def epoch(number):
    return EpochDone("frozen", number, 0.5, None, None, None, 1e-3, 1.0, 10.0)


def test_history_comes_back_also_with_a_torn_last_line(tmp_path):
    run = RunFolder(tmp_path)
    assert run.history() == []
    run.write_history([epoch(1), epoch(2)])
    assert run.history() == [epoch(1), epoch(2)]
    file = tmp_path / "history.jsonl"
    file.write_text(file.read_text()[:-20])
    assert run.history() == [epoch(1)]


def test_info_comes_back_and_damage_is_told(tmp_path):
    run = RunFolder(tmp_path)
    with pytest.raises(InputError, match=r"no run\.json"):
        run.info()
    run.write_info({"classes": ["a", "b"], "architecture": "resnet18", "preprocess": Preprocess(size=96)})
    assert run.info().preprocess.size == 96
    assert run.info().result == {}
    for damaged in ("", "{", "[]", json.dumps({"classes": ["a"]})):
        run.info_file.write_text(damaged)
        with pytest.raises(InputError, match="damaged"):
            run.info()


def test_predictions_before_the_end_are_asked_for(tmp_path):
    with pytest.raises(InputError, match="no predictions yet"):
        RunFolder(tmp_path).predictions()


def test_measure_counts_labels_that_the_model_does_not_know_as_wrong():
    verdicts = [
        Verdict("1", "a", "a", 0.9, 0.1),
        Verdict("2", "b", "a", 0.6, 2.0),
        Verdict("3", "c", "b", 0.5, math.inf),
    ]
    result = measure(verdicts, ("a", "b"))
    assert result.classes == ("a", "b", "c")
    assert result.confusion == ((1, 0, 0), (1, 0, 0), (0, 1, 0))
    assert result.accuracy == pytest.approx(1 / 3)
    assert [one.path for one in result.top_losses] == ["3", "2", "1"]
