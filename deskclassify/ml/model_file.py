"""The exported ONNX model as a self-describing file (DESIGN section 6). Torch is not needed here."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from PIL import Image

from deskclassify.core.codec import from_json
from deskclassify.core.errors import InputError
from deskclassify.core.preprocess import Pixels, Preprocess
from deskclassify.ml import ort

SCHEMA = 1
KEY = "deskclassify"
TOLERANCE = 1e-3  # largest difference of a probability that is still the same answer
_GOLDEN_SIZE = 32  # pixels; enlarged without smoothing to the network's input
_LARGEST_BYTES = 2_000_000_000  # protobuf's own limit


@dataclass(frozen=True)
class Golden:
    """A small picture and the probabilities that the model must give for it.

    `png` is base64; the picture is enlarged with Pillow's NEAREST to the input size.
    """

    png: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """What the `deskclassify` metadata says; the keys are those of the JSON object.

    `threshold` is the least probability of the likeliest class for an answer: below it, the picture is none of these.
    """

    classes: tuple[str, ...]
    preprocess: Preprocess
    architecture: str
    accuracy: float | None = None
    schema: int = SCHEMA
    temperature: float = 1.0
    parity: dict[str, float] = field(default_factory=dict)
    golden: tuple[Golden, ...] = ()
    created: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    data_fingerprint: str = ""
    precision: str = "fp32"
    threshold: float = 0.0
    coverage: float = 1.0


@dataclass(frozen=True)
class OpenModel:
    """A model that was opened and has passed its self-test."""

    card: Card
    session: onnxruntime.InferenceSession

    def run(self, images: Pixels) -> np.ndarray:
        """Probabilities, float32 `[N, C]`, of uint8 `[N, size, size, 3]`."""
        return ort.run(self.session, images)


def golden_pixels(picture: Golden, size: int) -> Pixels:
    """The input that a golden picture stands for, uint8 `[size, size, 3]`."""
    with Image.open(io.BytesIO(base64.b64decode(picture.png)), formats=("PNG",)) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.NEAREST))


def make_golden(pixels: Pixels) -> Golden:
    """A golden picture from a network input; its probabilities are to be filled in."""
    small = Image.fromarray(pixels).resize((_GOLDEN_SIZE, _GOLDEN_SIZE), Image.Resampling.BOX)
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return Golden(base64.b64encode(file.getvalue()).decode("ascii"), ())


def require_model(path: Path) -> None:
    """Say so where there is no such file.

    Raises:
        InputError: there is none.
    """
    if not path.is_file():
        raise InputError(f"There is no model “{path}”. Choose an .onnx file.")


def read_card(path: Path) -> Card:
    """Read the metadata; nothing of the graph is run.

    Raises:
        InputError: this is no model that deskclassify wrote.
    """
    require_model(path)
    if path.stat().st_size > _LARGEST_BYTES:
        raise InputError(f"“{path.name}” is larger than an ONNX file can be.")
    try:
        model = onnx.load(str(path), load_external_data=False)
        metadata = {entry.key: entry.value for entry in model.metadata_props}
    except Exception as error:
        raise InputError(f"“{path.name}” is no ONNX file, or it is damaged. Export or download it again.") from error
    if KEY not in metadata:
        raise InputError(
            f"“{path.name}” was not exported by deskclassify: it does not say how pictures are to be prepared. "
            "Choose a model that deskclassify exported."
        )
    try:
        return parse_card(json.loads(metadata[KEY]))
    except (ValueError, TypeError) as error:
        raise InputError(f"The description inside “{path.name}” is damaged ({error}). Export it again.") from error


def parse_card(value: dict[str, Any]) -> Card:
    """A card from its JSON.

    Raises:
        ValueError, TypeError: it is damaged.
    """
    if int(value.get("schema", 0)) > SCHEMA:
        raise ValueError("it was written by a newer deskclassify: update the program")
    return from_json(Card, value)


def open_model(path: Path, device: str = "cpu", spinning: bool = True, threads: int = 0) -> OpenModel:
    """Open an exported model and test it on its golden pictures.

    Args:
        path: the file.
        device: see `ort.session`, as for the rest.
        spinning: whether idle threads wait actively.
        threads: for one operator; 1 for a caller that runs it in a thread on each processor.

    Raises:
        InputError: it is none, it is damaged, or it does not give the answers that it should.
    """
    card = read_card(path)
    opened = OpenModel(card, ort.session(str(path), threads, device, spinning))
    self_test(opened, path.name)
    return opened


def self_test(model: OpenModel, name: str) -> None:
    """Compare the answers to the golden pictures.

    Raises:
        InputError: they differ: the file was altered.
    """
    card = model.card
    if not card.golden:
        return
    images = np.stack([golden_pixels(one, card.preprocess.size) for one in card.golden])
    try:
        found = model.run(images)
    except Exception as error:
        raise InputError(f"“{name}” cannot be run: {str(error).splitlines()[0][:200]}") from error
    expected = np.array([one.probabilities for one in card.golden], dtype=np.float32)
    tolerance = TOLERANCE if card.precision == "fp32" else 20 * TOLERANCE
    if found.shape != expected.shape or not np.all(np.abs(found - expected) <= tolerance):
        raise InputError(
            f"“{name}” does not give the answers that it was exported with: the file was altered or damaged. "
            "Export it again."
        )


def names_entry(classes: Sequence[str]) -> str:
    """The `names` metadata in Ultralytics' style, `{0: 'ants', 1: 'bees'}`."""
    return repr(dict(enumerate(classes)))
