"""The 15-line client of the documentation sees the very pixels that the program sees."""

from __future__ import annotations

import itertools
import json
import runpy
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import resources
from deskclassify.core import preprocess
from deskclassify.core.codec import to_json
from deskclassify.core.pictures import open_rgb
from deskclassify.core.preprocess import RESIZE_METHODS, Preprocess

CLIENT = Path(__file__).resolve().parents[1] / "docs" / "classify.py"
SIDES = (1, 31, 32, 33, 100, 447, 448)


def run_client(monkeypatch, how: Preprocess, pictures):
    """Run it with a model that keeps what it is given; returns the inputs."""
    seen = []
    card = json.dumps({"classes": ["a", "b"], "preprocess": to_json(how)})

    class Model:
        def __init__(self, path, providers):
            assert path == "m.onnx"

        def get_modelmeta(self):
            return types.SimpleNamespace(custom_metadata_map={"deskclassify": card})

        def run(self, outputs, inputs):
            seen.append(inputs["images"])
            return [np.array([[0.25, 0.75]], dtype=np.float32)]

    monkeypatch.setitem(sys.modules, "onnxruntime", types.SimpleNamespace(InferenceSession=Model))
    monkeypatch.setattr(sys, "argv", ["classify.py", "m.onnx", *map(str, pictures)])
    runpy.run_path(str(CLIENT))
    return seen


@pytest.mark.parametrize("resize", RESIZE_METHODS)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_same_pixels(monkeypatch, tmp_path, capsys, resize, interpolation):
    how = Preprocess(resize, 40, 32, interpolation=interpolation, pad_color=(9, 99, 199))
    dice = np.random.default_rng(0)
    pictures = []
    for wide, high in itertools.product(SIDES, SIDES):
        pictures.append(tmp_path / f"{wide}x{high}.jpg")
        pixels = dice.integers(0, 256, (high, wide, 3), dtype=np.uint8)
        exif = Image.Exif()
        exif[0x0112] = 1 + len(pictures) % 8
        Image.fromarray(pixels).save(pictures[-1], exif=exif)
    inputs = run_client(monkeypatch, how, pictures)
    for path, got in zip(pictures, inputs, strict=True):
        assert got.dtype == np.uint8
        assert (got[0] == preprocess.apply(open_rgb(path), how)).all(), path.name
    assert capsys.readouterr().out.splitlines()[0] == f"{pictures[0]},b,0.75"


def kinds_of_pictures(folder: Path) -> list[Path]:
    """One file of each kind that needs care: grey, alpha, palette, 16 bits, CMYK, one bit."""
    dice = np.random.default_rng(3)
    rgb = Image.fromarray(dice.integers(0, 256, (50, 70, 3), dtype=np.uint8))
    alpha = Image.fromarray(dice.integers(0, 256, (50, 70, 4), dtype=np.uint8))
    sixteen = dice.integers(0, 65536, (50, 70)).astype(np.uint16)
    palette = rgb.quantize(16)
    palette.info["transparency"] = 3
    pictures = {
        "grey.png": rgb.convert("L"),
        "alpha.png": alpha,
        "grey-alpha.png": alpha.convert("LA"),
        "palette.png": rgb.quantize(16),
        "transparent.png": palette,
        "16-bits.png": Image.fromarray(sixteen),
        "16-bits-dark.png": Image.fromarray(sixteen % 256),
        "16-bits.tif": Image.fromarray(sixteen),
        "cmyk.jpg": rgb.convert("CMYK"),
        "one-bit.png": rgb.convert("1"),
        "long.png": rgb.resize((700, 9)),
        "alpha.webp": alpha,
    }
    for name, image in pictures.items():
        image.save(folder / name, **({"lossless": True} if name.endswith("webp") else {}))
    return [folder / name for name in pictures]


def test_same_pixels_of_all_kinds_of_pictures(monkeypatch, tmp_path):
    how = Preprocess("pad", 40, 32, pad_color=(9, 99, 199))
    pictures = kinds_of_pictures(tmp_path)
    for path, got in zip(pictures, run_client(monkeypatch, how, pictures), strict=True):
        assert (got[0] == preprocess.apply(open_rgb(path), how)).all(), path.name


def test_is_15_lines_long_beside_its_imports():
    lines = [line.strip() for line in CLIENT.read_text(encoding="utf-8").splitlines()]
    code = [line for line in lines if line and not line.startswith(("#", '"""', "import ", "from "))]
    assert len(code) <= 15


def test_the_archives_of_an_export_hold_the_same_script():
    shipped = Path(resources.__file__).parent / "share" / "classify.py"
    assert shipped.read_bytes() == CLIENT.read_bytes()
