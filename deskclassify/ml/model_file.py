"""The exported ONNX model as a self-describing file (DESIGN section 6). Torch is not needed here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime

from deskclassify.core.codec import from_json, to_json
from deskclassify.core.errors import InputError
from deskclassify.core.preprocess import Pixels, Preprocess, apply
from deskclassify.ml import model_proof, ort

SCHEMA = 1
KEY = "deskclassify"
TOLERANCE = 1e-3  # largest difference of a probability that is still the same answer
_LOOSEST = 0.05  # that a description may claim for itself
_LARGEST_BYTES = 2_000_000_000  # protobuf's own limit


@dataclass(frozen=True)
class Golden:
    """A small drawn picture, PNG in base64, and the probabilities that the model must give for it."""

    png: str
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """What the `deskclassify` metadata says; the keys are those of the JSON object.

    Attributes:
        threshold: least probability of the likeliest class for an answer: below it, the picture is none of these.
        golden: pictures that are enlarged with Pillow's NEAREST to the network's input.
        golden_decoded: pictures that go through the whole of `preprocess`.
        resized: where the resizing happens: before the graph, or in it. What has the right size already passes through
            such a graph as it is.
        tolerance: largest difference of a probability that is still the same answer; 0 in older files.
        opset: of ONNX's own operators.
        calibration: how the 8-bit numbers were found; empty for other precisions.
        accuracy_before, bytes_before: of the same model in fp32, where the precision is another one.
        contract, graph: digests, see `model_proof`; empty in older files.
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
    golden_decoded: tuple[Golden, ...] = ()
    resized: Literal["outside", "inside"] = "outside"
    tolerance: float = 0.0
    opset: int = 0
    calibration: str = ""
    accuracy_before: float | None = None
    bytes_before: int | None = None
    contract: str = ""
    graph: str = ""


@dataclass(frozen=True)
class OpenModel:
    """A model that was opened and has passed its self-test."""

    card: Card
    session: onnxruntime.InferenceSession

    def run(self, images: Pixels) -> np.ndarray:
        """Probabilities, float32 `[N, C]`, of uint8 `[N, size, size, 3]`."""
        return ort.run(self.session, images)


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
        card = parse_card(json.loads(metadata[KEY]))
    except (ValueError, TypeError) as error:
        raise InputError(f"The description inside “{path.name}” is damaged ({error}). Export it again.") from error
    check_unaltered(card, model, metadata.get("names", ""), path.name)
    return card


def check_unaltered(card: Card, model: onnx.ModelProto, names: str, name: str) -> None:
    """Compare description, class names and graph with their digests.

    Args:
        card: the description.
        model: the file.
        names: its `names` entry.
        name: of the file, for the sentence.

    Raises:
        InputError: one of them was altered.
    """
    found = []
    if card.contract and card.contract != model_proof.contract_digest(to_json(card)):
        found.append("its description")
    if card.contract and names and names != names_entry(card.classes):
        found.append("its class names")
    if card.graph and card.graph != model_proof.graph_digest(model):
        found.append("its network")
    if found:
        raise InputError(
            f"“{name}” is not as it was exported: {' and '.join(found)} was altered or damaged. Export it again."
        )


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
    try:
        inputs = list(golden_inputs(model.card))
    except ValueError as error:
        raise InputError(f"The description inside “{name}” is damaged ({error}). Export it again.") from error
    for one, image in inputs:
        try:
            found = model.run(image[None])[0]
        except Exception as error:
            raise InputError(f"“{name}” cannot be run: {str(error).splitlines()[0][:200]}") from error
        expected = np.array(one.probabilities, dtype=np.float32)
        if found.shape != expected.shape or not np.all(np.abs(found - expected) <= tolerance_of(model.card)):
            raise InputError(
                f"“{name}” does not give the answers that it was exported with: the file was altered or damaged. "
                "Export it again."
            )


def golden_inputs(card: Card) -> Iterator[tuple[Golden, Pixels]]:
    """The golden pictures, and what the model is given for each: uint8 `[H, W, 3]`.

    Raises:
        ValueError: a picture is damaged.
    """
    for one in card.golden:
        yield one, model_proof.enlarged(one.png, card.preprocess.size)
    for one in card.golden_decoded:
        image = model_proof.decode(one.png)
        yield one, np.asarray(image) if card.resized == "inside" else apply(image, card.preprocess)


def tolerance_of(card: Card) -> float:
    """Largest difference of a probability that is still the same answer."""
    if card.tolerance > 0:
        return min(card.tolerance, _LOOSEST)
    return TOLERANCE if card.precision == "fp32" else 20 * TOLERANCE


def names_entry(classes: Sequence[str]) -> str:
    """The `names` metadata in Ultralytics' style, `{0: 'ants', 1: 'bees'}`."""
    return repr(dict(enumerate(classes)))
