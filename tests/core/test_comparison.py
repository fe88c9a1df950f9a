"""Two runs side by side."""

import json

import pytest
from scipy.stats import binomtest

from deskclassify.core.codec import to_json
from deskclassify.core.comparison import compare, in_words
from deskclassify.core.errors import InputError
from deskclassify.core.events import Verdict
from deskclassify.core.metrics import mcnemar
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.run_settings import compare_settings
from deskclassify.core.sources import DataSpec, Source


def write_run(folder, answers, preset="quick", recipe=None, data=None, **options):
    """`answers`: name of the picture → label and prediction."""
    run = RunFolder(folder)
    run.path.mkdir(parents=True)
    request = FitRequest(data or DataSpec((Source("/pictures"),)), str(folder), preset=preset, **options)
    verdicts = [
        Verdict(f"/pictures/{name}.jpg", label, predicted, 0.8, 0.2 if label == predicted else 1.2)
        for name, (label, predicted) in answers.items()
    ]
    right = [one.label == one.predicted for one in verdicts]
    run.write_info(
        {
            "status": "finished",
            "created": "2026-01-02T03:04:05+00:00",
            "request": to_json(request),
            "classes": ["a", "b", "c"],
            "architecture": "resnet18",
            "preprocess": Preprocess(),
            "recipe": recipe or {"frozen_epochs": 20, "rates": [1e-3, 3e-3]},
            "device": {"title": "CPU"},
            "versions": {"torch": "2.0"},
            "data_fingerprint": "0123456789abcdef",
            "result": {"accuracy": sum(right) / max(1, len(right)), "seconds": 2.5, "best_epoch": 3},
        }
    )
    run.best.write_bytes(b"weights")
    run.write_predictions(verdicts)
    return run


FIRST = {"1": ("a", "a"), "2": ("a", "b"), "3": ("b", "b"), "4": ("c", "a"), "5": ("c", "a"), "only": ("a", "a")}
SECOND = {"1": ("a", "a"), "2": ("a", "a"), "3": ("b", "c"), "4": ("c", "b"), "5": ("c", "a"), "6": ("b", "b")}


@pytest.fixture
def pair(tmp_path):
    return write_run(tmp_path / "first", FIRST), write_run(tmp_path / "second", SECOND, "balanced", learning_rate=1e-3)


def test_flips_are_found_on_the_pictures_in_both(pair):
    found = compare(*pair)
    assert [(one.kind, one.path) for one in found.flips] == [
        ("fixed", "/pictures/2.jpg"),
        ("broken", "/pictures/3.jpg"),
        ("changed", "/pictures/4.jpg"),
    ]
    assert (found.in_both, found.only_first, found.only_second) == (5, 1, 1)
    assert (found.right_first, found.right_second) == (2, 2)
    assert found.flips[1].first.predicted == "b" and found.flips[1].second.predicted == "c"
    text = in_words(found)
    assert "Both are right on 2 of the 5 pictures" in text and "1 fixed, 1 broken" in text
    assert "1 picture of the first and 1 picture of the second" in text


def test_the_other_way_round_fixed_is_broken(pair):
    there, back = compare(*pair), compare(*reversed(pair))
    assert {one.path for one in there.flips if one.kind == "fixed"} == {
        one.path for one in back.flips if one.kind == "broken"
    }
    assert there.count("changed") == back.count("changed") == 1
    assert there.p_value == back.p_value


def test_measures(pair):
    found = compare(*pair)
    values = {one.name: (one.first, one.second) for one in found.metrics}
    assert values["Accuracy"] == (pytest.approx(3 / 6), pytest.approx(3 / 6))
    assert values["Accuracy, pictures in both"] == (pytest.approx(2 / 5), pytest.approx(2 / 5))
    assert values["Mean loss, pictures in both"] == (pytest.approx(0.8), pytest.approx(0.8))
    assert values["Recall of “a”, pictures in both"] == (0.5, 1.0)
    assert values["Recall of “b”, pictures in both"] == (1.0, 0.0)
    assert values["Duration"] == (2.5, 2.5) and values["Best epoch"] == (3, 3)
    assert values["Pictures to learn from"] == (None, None)


def test_settings_that_differ(pair):
    found = compare(*pair)
    assert [(one.group, one.name, one.first, one.second) for one in found.differing] == [
        ("Asked for", "Preset", "quick", "balanced"),
        ("Asked for", "Learning rate", "automatic", "0.001"),
    ]
    same = {one.name: one.first for one in found.settings if not one.differs}
    assert same["Network"] == "EfficientNet-Lite0" and same["Folders"] == "/pictures"
    assert same["Share for validation"] == "20 %" and same["Epochs without gain until it ends"] == "never"
    assert same["Learning rates, unfrozen"] == "0.001, 0.003" and same["torch"] == "2.0"
    assert not any("run" in one.name.lower() or "resume" in one.name.lower() for one in found.settings)


def test_settings_of_other_versions_are_told_under_their_own_name():
    settings = compare_settings({"recipe": {"averaging_of": 0.99, "device": 5}, "request": []}, {"recipe": {}})
    assert [(one.group, one.name, one.first, one.second, one.differs) for one in settings] == [
        ("Recipe", "averaging of", "0.99", "–", True),
        ("Recipe", "Device", "5", "–", True),
    ]


def test_values_whose_words_are_equal_are_told_apart(tmp_path):
    specs = [DataSpec((Source("/pictures"),), excluded=(name,), relabelled={}) for name in ("1.jpg", "2.jpg")]
    made = [write_run(tmp_path / str(n), FIRST, data=spec) for n, spec in enumerate(specs)]
    (differing,) = compare(*made).differing
    assert (differing.name, differing.first, differing.second) == (
        "Pictures left out by hand",
        "1 picture",
        "1 picture (not the same)",
    )


def test_a_corrected_label_is_said(tmp_path):
    first = write_run(tmp_path / "1", {"1": ("a", "b"), "2": ("a", "a")})
    second = write_run(tmp_path / "2", {"1": ("b", "b"), "2": ("a", "a")})
    found = compare(first, second)
    assert found.relabelled == 1 and [one.kind for one in found.flips] == ["fixed"]
    assert "1 picture had another class" in in_words(found)


def test_a_clear_gain_and_an_unclear_one(tmp_path):
    names = [str(n) for n in range(30)]
    poor = write_run(tmp_path / "1", dict.fromkeys(names, ("a", "b")))
    good = write_run(tmp_path / "2", dict.fromkeys(names, ("a", "a")))
    fair = write_run(tmp_path / "3", {name: ("a", "a" if name in ("1", "2") else "b") for name in names})
    assert "“2” is right on 30 more" in in_words(compare(poor, good)) and "hardly chance" in in_words(
        compare(poor, good)
    )
    assert "“1” is right on 30 fewer" in in_words(compare(good, poor))
    assert "may well be chance (p = 0.50)" in in_words(compare(poor, fair))
    again = write_run(tmp_path / "4", dict.fromkeys(names, ("a", "a")))
    assert in_words(compare(good, again)) == "Both are right on the same 30 of the 30 pictures that validate in both."


def test_runs_without_a_common_picture_or_without_predictions(tmp_path):
    first = write_run(tmp_path / "1", {"1": ("a", "a")})
    second = write_run(tmp_path / "2", {"2": ("a", "a")})
    found = compare(first, second)
    assert found.in_both == 0 and not found.flips and "No picture validates in both" in in_words(found)
    (second.path / "predictions.csv").unlink()
    found = compare(first, second)
    assert "“2” has no predictions yet" in in_words(found) and found.settings
    (second.path / "predictions.csv").write_text("path,label\nx,y\n")
    assert "damaged" in in_words(compare(first, second))


def test_what_cannot_be_compared(tmp_path):
    run = write_run(tmp_path / "1", FIRST)
    with pytest.raises(InputError, match="one and the same"):
        compare(run, RunFolder(tmp_path / "x" / ".." / "1"))
    with pytest.raises(InputError, match="no run folder"):
        compare(run, RunFolder(tmp_path))
    other = write_run(tmp_path / "2", FIRST)
    other.info_file.write_text("{")
    with pytest.raises(InputError, match="damaged"):
        compare(run, other)


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (1, 0), (0, 5), (5, 5), (20, 8), (30, 70), (700, 900)])
def test_mcnemar_is_the_exact_binomial_test(fixed, broken):
    expected = binomtest(fixed, fixed + broken, 0.5).pvalue if fixed + broken else 1.0
    assert mcnemar(fixed, broken) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(fixed, broken) == mcnemar(broken, fixed)


def test_mcnemar_of_many_pictures():
    assert mcnemar(40_000, 40_000) == 1.0
    assert mcnemar(20_000, 60_000) == 0.0


def test_it_goes_through_json(pair):
    assert json.loads(json.dumps(to_json(compare(*pair))))["flips"][0]["kind"] == "fixed"
