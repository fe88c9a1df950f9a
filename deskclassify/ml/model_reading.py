"""Telling what a model file is: who wrote it, how it is used, and what must be said before it can be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deskclassify.core import foreign_memory
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Started
from deskclassify.core.foreign import Handling
from deskclassify.core.use_events import ModelRead
from deskclassify.core.use_requests import ModelRequest
from deskclassify.ml import ort
from deskclassify.ml.foreign import hints, verdicts
from deskclassify.ml.foreign.trial import USUAL_SIZE
from deskclassify.ml.foreign.verdicts import Judged
from deskclassify.ml.model_file import (
    KEY,
    AlteredError,
    Card,
    OpenModel,
    open_foreign,
    open_own,
    parse_card,
    require_model,
    understood,
)


def read(request: ModelRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Check a model file, open it and test it; one `ModelRead`, or nothing where it was stopped.

    Raises:
        InputError: the file is damaged, hostile or no classifier of pictures, or what was said of it cannot be.
    """
    path = Path(request.model)
    require_model(path)
    yield Started("model", path.name)
    try:
        judged = verdicts.judged(path, should_stop)
    except verdicts.StoppedError:
        return
    if KEY in judged.facts.metadata:
        yield _of_deskclassify(path, judged, request.device)
    else:
        yield _of_others(path, judged, request)


def _of_deskclassify(path: Path, judged: Judged, device: str) -> ModelRead:
    plain = ModelRead(
        model=str(path),
        origin="deskclassify",
        labels_from="metadata",
        output_text=_output_text(judged),
        **_of_file(judged),
    )
    try:
        opened = open_own(judged, path.name, lambda: _session(judged, device))
    except AlteredError as error:
        # What it says can be read, and must not be believed.
        card = parse_card(json.loads(judged.facts.metadata[KEY]))
        return replace(_with_card(plain, card), state="altered", problem=error.sentence)
    return _with_provider(_with_card(plain, opened.card), opened)


def _of_others(path: Path, judged: Judged, request: ModelRequest) -> ModelRead:
    if request.forget:
        foreign_memory.forget(judged.digest)
    if request.handling is None:
        known = understood(path, judged)
    else:
        known = hints.understand(path, judged.facts, judged.tried, request.handling)
    plain = ModelRead(
        model=str(path),
        origin=known.origin,
        handling=known.handling,
        missing=known.missing,
        labels_from=known.labels_from,
        versions={"written by": hints.clean(judged.facts.producer)} if judged.facts.producer else {},
        precision=judged.facts.precision,
        output_text=_output_text(judged),
        notes=known.notes,
        **_of_file(judged),
    )
    if known.missing:
        problem = f"“{path.name}” does not say {hints.what_is_missing(known.missing)}. Say it once: it is remembered."
        return replace(plain, state="unknown", problem=problem)
    opened = open_foreign(judged, path, known.handling, lambda: _session(judged, request.device))
    told = _with_provider(plain, opened)
    if request.handling is not None:
        foreign_memory.remember(judged.digest, known.handling)
    return told


def _session(judged: Judged, device: str) -> ort.Session:
    return ort.session(judged.data, device=device, spinning=False)


def _of_file(judged: Judged) -> dict[str, Any]:
    facts = judged.facts
    return {
        "input_text": hints.clean(str(facts.input)),
        "bytes": len(judged.data),
        "opset": facts.opset,
        "outputs": judged.tried.classes,
        "size": facts.size,
    }


def _output_text(judged: Judged) -> str:
    named = [output for output in judged.facts.outputs if output.name == judged.tried.output]
    return hints.clean(str(replace(named[0], shape=(judged.facts.batch, *judged.tried.shape)))) if named else ""


def _with_card(told: ModelRead, card: Card) -> ModelRead:
    classes = tuple(map(hints.clean, card.classes))
    return replace(
        told,
        handling=Handling(classes, card.preprocess, "nhwc", "rgb", "probabilities"),
        architecture=card.architecture,
        accuracy=card.accuracy,
        accuracy_before=card.accuracy_before,
        threshold=card.threshold,
        temperature=card.temperature,
        precision=card.precision,
        parity=card.parity,
        created=card.created,
        versions=card.versions,
        resized=card.resized,
    )


def _with_provider(told: ModelRead, opened: OpenModel) -> ModelRead:
    """Run one black picture: only what has run tells the provider."""
    size = opened.card.preprocess.size or USUAL_SIZE
    opened.run(np.zeros((1, size, size, 3), np.uint8))
    return replace(
        told, provider=ort.real_provider(opened.session), provider_note=ort.real_provider_note(opened.session)
    )
