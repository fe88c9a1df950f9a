"""Resizing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deskclassify.core.preprocess import RESIZE_METHODS, Preprocess, apply

SIDES = st.integers(1, 300)


@settings(deadline=None)
@given(SIDES, SIDES, st.sampled_from(RESIZE_METHODS), st.integers(8, 64), st.integers(0, 24))
def test_any_picture_becomes_a_square(width, height, resize, size, more):
    image = Image.new("RGB", (width, height), (10, 200, 30))
    pixels = apply(image, Preprocess(resize, size + more, size, pad_color=(10, 200, 30)))
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (10, 200, 30)).all()


def thirds(width=90, height=30):
    """Red, green and blue, side by side."""
    image = Image.new("RGB", (width, height), "lime")
    image.paste("red", (0, 0, width // 3, height))
    image.paste("blue", (2 * width // 3, 0, width, height))
    return image


def colors(pixels):
    return {("red", "lime", "blue")[int(one)] for one in np.unique(pixels.argmax(axis=2)[pixels.max(axis=2) > 200])}


def test_crop_keeps_the_middle_squish_and_pad_keep_all():
    assert colors(apply(thirds(), Preprocess("crop", 30, 30))) == {"lime"}
    assert colors(apply(thirds(), Preprocess("squish", 30, 30))) == {"red", "lime", "blue"}
    padded = apply(thirds(), Preprocess("pad", 30, 30))
    assert colors(padded) == {"red", "lime", "blue"}
    assert not padded[:10].any()
    assert not padded[20:].any()
    assert padded[10:20].any(axis=2).all()


def test_crop_repeats_what_the_design_says():
    """Scale the shorter side to `resize_to`, cut the central square: with Pillow alone."""
    noise = np.random.default_rng(0).integers(0, 256, (130, 201, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    wide = round(201 * 64 / 130)
    scaled = image.resize((wide, 64), Image.Resampling.BICUBIC, reducing_gap=2.0)
    left = (wide - 48) // 2
    wanted = np.asarray(scaled.crop((left, 8, left + 48, 56)))
    assert (apply(image, Preprocess("crop", 64, 48)) == wanted).all()


@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1)])
@pytest.mark.parametrize("resize", RESIZE_METHODS)
def test_very_long_pictures_do_not_fill_the_memory(size, resize):
    assert apply(Image.new("RGB", size, "white"), Preprocess(resize, 64, 64)).shape == (64, 64, 3)


def test_key_depends_on_pixels_only():
    plain = Preprocess()
    assert plain.key() == Preprocess(mean=(0, 0, 0), std=(1, 1, 1)).key()
    others = [Preprocess(size=200), Preprocess("pad"), Preprocess(interpolation="bilinear"), Preprocess(resize_to=256)]
    assert len({plain.key(), *(one.key() for one in others)}) == 5
