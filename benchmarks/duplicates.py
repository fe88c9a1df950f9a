"""Whether copies are found, and what else is taken for one: `python benchmarks/duplicates.py FOLDER…`.

Copies of some pictures of a folder of class folders are planted beside them: the same file, resized, saved anew,
mirrored, turned, and several of these at once. Prints, for each way, how many were found, and then what the check says
of the folder without any of them. Those are copies as well, or false alarms: `--sheet` draws them side by side, to be
looked at. Exits with 1 if less than 95 % of a way that the check promises are found.

    --count N       pictures of which copies are planted (100)
    --seed N        which pictures (1)
    --sheet FILE    a picture of the pairs that were found in the folder itself
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image, ImageDraw, ImageOps

from deskclassify.core.control import never
from deskclassify.core.copies import COPIES, groups_of_copies
from deskclassify.core.data_events import Checked
from deskclassify.core.data_requests import CheckRequest
from deskclassify.core.sources import DataSpec, Source
from deskclassify.ml.checking.check import check

PROMISED = 0.95
_TILE = 150  # pixels


@dataclass(frozen=True)
class Way:
    """How a copy is made: what becomes of the pixels, and the JPEG quality; 0: a PNG."""

    change: Callable[[Image.Image], Image.Image]
    quality: int = 90
    promised: bool = True


def scaled(share: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize((max(1, int(image.width * share)), max(1, int(image.height * share))))


def cropped(image: Image.Image) -> Image.Image:
    across, down = image.width // 30, image.height // 30
    return image.crop((across, down, image.width - across, image.height - down))


WAYS: dict[str, Way | None] = {
    "the same file": None,
    "as PNG": Way(lambda image: image, 0),
    "half the size": Way(scaled(0.5)),
    "a third, quality 60": Way(scaled(1 / 3), 60),
    "twice the size": Way(scaled(2.0)),
    "quality 70": Way(lambda image: image, 70),
    "quality 30": Way(lambda image: image, 30),
    "mirrored": Way(ImageOps.mirror),
    "mirrored, 0.7 ×, quality 60": Way(lambda image: scaled(0.7)(ImageOps.mirror(image)), 60),
    "upside down, mirrored": Way(ImageOps.flip),
    "turned by 90°": Way(lambda image: image.rotate(90, expand=True)),
    "brighter by a tenth": Way(lambda image: image.point(lambda value: min(255, int(value * 1.1))), promised=False),
    "cut by 3 % all round": Way(cropped, promised=False),
    "quality 10": Way(lambda image: image, 10, promised=False),
}


def plant(folder: Path, way: Way | None, originals: list[Path]) -> dict[Path, Path]:
    """Write a copy of each picture beside it; original → copy."""
    made = {}
    for original in originals:
        name = original.with_name(f"copy of {original.stem}.{'png' if way and not way.quality else 'jpg'}")
        if way is None:
            shutil.copyfile(original, name)
        else:
            with Image.open(original) as image:
                changed = way.change(ImageOps.exif_transpose(image).convert("RGB"))
            changed.save(name, **({"quality": way.quality} if way.quality else {}))
        made[original] = name
    return made


def checked(folder: Path) -> Checked:
    return next(
        event for event in check(CheckRequest(DataSpec((Source(str(folder)),))), never) if isinstance(event, Checked)
    )


def sheet(groups: list[tuple[str, ...]], target: Path) -> None:
    """The groups side by side, two rows of pictures each."""
    across = 6
    drawn = Image.new("RGB", (across * 2 * _TILE, ((len(groups) - 1) // across + 1) * (_TILE + 16)), "white")
    pen = ImageDraw.Draw(drawn)
    for at, group in enumerate(groups):
        left, top = at % across * 2 * _TILE, at // across * (_TILE + 16)
        pen.text((left, top), " ".join(Path(path).stem for path in group), fill="black")
        for column, path in enumerate(group[:2]):
            with Image.open(path) as image:
                image.thumbnail((_TILE - 4, _TILE - 4))
                drawn.paste(image.convert("RGB"), (left + column * _TILE, top + 14))
    drawn.save(target)


def measure(source: Path, count: int, seed: int, target: Path | None) -> bool:
    """Print the figures of a folder; whether all that is promised was found."""
    sound = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / source.name
        shutil.copytree(source, folder)
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        originals = random.Random(seed).sample(files, min(count, len(files)))
        before = checked(folder)
        groups = [problem for problem in before.problems if problem.kind in COPIES and problem.kind != "leak"]
        print(f"{source.name}: {before.images} pictures, {before.seconds:.1f} s")
        for kind in ("duplicate", "near", "mirrored"):
            found = [problem for problem in groups if problem.kind == kind]
            pairs = sum(len(problem.keys) - 1 for problem in found)
            print(f"  in the folder itself: {len(found)} {kind} ({pairs / before.images:.2%} of the pictures)")
        if target is not None and groups:
            sheet([problem.paths for problem in groups], target)
        known = {frozenset(group) for group in groups_of_copies(before.problems)}
        for name, way in WAYS.items():
            made = plant(folder, way, originals)
            after = checked(folder)
            together = groups_of_copies(after.problems)
            group_of = {key: number for number, group in enumerate(together) for key in group}
            keys = [
                (one.relative_to(folder).as_posix(), two.relative_to(folder).as_posix()) for one, two in made.items()
            ]
            right = sum(group_of.get(one, -1) == group_of.get(two, -2) for one, two in keys)
            copies = {two for _, two in keys}
            fresh = [
                group for group in together if frozenset(group) - copies not in known and len(set(group) - copies) > 1
            ]
            promise = "" if way is None or way.promised else "  (not promised)"
            print(f"  {name:<28}{right / len(keys):>7.1%} of {len(keys)} found, {len(fresh)} new false alarms{promise}")
            sound = sound and (bool(promise) or right >= PROMISED * len(keys))
            for path in made.values():
                path.unlink()
    return sound


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    sound = [measure(folder.resolve(), options.count, options.seed, options.sheet) for folder in options.folders]
    raise SystemExit(0 if all(sound) else 1)


if __name__ == "__main__":
    main()
