"""What calibration is worth on real pictures: trains, calibrates, and shows it noise, drawings and foreign photos.

    python benchmarks/calibration.py DATA --foreign FOLDER [--foreign FOLDER…] [--preset quick]

For each coverage it prints how many pictures of each kind get no answer, with the rule that the model has and with the
highest probability alone. Exit code 1 where the calibration error does not fall, the coverage is missed by more than
5 points, or noise is answered at 95 %.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from deskclassify.core import calibration, calibration_files, calibration_folds
from deskclassify.core.calibration import Known
from deskclassify.core.control import never
from deskclassify.core.data_requests import CalibrateRequest
from deskclassify.core.requests import PRESETS, FitRequest, Request, generator
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sample import make_sample
from deskclassify.core.sources import DataSpec, Source

COVERAGES = (0.98, 0.95, 0.9)
NOISE = 100  # pictures
MAY_MISS = 0.05  # of the coverage
NOISE_REFUSED = 0.95  # at a coverage of 95 %


@dataclass(frozen=True)
class Kind:
    """Pictures of one kind."""

    name: str
    known: Known


def run_job(request: Request) -> object:
    """Run a job here; its last event."""
    last: object = None
    for event in generator(request)(request, never):
        last = event
    return last


def make_noise(folder: Path) -> Path:
    """Grains, coarse blots and plain colours."""
    folder.mkdir(parents=True)
    dice = np.random.default_rng(0)
    for number in range(NOISE):
        side = (224, int(dice.integers(2, 24)), 1)[number % 3]
        grains = Image.fromarray(dice.integers(0, 256, (side, side, 3), dtype=np.uint8))
        grains.resize((224, 224), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def look(run: RunFolder, folder: Path) -> Known:
    """What the run says of the pictures of a folder."""
    run_job(CalibrateRequest(str(run.path), 0.95, others=(str(folder),)))
    familiar = calibration_files.read_familiar(run)
    assert familiar is not None
    return familiar.others


def show(run: RunFolder, kinds: list[Kind]) -> bool:
    """Print the tables; whether all bounds are kept."""
    scored, familiar = run.scored(), calibration_files.read_familiar(run)
    if scored is None or familiar is None:
        raise SystemExit(f"{run.path} did not keep its probabilities: train it with this version.")
    known, targets = familiar.known(scored, [one.path for one in scored.verdicts])
    plain = Known(known.probabilities)
    good = True
    print(f"{'coverage':>8} {'reached':>8} {'right':>7}  {'rule':<12}" + "".join(f"{one.name:>20}" for one in kinds))
    for coverage in COVERAGES:
        for name, seen in (("highest only", plain), ("model's", known)):
            rehearsal = calibration_folds.rehearse(seen, targets)
            rule = calibration.fit(seen, targets, coverage, rehearsal.temperature(targets))
            rule = calibration_folds.held_out(rehearsal, rule)
            others = [one.known if rule.looks_for_strangers else Known(one.known.probabilities) for one in kinds]
            shares = [calibration.refused_share(one, rule) for one in others]
            assert rule.reached is not None and rule.accuracy_answered is not None
            print(
                f"{coverage:>8.0%} {rule.reached:>8.1%} {rule.accuracy_answered:>7.1%}  {name:<12}"
                + "".join(f"{share:>20.0%}" for share in shares)
            )
            if name == "model's":
                good = good and abs(rule.reached - coverage) <= MAY_MISS
                good = good and (coverage != 0.95 or shares[0] >= NOISE_REFUSED)
    assert rule.error_before is not None and rule.error_after is not None
    print(
        f"{len(known)} validation pictures; temperature {rule.temperature:.3f}; calibration error "
        f"{rule.error_before:.2%} as trained, {rule.error_after:.2%} on held-out folds"
    )
    return good and rule.error_after < rule.error_before


def main() -> int:
    """Train, look, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a folder of class folders")
    parser.add_argument("--foreign", type=Path, action="append", default=[], help="pictures of something else")
    parser.add_argument("--preset", choices=PRESETS, default="quick")
    parser.add_argument("--run", type=Path, help="a run of these pictures; it is calibrated anew")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("DESKCLASSIFY_HOME", str(folder / "home"))
        run = RunFolder(options.run or folder / "run")
        if options.run is None:
            spec = DataSpec((Source(str(options.data.resolve())),))
            run_job(FitRequest(spec, str(run.path), preset=options.preset))
        places = {"noise": make_noise(folder / "noise"), "drawings": make_sample(folder / "drawn", per_class=20)}
        places.update({place.name: place for place in options.foreign})
        kinds = [Kind(label[:18], look(run, place)) for label, place in places.items()]
        return 0 if show(run, kinds) else 1


if __name__ == "__main__":
    raise SystemExit(main())
