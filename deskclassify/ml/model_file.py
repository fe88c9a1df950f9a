"""The exported ONNX model as a self-describing file (DESIGN section 6). Torch is not needed here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx

from deskclassify.core import foreign_memory
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Pixels, Preprocess, apply
from deskclassify.ml import model_proof, ort
from deskclassify.ml.foreign import hints, verdicts
from deskclassify.ml.foreign.feeding import Feeding
from deskclassify.ml.foreign.guard import guarded
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.verdicts import Judged

SCHEMA = 1
KEY = "deskclassify"
TOLERANCE = 1e-3  # largest difference of a probability that is still the same answer
_LOOSEST = 0.05  # that a description may claim for itself
_MOST_GOLDEN = 64


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


class AlteredError(InputError):
    """A model of deskclassify that is not as it was exported."""


@dataclass(frozen=True)
class OpenModel:
    """A model that was opened and has passed its self-test.

    Attributes:
        card: its description; of a foreign model, what is known of it in the same form.
        session: the network.
        feeding: how a foreign model is fed; None for one of deskclassify.
        name: of the file.
        limits: of each run; None for a file that this installation has written itself.
    """

    card: Card
    session: ort.Session
    feeding: Feeding | None = None
    name: str = ""
    limits: Limits | None = None

    def run(self, images: Pixels) -> np.ndarray:
        """Probabilities, float32 `[N, C]`, of uint8 `[N, size, size, 3]`.

        Raises:
            InputError: a model that others wrote fails, or takes too much time or memory.
        """
        if self.feeding is not None:
            return self.feeding.run(self.session, images)
        if self.limits is None:
            return ort.run(self.session, images)
        on_processor = ort.real_provider(self.session) == ort.CPU_PROVIDER
        with guarded(self.name, on_processor, self.limits) as options:
            return ort.run(self.session, images, options)


def require_model(path: Path) -> None:
    """Say so where there is no such file.

    Raises:
        InputError: there is none.
    """
    if not path.is_file():
        raise InputError(f"There is no model “{path}”. Choose an .onnx file.")


def read_card(path: Path) -> Card:
    """The description inside a model; a file that nobody knows is checked and tried first.

    Raises:
        InputError: this is no model that deskclassify wrote, or it was altered.
    """
    require_model(path)
    judged = verdicts.judged(path)
    if KEY not in judged.facts.metadata:
        raise InputError(
            f"“{path.name}” was not exported by deskclassify: it does not say how pictures are to be prepared. "
            "Choose a model that deskclassify exported."
        )
    return card_of(judged, path.name)


def card_of(judged: Judged, name: str) -> Card:
    """The description of a model of deskclassify, held against what the model is.

    Args:
        judged: the file.
        name: of it, for sentences.

    Raises:
        InputError: the description is damaged, or says what is not so.
        AlteredError: it is not what was exported.
    """
    facts = judged.facts
    try:
        value = json.loads(facts.metadata[KEY])
        if not isinstance(value, dict):
            raise ValueError("it is no JSON object")
        card = parse_card(value)
        wrong = _contradiction(card, judged)
        if wrong:
            raise ValueError(wrong)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"The description inside “{name}” is damaged ({_plainly(error)}). Export it again.") from error
    _compare_digests(card, facts.graph, facts.metadata.get("names", ""), name)
    return replace(card, classes=tuple(map(hints.clean, card.classes)), architecture=hints.clean(card.architecture))


def _plainly(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, TypeError):
        return "something is missing in it, or of the wrong kind"
    return "it is no JSON" if isinstance(error, json.JSONDecodeError) else hints.clean(str(error))[:200]


def _contradiction(card: Card, judged: Judged) -> str:
    """What in a description cannot be, as part of a sentence; empty where nothing is."""
    facts, tried = judged.facts, judged.tried
    if len(card.classes) != tried.classes:
        return f"it names {len(card.classes)} of the classes, and the network has {tried.classes}"
    if facts.input.kind != "uint8" or facts.layout != "nhwc" or not tried.within_one:
        return "the network is not of the form that deskclassify writes"
    if facts.size and facts.size != card.preprocess.size:
        return f"it speaks of {card.preprocess.size} pixels, and the network takes {facts.size}"
    if not 0 <= card.threshold <= 1 or not 0 < card.temperature < 1e6:
        return "its threshold or temperature is impossible"
    if len(card.golden) + len(card.golden_decoded) > _MOST_GOLDEN:
        return "it has too many golden pictures"
    return hints.preprocess_problem(card.preprocess)


def check_unaltered(card: Card, model: onnx.ModelProto, names: str, name: str) -> None:
    """Compare description, class names and graph with their digests.

    Args:
        card: the description.
        model: the file.
        names: its `names` entry.
        name: of the file, for the sentence.

    Raises:
        AlteredError: one of them was altered.
    """
    _compare_digests(card, model_proof.graph_digest(model), names, name)


def _compare_digests(card: Card, graph: str, names: str, name: str) -> None:
    found = []
    if card.contract and card.contract != model_proof.contract_digest(to_json(card)):
        found.append("its description")
    if card.contract and names and names != names_entry(card.classes):
        found.append("its class names")
    if card.graph and card.graph != graph:
        found.append("its network")
    if found:
        raise AlteredError(
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
    """Open a model: one of deskclassify, tested on its golden pictures, or one of which enough is known.

    A file that nobody knows is checked first and tried in a process of its own, see `deskclassify.ml.foreign`.

    Args:
        path: the file.
        device: see `ort.session`, as for the rest.
        spinning: whether idle threads wait actively.
        threads: for one operator; 1 for a caller that runs it in a thread on each processor.

    Raises:
        InputError: it is none, it is damaged or hostile, it does not give the answers that it should, or nobody has
            said how pictures are prepared for it.
    """
    require_model(path)
    judged = verdicts.judged(path)

    def session() -> ort.Session:
        return ort.session(judged.data, threads, device, spinning)

    if KEY in judged.facts.metadata:
        return open_own(judged, path.name, session)
    known = understood(path, judged)
    if known.missing:
        raise InputError(
            f"“{path.name}” was not exported by deskclassify: it does not say {hints.what_is_missing(known.missing)}. "
            "Open it on the Predict page, which asks for it, or say it once on the command line: deskclassify describe "
            "--help."
        )
    return open_foreign(judged, path, known.handling, session)


def open_own(judged: Judged, name: str, session: Callable[[], ort.Session]) -> OpenModel:
    """Open a model of deskclassify and test it.

    Raises:
        InputError: see `open_model`.
    """
    card = card_of(judged, name)
    opened = OpenModel(card, session(), name=name, limits=None if judged.own else USUAL)
    self_test(opened, name)
    return opened


def understood(path: Path, judged: Judged) -> hints.Understood:
    """What is known of a model that others wrote, from itself and from what the user has said of it before."""
    said = foreign_memory.recall(judged.digest)
    try:
        return hints.understand(path, judged.facts, judged.tried, said)
    except InputError:  # what was kept is damaged
        return hints.understand(path, judged.facts, judged.tried)


def open_foreign(judged: Judged, path: Path, handling: Handling, session: Callable[[], ort.Session]) -> OpenModel:
    """Open a model that others wrote.

    Args:
        judged: the file.
        path: of it.
        handling: all of it.
        session: opens it.
    """
    card = Card(handling.classes, handling.preprocess, hints.clean(path.stem), precision=judged.facts.precision)
    feeding = Feeding(path.name, handling, judged.facts, judged.tried)
    return OpenModel(card, session(), feeding, path.name)


def self_test(model: OpenModel, name: str) -> None:
    """Compare the answers to the golden pictures.

    Raises:
        InputError: it cannot be run.
        AlteredError: they differ: the file was altered.
    """
    try:
        inputs = list(golden_inputs(model.card))
    except ValueError as error:
        raise InputError(f"The description inside “{name}” is damaged ({error}). Export it again.") from error
    for one, image in inputs:
        try:
            found = model.run(image[None])[0]
        except InputError:
            raise
        except Exception as error:
            raise InputError(f"“{name}” cannot be run: {str(error).splitlines()[0][:200]}") from error
        expected = np.array(one.probabilities, dtype=np.float32)
        if found.shape != expected.shape or not np.all(np.abs(found - expected) <= tolerance_of(model.card)):
            raise AlteredError(
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
