"""What each coverage comes to, for the window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_calibration import made, write_run

from deskclassify.core import calibration, calibration_files
from deskclassify.core.calibration_files import Familiar
from deskclassify.core.certainty_job import CertaintyDrawn, CertaintyRequest, draw
from deskclassify.core.control import never


def drawn(run: object, scored: object) -> CertaintyDrawn:
    found = list(draw(CertaintyRequest(str(run.path), scored), never))[-1]  # type: ignore[attr-defined, arg-type]
    assert isinstance(found, CertaintyDrawn)
    return found


def test_all_options_say_what_they_reach(tmp_path: Path) -> None:
    known, targets = made(200, 2.5)
    run = write_run(tmp_path, known, targets)
    scored = run.scored()
    plain = drawn(run, scored)
    assert not plain.knows_strangers and plain.current is None and plain.others == 0
    assert plain.error_after < plain.error_before and plain.temperature > 1.5
    assert list(plain.options) == list(range(100, 69, -1))
    assert plain.options[100].rule.threshold == 0 and plain.options[100].reached == 1
    for percent, option in plain.options.items():
        assert option.reached == pytest.approx(percent / 100, abs=0.05)
        assert (option.confidence < option.rule.threshold).sum() <= 200 * (1 - percent / 100) + 2
    assert plain.options[70].accuracy > plain.options[100].accuracy
    others = made(30, 1.0, 9)[0]
    rule = calibration.fit(known, targets, 0.9)
    calibration_files.write(run, rule, Familiar(np.ones((1, 2), np.float16), known.similarity, others))
    full = drawn(run, scored)
    assert full.knows_strangers and full.current == rule and full.others == 30
    assert full.options[90].rule.threshold == rule.threshold
    assert full.options[90].others_refused is not None


def test_stop_ends_it(tmp_path: Path) -> None:
    known, targets = made(60, 1.0)
    run = write_run(tmp_path, known, targets)
    assert list(draw(CertaintyRequest(str(run.path), run.scored()), lambda: True)) == []
