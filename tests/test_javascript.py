"""The JavaScript that the Share sheet gives, run by Node with ONNX Runtime from npm: the same answers as in Python.

The packages (450 MB) are installed once, into the user's cache; without Node, npm or a network the tests are skipped.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import platformdirs
import pytest
from onnx import TensorProto, helper
from PIL import Image

from deskclassify.core import share
from deskclassify.core.foreign import Handling
from deskclassify.core.pictures import open_rgb
from deskclassify.core.preprocess import Preprocess, apply
from deskclassify.core.use_events import ModelRead

PACKAGES = {"onnxruntime-node": "1.30.0", "onnxruntime-web": "1.30.0", "sharp": "0.35.5"}
TOLERANCE = 1e-4  # of a probability; two builds of ONNX Runtime add up in another order
PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "data" / "trashnet_small"
CLASSES = ("ants", "bees", "wasps")


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder whose node_modules has the packages."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"Node 20 is needed, here is {version.strip()}")
    folder = Path(platformdirs.user_cache_dir("deskclassify-tests")) / "npm"
    wanted = json.dumps({"private": True, "dependencies": PACKAGES}, indent=1)
    done = folder / "installed.json"
    if not done.is_file() or done.read_text(encoding="utf-8") != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(wanted, encoding="utf-8")
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm could not install the packages (no network?): {error}")
        done.write_text(wanted, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """uint8 `[N, H, W, 3]` → probabilities of three classes, which depend on every pixel; any size goes in."""
    random = np.random.default_rng(3)
    weights = random.normal(size=(6, 3, 5, 5)).astype(np.float32) * 0.2
    last = random.normal(size=(6, 3)).astype(np.float32) * 6
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "small"], ["scaled"]),
        helper.make_node("Transpose", ["scaled"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weights"], ["maps"], strides=[3, 3]),
        helper.make_node("Relu", ["maps"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "last"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
    ]
    constants = {"small": np.float32(1 / 255), "weights": weights, "last": last}
    graph = helper.make_graph(
        nodes,
        "picture",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", "H", "W", 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    file = tmp_path_factory.mktemp("javascript") / "three.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
    return file


def described(model: Path, how: Preprocess, threshold: float = 0.0) -> ModelRead:
    return ModelRead(model=str(model), origin="deskclassify", handling=Handling(CLASSES, how), threshold=threshold)


def node(modules: Path, folder: Path, script: str, *arguments: str) -> str:
    """What a script prints, run in a folder that has the packages."""
    (folder / "script.mjs").write_text(script, encoding="utf-8")
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(modules / "node_modules", target_is_directory=True)
    command = ["node", "script.mjs", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def usage(read: ModelRead, key: str) -> str:
    return next(one.code for one in share.usages(read) if one.key == key)


def expected(model: Path, picture: Path, how: Preprocess) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return session.run(None, {"images": apply(open_rgb(picture), how)[None]})[0][0]


def compare(output: str, model: Path, pictures: list[Path], how: Preprocess) -> None:
    lines = output.splitlines()
    assert len(lines) == len(pictures)
    for line, picture in zip(lines, pictures, strict=True):
        path, label, probability = line.rsplit(",", 2)
        wanted = expected(model, picture, how)
        assert path == str(picture) and label == CLASSES[wanted.argmax()]
        assert abs(float(probability) - wanted.max()) <= TOLERANCE, picture


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Upright and turned, grey, transparent, long, with a name that is not ASCII."""
    random = np.random.default_rng(5)
    made = []
    noise = Image.fromarray(random.integers(0, 256, (341, 256, 3), dtype=np.uint8))
    smooth = noise.resize((40, 30), Image.Resampling.BOX).resize((900, 1600), Image.Resampling.BICUBIC)
    turned = Image.Exif()
    turned[0x0112] = 6
    alpha = noise.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(alpha.size))
    for name, image, options in (
        ("portrait.png", noise, {}),
        ("Käfer.jpg", smooth, {"quality": 92}),
        ("turned.jpg", smooth.resize((300, 200)), {"exif": turned}),
        ("grey.png", noise.convert("L"), {}),
        ("alpha.png", alpha, {}),
        ("long.png", noise.resize((1900, 60)), {}),
        ("tiny.png", noise.resize((3, 2)), {}),
    ):
        image.save(tmp_path / name, **options)
        made.append(tmp_path / name)
    return made


@pytest.mark.parametrize(
    "how",
    [
        Preprocess("squish", 224, 224, "bilinear"),
        Preprocess("crop", 117, 101, "bicubic"),
        Preprocess("pad", 224, 96, "bicubic", pad_color=(9, 99, 200)),
    ],
    ids=lambda how: how.resize,
)
def test_node_gives_the_answers_of_python(modules, model, tmp_path, pictures, how):
    shutil.copy(model, tmp_path)
    output = node(modules, tmp_path, usage(described(model, how), "javascript"), *map(str, pictures))
    compare(output, model, pictures, how)


def test_real_photos(modules, model, tmp_path):
    if not PHOTOS.is_dir():
        pytest.skip("the shared photos are not here")
    photos = [path for folder in sorted(PHOTOS.iterdir()) if folder.is_dir() for path in sorted(folder.iterdir())[:3]]
    how = Preprocess("squish", 224, 224, "bilinear")
    shutil.copy(model, tmp_path)
    output = node(modules, tmp_path, usage(described(model, how), "javascript"), *map(str, photos))
    compare(output, model, photos, how)


def test_pictures_below_the_threshold_are_none_of_these(modules, model, tmp_path, pictures):
    shutil.copy(model, tmp_path)
    read = described(model, Preprocess("squish", 64, 64), threshold=1.1)
    output = node(modules, tmp_path, usage(read, "javascript"), str(pictures[0]))
    assert ",none of these," in output


def test_the_page_for_a_browser_gives_the_same_answers(modules, model, tmp_path, pictures):
    """Its script runs in Node with ONNX Runtime for the web; only what decodes pictures and shows them is played."""
    shutil.copy(model, tmp_path)
    how = Preprocess("squish", 224, 224, "bilinear")
    page = usage(described(model, how), "browser")
    script = page.split('<script type="module">')[1].split("</script>")[0]
    address = "https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/ort.wasm.min.mjs"
    assert address in script
    script = script.replace(address, "onnxruntime-web")
    pixels = np.asarray(open_rgb(pictures[0]))
    opaque = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    (tmp_path / "rgba").write_bytes(opaque.tobytes())
    played = """
import fs from "node:fs";
const lines = [], input = {}, list = { append: (line) => lines.push(line.textContent) };
globalThis.document = { querySelector: (name) => (name === "input" ? input : list), createElement: () => ({}) };
globalThis.createImageBitmap = async (file) => file;
const data = new Uint8ClampedArray(fs.readFileSync("rgba"));
const context = { fillRect() {}, drawImage() {}, getImageData: () => ({ data }) };
globalThis.OffscreenCanvas = class { getContext() { return context; } };
"""
    model_bytes = script.replace(
        "InferenceSession.create(MODEL)", "InferenceSession.create(new Uint8Array(fs.readFileSync(MODEL)))"
    )
    height, width = pixels.shape[:2]
    chosen = f'{{ target: {{ files: [{{ name: "a.png", width: {width}, height: {height} }}] }} }}'
    output = node(modules, tmp_path, f"{played}{model_bytes}\nawait input.onchange({chosen});\nconsole.log(lines[0]);")
    wanted = expected(model, pictures[0], how)
    name, answer = output.strip().split(": ")
    assert name == "a.png" and answer == f"{CLASSES[wanted.argmax()]} ({100 * wanted.max():.1f} %)"


def test_pixels_are_the_same_to_the_bit(modules, tmp_path):
    """Sizes that scale up, down, by whole and broken factors, in both orders of the two passes."""
    script = share.template("javascript.mjs")
    functions = script[script.index("// From here on") :]
    random = np.random.default_rng(11)
    hows = [
        Preprocess("squish", 224, 64, "bilinear"),
        Preprocess("crop", 73, 64, "bicubic"),
        Preprocess("pad", 224, 57, "bicubic", pad_color=(9, 99, 200)),
    ]
    sizes = [(20, 10), (64, 64), (300, 200), (900, 31), (40, 640), (513, 412), (450, 448), (1, 1), (5, 300), (57, 230)]
    cases = [(random.integers(0, 256, (h, w, 3), dtype=np.uint8), how) for w, h in sizes for how in hows]
    written = [
        {"how": asdict(how), "w": at.shape[1], "h": at.shape[0], "data": base64.b64encode(at.tobytes()).decode()}
        for at, how in cases
    ]
    (tmp_path / "cases.json").write_text(json.dumps(written))
    output = node(
        modules,
        tmp_path,
        f"""
import fs from "node:fs";
let HOW;
for (const {{ how, w, h, data }} of JSON.parse(fs.readFileSync("cases.json"))) {{
  HOW = how;
  const made = prepare({{ pixels: new Uint8Array(Buffer.from(data, "base64")), width: w, height: h }});
  console.log(Buffer.from(made.pixels).toString("base64"));
}}
{functions}""",
    )
    for (pixels, how), line in zip(cases, output.splitlines(), strict=True):
        assert base64.b64decode(line) == apply(Image.fromarray(pixels), how).tobytes(), (pixels.shape, how)
