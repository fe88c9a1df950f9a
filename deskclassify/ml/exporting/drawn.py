"""Golden pictures: drawn by chance, so that nothing of anybody's photos lies in a file that is given away.

Of several candidates those are kept whose answers tell most: of the small ones those that the network is least certain
of, which any change of a weight moves; of the large ones, for each other way of resizing, the one that tells it from
the right way best.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from deskclassify.core.preprocess import RESIZE_METHODS, Pixels, Preprocess, apply
from deskclassify.ml import model_proof
from deskclassify.ml.exporting.parity import BATCH, Answers
from deskclassify.ml.model_file import Golden

SMALL = 32  # pixels; enlarged without smoothing to the network's input
_SMALL_CANDIDATES, _SMALL_KEPT = 32, 4
_LARGE_CANDIDATES, _LARGE_KEPT = 5, 3
_LARGE_FACTOR = 4.3  # shorter side to the network's input: from 4 on Pillow's reducing_gap of 2 makes a difference
_LONGEST = 1900  # pixels
_NO_GAP = 100.0


def small_picture(seed: int) -> Image.Image:
    """Rectangles, discs and lines on a plain colour, 32 × 32 pixels."""
    dice = np.random.default_rng(seed)
    image = Image.new("RGB", (SMALL, SMALL), _color(dice))
    draw = ImageDraw.Draw(image)
    for _ in range(int(dice.integers(3, 9))):
        left, top = (int(value) for value in dice.integers(-8, SMALL, 2))
        right, bottom = left + int(dice.integers(2, SMALL)), top + int(dice.integers(2, SMALL))
        kind = dice.integers(0, 3)
        if kind == 0:
            draw.rectangle((left, top, right, bottom), _color(dice))
        elif kind == 1:
            draw.ellipse((left, top, right, bottom), _color(dice))
        else:
            draw.line((left, top, right, bottom), _color(dice), int(dice.integers(1, 4)))
    return image


@lru_cache(maxsize=_LARGE_CANDIDATES)
def large_picture(seed: int, shorter: int) -> Image.Image:
    """Discs and rectangles filled with fine gratings, 4:3 or 3:4; with a palette, so that its file stays small.

    Args:
        seed: of the drawing.
        shorter: side, pixels.
    """
    dice = np.random.default_rng(seed)
    longer = min(_LONGEST, round(shorter * 4 / 3))
    width, height = (longer, shorter) if seed % 2 else (shorter, longer)
    palette = dice.integers(0, 256, (16, 3), dtype=np.uint8)
    canvas = np.zeros((height, width), np.uint8)
    rows, columns = np.ogrid[:height, :width]  # broadcast: a tenth of the time of full grids
    for _ in range(9):
        inside = _shape(dice, rows, columns, height, width)
        along = rows if dice.integers(2) else columns
        ink, paper = (int(value) for value in dice.integers(0, 16, 2))
        period = int(dice.integers(2, 12))
        stripes = np.where(along % period < max(1, period // 2), ink, paper).astype(np.uint8)
        np.copyto(canvas, stripes, where=inside)
    image = Image.fromarray(canvas, "P")
    image.putpalette(palette.tobytes())
    return image


def _shape(dice: np.random.Generator, rows: np.ndarray, columns: np.ndarray, height: int, width: int) -> np.ndarray:
    top, left = dice.uniform(-0.2, 0.8, 2) * (height, width)
    tall, wide = dice.uniform(0.3, 0.9, 2) * (height, width)
    if dice.integers(2):
        box: np.ndarray = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
        return box
    across = ((rows - top - tall / 2) / tall) ** 2 + ((columns - left - wide / 2) / wide) ** 2
    result: np.ndarray = across < 0.25
    return result


def _color(dice: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(value) for value in dice.integers(0, 256, 3))


def golden(answers: Answers, size: int) -> tuple[Golden, ...]:
    """Small pictures, with what the model says of them.

    Args:
        answers: of the model, to pictures that have the size of its input.
        size: pixels, of that input.
    """
    files = [model_proof.encode(small_picture(seed)) for seed in range(_SMALL_CANDIDATES)]
    given = _in_batches(answers, [model_proof.enlarged(file, size) for file in files])
    least_certain = np.argsort(given.max(axis=1), kind="stable")[:_SMALL_KEPT]
    return tuple(_golden(files[at], given[at]) for at in least_certain)


def golden_decoded(answers: Answers, how: Preprocess, whole: Answers | None = None) -> tuple[Golden, ...]:
    """Pictures that are to be resized, with what the model says of them.

    Args:
        answers: of the model, to pictures that have the size of its input.
        how: the resizing.
        whole: of the model, to decoded pictures, where it resizes by itself.
    """
    shorter = min(_LONGEST, round(_LARGE_FACTOR * how.size))
    pictures = [large_picture(seed, shorter) for seed in range(_LARGE_CANDIDATES)]
    decoded = [one.convert("RGB") for one in pictures]
    right = _in_batches(answers, [apply(one, how) for one in decoded])
    best = [
        int(np.abs(_in_batches(answers, [apply(one, other) for one in decoded]) - right).max(axis=1).argmax())
        for other in _other_ways(how)
    ]
    chosen = list(dict.fromkeys(best))[:_LARGE_KEPT]
    if whole is not None:
        right[chosen] = [whole(np.asarray(decoded[at])[None])[0] for at in chosen]
    return tuple(_golden(model_proof.encode(pictures[at]), right[at]) for at in chosen)


def _other_ways(how: Preprocess) -> list[Preprocess]:
    """Ways of resizing that somebody may mistake for the right one; the hardest to tell first."""
    interpolation = "bilinear" if how.interpolation == "bicubic" else "bicubic"
    others = [replace(how, reducing_gap=_NO_GAP), replace(how, interpolation=interpolation)]
    return others + [replace(how, resize=method) for method in RESIZE_METHODS if method != how.resize]


def _in_batches(answers: Answers, images: list[Pixels]) -> np.ndarray:
    parts = [answers(np.stack(images[at : at + BATCH])) for at in range(0, len(images), BATCH)]
    return np.concatenate(parts)


def _golden(file: str, row: np.ndarray) -> Golden:
    return Golden(file, tuple(map(float, row.astype(np.float64).round(7))))
