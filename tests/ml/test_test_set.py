"""The pictures that are kept for a last test: no training learns from them, and they can be measured."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from deskclassify.core.control import never
from deskclassify.core.events import Evaluated, FitDone, Scored
from deskclassify.core.requests import EvaluateRequest, FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml.evaluation import evaluate
from deskclassify.ml.training import fit


def train(spec: DataSpec, run: Path) -> RunFolder:
    done = list(fit(FitRequest(spec, str(run), preset="quick", epochs=3), never))[-1]
    assert isinstance(done, FitDone)
    return RunFolder(run)


def test_no_training_learns_from_the_test_pictures(sample: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    shutil.copytree(sample, folder)
    spec = DataSpec((Source(str(folder)),), test_pct=0.2)
    kept = [item for item in list_data(spec).items if item.subset == "test"]
    assert kept
    first = train(spec, tmp_path / "first")
    for number, item in enumerate(kept):  # other pictures in their place: nothing of the network may change
        noise = np.random.default_rng(number).integers(0, 255, (90, 90, 3), np.uint8)
        Image.fromarray(noise).save(item.path)
    second = train(spec, tmp_path / "second")
    assert first.best.read_bytes() == second.best.read_bytes()
    assert first.predictions() == second.predictions()
    written = Counter(item.subset for item in second.split())
    assert written == Counter(list_data(spec).subsets()) and written["test"] == len(kept)
    assert not {one.path for one in second.predictions()} & {item.path for item in kept}

    events = list(evaluate(EvaluateRequest(str(second.path), spec, "test"), never))
    scored = next(event for event in events if isinstance(event, Scored))
    assert {one.path for one in scored.verdicts} == {item.path for item in kept}
    assert isinstance(events[-1], Evaluated) and events[-1].images == len(kept)


def test_groups_hold_in_a_training(sample: Path, tmp_path: Path) -> None:
    spec = DataSpec((Source(str(sample)),))
    keys = {item.subset: item.key for item in list_data(spec).items}
    together = replace(spec, together=((keys["train"], keys["valid"]),))
    run = train(together, tmp_path / "run")
    sides = {item.subset for item in run.split() if item.path.endswith(tuple(keys.values()))}
    assert len(keys) == 2 and len(sides) == 1
