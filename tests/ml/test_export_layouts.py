"""What an export leaves on the disk in each layout and precision, and that others can use it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from deskclassify.core import atomic
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.requests import ExportRequest, PredictRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import ort
from deskclassify.ml.exporting import layouts, resizing
from deskclassify.ml.model_file import open_model

BLOCKER = """
import runpy, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"deskclassify", "onnx", "torch", "torchvision", "timm", "scipy", "safetensors"}:
            raise ImportError(f"{name} is not to be had here")

sys.meta_path.insert(0, Blocker())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0])
"""


def answers_of_the_script(script: Path, model: Path, pictures: list[Path]) -> dict[str, tuple[str, float]]:
    """Run it in a process that has NumPy, Pillow and ONNX Runtime only."""
    call = [sys.executable, "-c", BLOCKER, str(script), str(model), *map(str, pictures)]
    printed = subprocess.run(call, capture_output=True, text=True, check=True, timeout=120, cwd=script.parent).stdout
    rows = (line.rsplit(",", 2) for line in printed.splitlines())
    return {path: (label, float(probability)) for path, label, probability in rows}


def hard_pictures(folder: Path) -> list[Path]:
    """A photo-like picture in several sizes and modes: turned by EXIF, grey, alpha, 16 bits, elongated, large."""
    folder.mkdir()
    dice = np.random.default_rng(5)
    coarse = Image.fromarray(dice.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    rgb = coarse.resize((640, 480), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    rgb.save(folder / "turned.jpg", exif=turned)
    rgb.convert("L").save(folder / "grey.png")
    rgba = rgb.convert("RGBA")
    rgba.putalpha(rgb.convert("L").rotate(180))
    rgba.save(folder / "alpha.png")
    Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257).save(folder / "16-bits.png")
    rgb.resize((900, 40)).save(folder / "elongated.png")
    coarse.resize((2000, 1500), Image.Resampling.BICUBIC).save(folder / "large.jpg")
    rgb.resize((31, 17)).save(folder / "tiny.png")
    return sorted(folder.iterdir())


def test_the_archive_gives_the_same_answers_without_deskclassify(
    trained: Path, tmp_path: Path, drain: Any, model_file: Path
) -> None:
    *_, done = drain(ExportRequest(str(trained), str(tmp_path / "cups.zip"), layout="zip", fast=True))
    assert done.files == (str(tmp_path / "cups.zip"),) and done.model == done.files[0]
    with zipfile.ZipFile(done.model) as archive:
        assert archive.namelist() == ["README.md", "classify.py", "labels.txt", "model.onnx"]
        archive.extractall(tmp_path / "unpacked")
    readme = (tmp_path / "unpacked" / "README.md").read_text(encoding="utf-8")
    classes = RunFolder(trained).info().classes
    assert "the same class for 100.0%" in readme and all(f"`{name}`" in readme for name in classes)
    assert (tmp_path / "unpacked" / "labels.txt").read_text().splitlines() == list(classes)
    pictures = hard_pictures(tmp_path / "pictures")
    told = answers_of_the_script(tmp_path / "unpacked" / "classify.py", tmp_path / "unpacked" / "model.onnx", pictures)
    found = [
        one for one in drain(PredictRequest(str(model_file), tuple(map(str, pictures)))) if one.event == "prediction"
    ]
    assert len(found) == len(told) == len(pictures)
    for one in found:
        label, probability = told[one.path]
        assert (label, one.error) == (one.label, "")
        assert probability == pytest.approx(one.probability, abs=1e-3)


def test_the_same_archive_for_the_same_content() -> None:
    parts = {"a.txt": b"a" * 999, "b.txt": b"b"}
    assert layouts.zipped(parts) == layouts.zipped(parts)


def test_weights_load_into_the_librarys_own_network(trained: Path, tmp_path: Path, drain: Any) -> None:
    *_, done = drain(ExportRequest(str(trained), str(tmp_path / "cups"), layout="safetensors"))
    folder = tmp_path / "cups"
    names = ["README.md", "load.py", "model.json", "model.safetensors"]
    assert sorted(path.name for path in folder.iterdir()) == names and len(done.files) == 4
    assert done.top1_agreement == 1 and done.max_abs_diff < 1e-3
    about = json.loads((folder / "model.json").read_text())
    verdicts = RunFolder(trained).predictions()[:4]
    code = f"""
import json, runpy, sys
import numpy as np, torch
from PIL import Image
net = runpy.run_path({str(folder / "load.py")!r})
assert "deskclassify" not in sys.modules
how = json.load(open({str(folder / "model.json")!r}))["preprocess"]
assert how["resize"] == "squish"
for path in {[one.path for one in verdicts]!r}:
    image = Image.open(path).convert("RGB").resize((how["size"],) * 2, Image.Resampling.BILINEAR, reducing_gap=2.0)
    pixels = (np.asarray(image, np.float32) / 255 - how["mean"]) / how["std"]
    print(*net["probabilities"](torch.tensor(pixels, dtype=torch.float32).permute(2, 0, 1)[None])[0].tolist())
"""
    call = [sys.executable, "-c", code]
    printed = subprocess.run(call, capture_output=True, text=True, check=True, timeout=180, cwd=tmp_path).stdout
    for one, line in zip(verdicts, printed.splitlines(), strict=True):
        chances = np.array(line.split(), float)
        assert about["outputs"][int(chances.argmax())] == one.predicted
        assert chances.max() == pytest.approx(one.probability, abs=1e-3)
    with pytest.raises(InputError, match="exists already"):
        drain(ExportRequest(str(trained), str(tmp_path / "cups.safetensors"), layout="safetensors"))


@pytest.mark.parametrize("opset", [13])
def test_half_precision_halves_the_file(
    trained: Path, model_file: Path, tmp_path: Path, drain: Any, opset: int
) -> None:
    request = ExportRequest(str(trained), str(tmp_path / "h.onnx"), precision="fp16", opset=opset, fast=True)
    *_, done = drain(request)
    assert done.bytes < 0.55 * done.bytes_before and done.opset == opset
    assert done.max_abs_diff <= 0.02 and done.accuracy_before is not None and done.speed_ratio > 0
    model = onnx.load(tmp_path / "h.onnx")
    assert {entry.version for entry in model.opset_import if not entry.domain} == {opset}
    assert model.graph.output[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    card = open_model(tmp_path / "h.onnx").card
    assert (card.precision, card.tolerance, card.opset) == ("fp16", 0.02, opset)
    assert card.bytes_before == done.bytes_before


def test_a_model_that_resizes_takes_pictures_of_any_size(
    trained: Path, model_file: Path, tmp_path: Path, drain: Any
) -> None:
    *_, done = drain(ExportRequest(str(trained), str(tmp_path / "r.onnx"), resize_inside=True, fast=True))
    assert done.top1_agreement >= 0.9
    inside, outside = open_model(tmp_path / "r.onnx"), open_model(model_file)
    assert inside.card.resized == "inside" and "max_abs_diff_resized" in inside.card.parity
    dice = np.random.default_rng(0)
    sized = dice.integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    # What has the right size passes as it is: so this program, and older ones, use it like any other.
    np.testing.assert_allclose(inside.run(sized), outside.run(sized), atol=1e-4)
    for one in RunFolder(trained).predictions():
        pixels = np.asarray(Image.open(one.path).convert("RGB"))
        assert inside.run(pixels[None])[0].max() == pytest.approx(one.probability, abs=0.02)


@pytest.mark.parametrize("layout", ["file", "zip", "triton", "safetensors"])
@pytest.mark.parametrize("there", [False, True])
def test_nothing_half_is_left_where_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: Any, there: bool
) -> None:
    name = {"file": "m.onnx", "zip": "m.zip"}.get(layout, "m")
    if there and layout in ("file", "zip"):
        (tmp_path / name).write_bytes(b"old")
    where = layouts.place(layout, str(tmp_path / name))
    files = {"": b"new"} if layout in ("file", "zip") else {"a": b"1", "b/c": b"2"}
    real, calls = os.fsync, []

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) == len(files):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(number)

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(UserError, match="is full"):
        layouts.write(where, files)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == (
        {name: b"old"} if there and layout in ("file", "zip") else {}
    )


def test_the_configuration_for_triton_says_what_the_model_is(trained: Path, tmp_path: Path, drain: Any) -> None:
    *_, done = drain(ExportRequest(str(trained), str(tmp_path / "pets.onnx"), layout="triton", fast=True))
    config = (tmp_path / "pets" / "config.pbtxt").read_text()
    (put,), (out,) = (lambda opened: (opened.get_inputs(), opened.get_outputs()))(ort.session(done.model))
    sides = ", ".join(map(str, put.shape[1:]))
    assert f'name: "{put.name}" data_type: TYPE_UINT8 dims: [ {sides} ]' in config and put.type == "tensor(uint8)"
    assert f'name: "{out.name}" data_type: TYPE_FP32' in config and out.type == "tensor(float)"
    assert f"dims: [ {len((tmp_path / 'pets' / 'labels.txt').read_text().splitlines())} ]" in config
    assert sorted(Path(one).relative_to(tmp_path / "pets").as_posix() for one in done.files) == [
        "1/model.onnx",
        "config.pbtxt",
        "labels.txt",
    ]
    for secret in (str(Path.home()), str(tmp_path), str(Path.cwd()), "site-packages", ".py"):
        assert secret.encode() not in Path(done.model).read_bytes(), secret


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"opset": 12}, "Choose one from 13 to 25"),
        ({"opset": 26}, "Choose one from 13 to 25"),
        ({"opset": 17, "resize_inside": True}, "needs ONNX opset 18"),
        ({"layout": "safetensors", "precision": "int8"}, "weights only"),
        ({"layout": "safetensors", "resize_inside": True}, "weights only"),
        ({"layout": "zip", "target": "model.tar"}, "should end in .zip"),
    ],
)
def test_options_that_do_not_go_together(
    trained: Path, tmp_path: Path, drain: Any, options: dict[str, Any], words: str
) -> None:
    given = {"target": "m", **options}
    target = str(tmp_path / given.pop("target"))
    with pytest.raises(InputError, match=words):
        drain(ExportRequest(str(trained), target, **given))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("resize", ["crop", "squish", "pad"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_resizing_in_the_graph_is_pillows(resize: Any, interpolation: str) -> None:
    from onnx import TensorProto, helper

    from deskclassify.core.preprocess import Preprocess

    def echo(size: int) -> onnx.ModelProto:
        ends = [
            helper.make_tensor_value_info(name, TensorProto.UINT8, ["N", size, size, 3]) for name in ("images", "out")
        ]
        graph = helper.make_graph([helper.make_node("Identity", ["images"], ["out"])], "echo", ends[:1], ends[1:])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)

    how = Preprocess(resize, 73, 64, interpolation=interpolation, pad_color=(9, 99, 199))
    model = resizing.inside(echo(64), how)
    onnx.checker.check_model(model, full_check=True)
    resizing.check(model, how)
    wrong = Preprocess("pad" if resize == "squish" else "squish", 73, 64, interpolation=interpolation)
    with pytest.raises(UserError, match="not that of the training"):
        resizing.check(model, wrong)
    opened = ort.session(model.SerializeToString())
    for shape in ((1, 1), (1, 500), (31, 500), (64, 64)):
        assert ort.run(opened, np.zeros((2, *shape, 3), np.uint8)).shape == (2, 64, 64, 3)
