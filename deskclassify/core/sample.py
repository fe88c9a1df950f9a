"""The built-in sample: drawn pictures of a few things, so that the program can show itself without a download.

Each picture has its own background, clutter, colours, pose, noise and blur. The same seed gives the
same pictures.
"""

from __future__ import annotations

import colorsys
import json
import math
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from deskclassify.core import atomic, paths
from deskclassify.core.errors import InputError
from deskclassify.core.sample_shapes import THINGS, Brush, Color, Palette

CLASSES = tuple(THINGS)
_VERSION = 1
_MARKER = ".deskclassify-sample.json"
_OVERSAMPLING = 2  # drawn larger and scaled down: Pillow's own edges are jagged
_HARD_SHARE = 0.22  # of the pictures: small, tilted, faint, half hidden, blurred and noisy
_NOISE_SIDE = 512  # pixels; larger than any picture

Noise = np.ndarray[Any, np.dtype[np.int16]]


def default_sample_folder() -> Path:
    """Where the sample lies unless another place is asked for; a project “Sample” has room beside it."""
    return paths.projects_dir() / "Pictures" / "Sample"


def make_sample(
    folder: Path, per_class: int = 60, seed: int = 7, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Draw the sample, one sub-folder for each class. A complete sample that is there already is kept.

    Args:
        folder: to make; its parent is made too.
        per_class: pictures of each class.
        seed: any integer.
        progress: called with the number of pictures drawn and of all.

    Returns:
        `folder`.

    Raises:
        InputError: the folder holds something else, which is not touched.
        OSError: it cannot be written; nothing is left behind.
    """
    wanted = {"version": _VERSION, "per_class": per_class, "seed": seed, "classes": list(CLASSES)}
    if _marker(folder) == wanted:
        return folder
    if folder.exists() and not _may_replace(folder):
        raise InputError(f"“{folder}” holds other files, which are not touched. Choose another folder for the sample.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _draw_all(beside, per_class, seed, progress)
        atomic.write_json(beside / _MARKER, wanted)
        beside.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return folder


def draw(label: str, number: int, seed: int, noise: Noise | None = None) -> Image.Image:
    """One picture of the sample, RGB.

    Args:
        label: one of `CLASSES`.
        number: counts the pictures of the class.
        seed: of the whole sample.
        noise: int16 `[512, 512, 3]`, made anew when not given.
    """
    dice = random.Random(f"{seed}/{label}/{number}")
    width, height = dice.choice(((320, 240), (340, 256), (300, 300), (256, 320), (360, 240), (288, 240)))
    canvas, hue, value = _background(dice, width * _OVERSAMPLING, height * _OVERSAMPLING)
    hard = dice.random() < _HARD_SHARE
    for _ in range(dice.randint(4, 11)):
        _clutter(canvas, dice, value)
    _thing(canvas, dice, label, hue, value, hard)
    for _ in range(dice.randint(1, 4) if hard else dice.choice((0, 0, 1, 2))):
        _clutter(canvas, dice, value, "anywhere" if hard else "rim")
    picture = canvas.reduce(_OVERSAMPLING)
    if hard or dice.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(dice.uniform(0.9, 2.0) if hard else dice.uniform(0.4, 1.3)))
    return _with_noise(picture, dice, _noise(seed) if noise is None else noise, hard)


def _marker(folder: Path) -> Any:
    try:
        return json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _may_replace(folder: Path) -> bool:
    """Whether a folder is an older sample, or empty."""
    return folder.is_dir() and (_marker(folder) is not None or not any(folder.iterdir()))


def _draw_all(folder: Path, per_class: int, seed: int, progress: Callable[[int, int], None] | None) -> None:
    noise = _noise(seed)
    done = 0
    for label in CLASSES:
        (folder / label).mkdir()
        for number in range(1, per_class + 1):
            picture = draw(label, number, seed, noise)
            picture.save(folder / label / f"{label}-{number:03d}.jpg", quality=88)
            done += 1
            if progress is not None:
                progress(done, per_class * len(CLASSES))


def _noise(seed: int) -> Noise:
    source = np.random.default_rng(seed)
    return np.asarray(source.normal(0.0, 64.0, (_NOISE_SIDE, _NOISE_SIDE, 3)), dtype=np.int16)


def _with_noise(picture: Image.Image, dice: random.Random, noise: Noise, hard: bool) -> Image.Image:
    shift = int(dice.choice((8, 12, 16) if hard else (0, 3, 6, 9, 12)))
    top = dice.randrange(_NOISE_SIDE - picture.height + 1)
    left = dice.randrange(_NOISE_SIDE - picture.width + 1)
    grain = noise[top : top + picture.height, left : left + picture.width] * shift // 64
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def _rgb(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def _background(dice: random.Random, width: int, height: int) -> tuple[Image.Image, float, float]:
    """A gradient with large soft patches; returns it with its hue and brightness."""
    hue, value = dice.random(), dice.choice((dice.uniform(0.22, 0.42), dice.uniform(0.74, 0.97)))
    saturation = dice.uniform(0.08, 0.42) if value > 0.5 else dice.uniform(0.2, 0.55)
    corners = [
        _rgb(hue + dice.uniform(-0.07, 0.07), saturation * dice.uniform(0.6, 1.2), value + dice.uniform(-0.1, 0.1))
        for _ in range(9)
    ]
    grid = np.asarray(corners, dtype=np.uint8).reshape(3, 3, 3)
    canvas = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
    kind = dice.choice(("plain", "hills", "stripes", "dots"))
    tone = _rgb(hue + dice.uniform(-0.12, 0.12), saturation, value + dice.choice((-0.09, 0.09)))
    brush = Brush(canvas, (0.0, 0.0), 1.0, dice.uniform(-0.3, 0.3) if kind in ("stripes", "dots") else 0.0)
    if kind == "hills":
        level = height * dice.uniform(0.55, 0.85)
        swing = height * 0.05
        ridge = [(x * width / 24, level + swing * math.sin(x * 0.4 + hue * 20)) for x in range(25)]
        brush.area([*ridge, (width, height), (0.0, height)], tone, 200)
    elif kind == "stripes":
        step = dice.randint(40, 90)
        for x in range(-width, 2 * width, step * 2):
            brush.area([(x, -height), (x + step, -height), (x + step, 2 * height), (x, 2 * height)], tone, 90)
    elif kind == "dots":
        step = dice.randint(50, 100)
        for x in range(-width // 2, 3 * width // 2, step):
            for y in range(-height // 2, 3 * height // 2, step):
                brush.oval(x, y, step * 0.17, step * 0.17, tone, 130)
    return canvas, hue, value


def _thing(canvas: Image.Image, dice: random.Random, label: str, hue: float, value: float, hard: bool) -> None:
    width, height = canvas.size
    size = min(width, height) * (dice.uniform(0.16, 0.27) if hard else dice.uniform(0.27, 0.45))
    reach = 0.28 if hard else 0.14
    center = (width * (0.5 + dice.uniform(-reach, reach)), height * (0.5 + dice.uniform(-reach, reach) * 0.8))
    angle = math.radians(dice.uniform(-180, 180) if label == "leaf" else dice.gauss(0, 45 if hard else 13))
    mirror = dice.random() < 0.5
    own = hue + (dice.uniform(-0.06, 0.06) if hard else dice.uniform(0.2, 0.8))
    bright = dice.uniform(0.78, 0.97) if value < 0.5 else dice.uniform(0.45, 0.85)
    if hard:  # nearly as bright as what is behind it
        bright = value + dice.choice((-1, 1)) * dice.uniform(0.17, 0.28)
    strong = dice.uniform(0.2, 0.4) if hard else dice.uniform(0.38, 0.72)
    palette = Palette(
        main=_rgb(own, strong, bright),
        shade=_rgb(own + 0.03, strong + 0.08, bright * 0.72),
        light=_rgb(own - 0.03, strong * 0.4, min(1.0, bright * 1.25)),
        accent=_rgb(own + dice.choice((-0.14, 0.1, 0.4, 0.5)), strong * 0.9, min(0.95, bright * 1.06)),
        line=_rgb(own + 0.05, strong, bright * 0.45),
    )
    shadow = Brush(canvas, (center[0], center[1] + size * 0.95), size)
    shadow.oval(0.0, 0.0, 0.85, 0.13, (20, 22, 30), 45)
    THINGS[label](Brush(canvas, center, size, angle, mirror), dice, palette)


def _clutter(canvas: Image.Image, dice: random.Random, value: float, place: str = "anywhere") -> None:
    """A small shape that has nothing to do with the class, anywhere or at the `rim`."""
    width, height = canvas.size
    across, down = dice.random(), dice.random()
    if place == "rim":
        across = dice.choice((across * 0.18, 1 - across * 0.18))
    size = min(width, height) * dice.uniform(0.03, 0.1)
    bright = dice.uniform(0.35, 0.8) if value < 0.5 else dice.uniform(0.5, 0.95)
    color = _rgb(dice.random(), dice.uniform(0.2, 0.75), bright)
    brush = Brush(canvas, (across * width, down * height), size, dice.uniform(0, math.tau))
    kind = dice.choice(("disc", "ring", "star", "cross", "box", "wave", "triangle"))
    if kind == "disc":
        brush.oval(0.0, 0.0, 0.7, 0.7, color, 220)
    elif kind == "ring":
        brush.stroke([(math.cos(a * 0.3) * 0.8, math.sin(a * 0.3) * 0.8) for a in range(22)], 0.22, color)
    elif kind == "star":
        spikes = [(at * math.pi / 5, 1.0 if at % 2 else 0.45) for at in range(10)]
        brush.area([(math.cos(angle) * far, math.sin(angle) * far) for angle, far in spikes], color)
    elif kind == "cross":
        brush.stroke([(-0.8, 0.0), (0.8, 0.0)], 0.3, color)
        brush.stroke([(0.0, -0.8), (0.0, 0.8)], 0.3, color)
    elif kind == "box":
        brush.area([(-0.7, -0.5), (0.7, -0.5), (0.7, 0.5), (-0.7, 0.5)], color, 220)
    elif kind == "wave":
        brush.stroke([(at / 6 - 1.0, 0.3 * math.sin(at * 0.9)) for at in range(13)], 0.2, color)
    else:
        brush.area([(0.0, -0.8), (0.75, 0.6), (-0.75, 0.6)], color, 220)
