from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.cli.app import main
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, FitDone, Forecast
from deskclassify.core.requests import PRESETS, FitRequest, ForecastRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Listing, Source
from deskclassify.ml import costs, forecast, recipe, weights
from deskclassify.ml.training import fit
from deskclassify.ml.tuning import Tuned

RATES = costs.Rates(
    decode=0.004,
    decode_exact=0.02,
    vary=0.003,
    look=0.01,
    ready=0.8,
    head_step=0.001,
    step=0.05,
    write=1e-8,
    below=0.6,
)
ROOM = costs.Room(base=500 * 10**6, weights=14 * 10**6, features=5120, at_once=8, kept=100_000)
TUNED = Tuned("bf16", True, {"bf16, channels last": 20.0, "fp32, channels last": 11.0}, 40 * 10**6)
MEGABYTE = 10**6


def whole(request: ForecastRequest) -> list[Any]:
    return list(forecast.forecast(request, never))


def files_of(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


# -- of a real training ---------------------------------------------------------------


@pytest.mark.slow
def test_the_forecast_of_a_real_training_is_near_the_fact(sample_spec: DataSpec, tmp_path: Path) -> None:
    request = FitRequest(sample_spec, str(tmp_path / "run"), preset="balanced", epochs=2, image_size=64)
    events = list(fit(request, never))
    expected, done = next(one for one in events if isinstance(one, Forecast)), events[-1]
    assert events.index(expected) < events.index(next(one for one in events if isinstance(one, EpochDone)))
    assert isinstance(done, FitDone) and done.forecast_seconds == expected.seconds_total
    # A wide gate, for other processes may be at work here, at one of the two times.
    assert expected.seconds_total / 8 - 2 < done.seconds < expected.seconds_total * 8 + 2
    assert done.peak_memory_bytes is not None
    assert expected.memory_bytes / 2 < done.peak_memory_bytes < expected.memory_bytes * 2
    assert (expected.train_images, expected.valid_images) == (done.train_images, done.valid_images)
    info = RunFolder(tmp_path / "run").info().raw
    assert info["forecast"]["seconds_total"] == expected.seconds_total
    assert info["tuning"]["precision"] == info["precision"] == expected.precision
    assert f"{info['tuning']['precision']}, " in expected.text
    assert expected.figures.items() >= info["tuning"]["figures"].items()


def test_known_pictures_need_nothing_and_nothing_is_written(
    trained: Path, sample: Path, sample_spec: DataSpec, tmp_path: Path
) -> None:
    before = files_of(sample)
    found = whole(ForecastRequest(FitRequest(sample_spec, str(tmp_path / "run"), preset="quick")))[-1]
    assert isinstance(found, Forecast)
    assert found.to_compute == 0 and found.unfrozen_images_per_second is None
    assert 0 < found.frozen_seconds < found.seconds_total < 60
    assert found.memory_bytes > 100 * MEGABYTE and found.text.startswith("About ")
    assert not (tmp_path / "run").exists() and files_of(sample) == before
    longer = whole(ForecastRequest(FitRequest(sample_spec, "", preset="quick", epochs=5000)))[-1]
    assert longer.seconds_total > found.seconds_total


def test_new_pictures_are_to_be_computed(make_pictures: Callable[..., Path], trained: Path, tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", {"a": 10, "b": 10})
    spec = DataSpec((Source(str(folder)),))
    found = whole(ForecastRequest(FitRequest(spec, str(tmp_path / "run"), preset="quick")))[-1]
    assert (found.to_compute, found.train_images, found.valid_images) == (20, 16, 4)


def test_weights_that_are_missing_are_not_downloaded(
    sample_spec: DataSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a forecast must not download")

    monkeypatch.setattr(weights, "_download", refuse)
    monkeypatch.setattr(weights, "present", lambda _: None)
    request = FitRequest(sample_spec, "", architecture="resnet18", preset="quick", image_size=64)
    found = whole(ForecastRequest(request))[-1]
    assert isinstance(found, Forecast) and found.to_compute == 60


def test_when_stopped_nothing_is_told(sample_spec: DataSpec) -> None:
    events = list(forecast.forecast(ForecastRequest(FitRequest(sample_spec, "")), lambda: True))
    assert not any(isinstance(event, Forecast) for event in events)


def test_what_makes_no_sense_is_refused(make_pictures: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_pictures(tmp_path / "data", {"only": 3})
    request = FitRequest(DataSpec((Source(str(folder)),)), "")
    with pytest.raises(InputError, match="two classes"):
        whole(ForecastRequest(request))
    with pytest.raises(InputError, match="number of epochs"):
        whole(ForecastRequest(replace(request, epochs=-1)))
    assert forecast.for_training(request, Listing(()), never, 0.0) is None  # a training tells its own errors


def test_on_the_command_line(
    sample: Path, trained: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(sample), "--forecast", "--preset", "quick"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("About ") == 1 and "About " not in shown.err
    assert main(["train", str(sample), "--forecast", "--preset", "quick", "--json"]) == 0
    *_, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last["event"] == "message" and last["train_images"] == 50
    assert not list(tmp_path.iterdir())
    assert main(["train", str(sample)]) == 2


# -- the arithmetic -------------------------------------------------------------------


def work(train: int, valid: int, new: float) -> costs.Work:
    """So many pictures, of which the share `new` is not in the cache."""
    missing = round(new * (train + valid))
    return costs.Work(train, valid, missing, round(new * valid), missing, 224)


REQUESTS = st.builds(
    FitRequest,
    data=st.just(DataSpec()),
    run=st.just(""),
    preset=st.sampled_from(PRESETS),
    epochs=st.integers(1, 60),
    frozen_epochs=st.integers(1, 60),
    batch_size=st.sampled_from((8, 32)),
    gradual=st.booleans(),
    progressive=st.booleans(),
)


def estimate(request: FitRequest, train: int, valid: int, new: float) -> Forecast:
    plan = recipe.choose(request, train)
    return costs.estimate(work(train, valid, new), RATES, ROOM, plan, TUNED, request.gradual)


@given(REQUESTS, st.integers(1, 40), st.integers(10, 5000), st.integers(0, 1000), st.floats(0, 1))
def test_more_epochs_never_cost_less(request: Any, more: int, train: int, valid: int, new: float) -> None:
    low = estimate(request, train, valid, new)
    high = estimate(replace(request, epochs=request.epochs + more), train, valid, new)
    assert high.seconds_total >= low.seconds_total - 1e-9
    assert high.memory_bytes >= low.memory_bytes


@given(REQUESTS, st.integers(10, 5000), st.integers(0, 1000), st.integers(1, 5000), st.floats(0, 1))
def test_more_pictures_never_cost_less(request: Any, train: int, valid: int, more: int, new: float) -> None:
    plan = recipe.choose(request, train)  # the same for both: with more pictures fewer epochs may do

    def cost(count: int, checked: int) -> Forecast:
        return costs.estimate(work(count, checked, new), RATES, ROOM, plan, TUNED, request.gradual)

    few = cost(train, valid)
    for many in (cost(train + more, valid), cost(train, valid + more)):
        assert many.seconds_total >= few.seconds_total - 1e-9
        assert many.memory_bytes >= few.memory_bytes


@given(st.floats(0, 1), st.floats(0, 1))
def test_less_is_needed_with_what_the_cache_holds(first: float, second: float) -> None:
    low, high = sorted((first, second))
    request = FitRequest(DataSpec(), "", preset="thorough", epochs=3)
    assert estimate(request, 400, 100, low).seconds_total <= estimate(request, 400, 100, high).seconds_total + 1e-9


def test_the_arithmetic_by_hand() -> None:
    plan = recipe.choose(FitRequest(DataSpec(), "", preset="quick", epochs=10, batch_size=50), 100)
    found = costs.estimate(work(100, 50, 1.0), RATES, ROOM, plan, Tuned())
    features = 150 * 0.004 + 50 * 0.02 + 200 * 0.01 + 0.8
    epoch = (2 + 1 + 1 / 3) * 0.001
    assert found.frozen_seconds == pytest.approx(features + 10 * epoch)
    assert found.seconds_total == pytest.approx(found.frozen_seconds + 2 * 14e6 * 1e-8)
    assert found.seconds_per_epoch == pytest.approx(epoch)
    assert found.text == "About 5 s: 664 MB of memory."


def test_small_pictures_at_the_begin_cost_less() -> None:
    plan = replace(
        recipe.choose(FitRequest(DataSpec(), "", preset="balanced", epochs=2), 400), shrink=(), frozen_share=0.0
    )
    full = costs.estimate(work(400, 0, 0.0), RATES, ROOM, plan, TUNED)
    half = costs.estimate(work(400, 0, 0.0), RATES, ROOM, replace(plan, shrink=(0.57, 1.0)), TUNED)
    saved = full.seconds_per_epoch - half.seconds_per_epoch
    assert saved == pytest.approx(400 * 0.05 * 1.05 * (1 - (128 / 224) ** 2) / 2)
    assert half.memory_bytes == full.memory_bytes  # the second epoch is as large
    small = costs.estimate(work(400, 0, 0.0), RATES, ROOM, replace(plan, shrink=(0.57, 1.0), unfrozen_epochs=1), TUNED)
    assert small.memory_bytes < full.memory_bytes


def test_what_stays_frozen_saves_backward_passes_until_the_deeper_cycle() -> None:
    plan = recipe.choose(FitRequest(DataSpec(), "", preset="balanced", epochs=4), 400)
    rates = replace(RATES, below=0.4)

    def seconds(**more: Any) -> float:
        return costs.estimate(work(400, 0, 0.0), rates, ROOM, replace(plan, **more), TUNED).seconds_per_epoch

    whole, frozen = seconds(frozen_share=0.0), seconds()
    assert whole - frozen == pytest.approx(400 * 0.05 * 1.05 * 0.4 * (1 - costs._FORWARD))
    assert seconds(deeper_epochs=1) == pytest.approx(frozen + (whole - frozen) / 4)
    assert seconds(deeper_epochs=4) == pytest.approx(whole)


def test_averaging_over_copies_costs_a_look_at_each() -> None:
    plan = recipe.choose(FitRequest(DataSpec(), "", preset="quick"), 400)
    plain = work(400, 100, 0.0)
    seconds = [costs.estimate(one, RATES, ROOM, plan, TUNED).seconds_total for one in (plain, replace(plain, views=4))]
    assert seconds[1] - seconds[0] == pytest.approx(4 * 100 * (0.003 + 0.01))


def test_the_sentence_tells_epoch_memory_and_format() -> None:
    found = estimate(FitRequest(DataSpec(), "", preset="thorough", epochs=10), 400, 100, 0.0)
    minutes = round(found.seconds_total / 60)
    assert found.text.startswith(f"About {minutes} min: ")
    assert found.text.endswith(" GB of memory. bf16, channels last: 20 images/s (fp32: 11).")
    assert (found.precision, found.layout) == ("bf16", "channels last")
    card = costs.estimate(
        work(400, 100, 0.0),
        RATES,
        replace(ROOM, base=0, on_gpu=True),
        recipe.choose(FitRequest(DataSpec(), "", preset="thorough", epochs=10), 400),
        TUNED,
    )
    assert "memory of the graphics card" in card.text and card.memory_bytes < found.memory_bytes
