"""The description inside an exported file: metadata, golden pictures and digests; and its last check."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, replace

import onnx

from deskclassify.core.codec import to_json
from deskclassify.core.errors import UserError
from deskclassify.ml import model_proof, ort
from deskclassify.ml.exporting import drawn, parity
from deskclassify.ml.exporting.parity import Answers, Comparison
from deskclassify.ml.exporting.plan import Plan
from deskclassify.ml.model_file import (
    KEY,
    TOLERANCE,
    Card,
    OpenModel,
    check_unaltered,
    names_entry,
    parse_card,
    self_test,
)
from deskclassify.ml.versions import versions


@dataclass(frozen=True)
class Outcome:
    """What was made, and what the comparisons found.

    Attributes:
        precision: `fp32`, `fp16` or `int8`.
        check: of the network, on pictures that were resized as in training.
        resizing: of the resizing inside; None where there is none.
        calibration: how the 8-bit numbers were found.
        bytes_before: of the same model in fp32; None where it is that one.
    """

    precision: str
    check: Comparison
    resizing: Comparison | None = None
    calibration: str = ""
    bytes_before: int | None = None


def card(plan: Plan, outcome: Outcome) -> Card:
    """The description, without golden pictures, digests and opset."""
    info, check = plan.info, outcome.check
    is_exact = outcome.precision == "fp32"
    own = info.result.get("accuracy")
    told = outcome.resizing or check
    measured = not is_exact or plan.is_merged or outcome.resizing is not None
    return Card(
        classes=plan.classes,
        preprocess=info.preprocess,
        architecture=info.architecture,
        accuracy=told.accuracy if measured else own,
        temperature=plan.rule.temperature,
        threshold=plan.rule.threshold,
        coverage=plan.rule.coverage,
        parity=_figures(outcome),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        versions=versions(),
        data_fingerprint=str(info.raw.get("data_fingerprint", "")),
        precision=outcome.precision,
        resized="outside" if outcome.resizing is None else "inside",
        tolerance=_tolerance(outcome),
        calibration=outcome.calibration,
        accuracy_before=None if is_exact and outcome.resizing is None else told.accuracy_before,
        bytes_before=outcome.bytes_before,
    )


def _tolerance(outcome: Outcome) -> float:
    by_precision = {"fp32": TOLERANCE, "fp16": parity.HALF_TOLERANCE, "int8": parity.INT8_TOLERANCE}
    inside = parity.INSIDE_TOLERANCE if outcome.resizing is not None else 0.0
    return max(by_precision[outcome.precision], inside)


def _figures(outcome: Outcome) -> dict[str, float]:
    """Top-1 and differences; the plain keys are those of the whole model, as it is used."""
    check = outcome.check
    figures = {"images": check.images, "top1_agreement": check.agreement, "max_abs_diff": check.max_abs_diff}
    if outcome.resizing is None:
        return figures
    whole = outcome.resizing
    return {
        "images": whole.images,
        "top1_agreement": whole.agreement,
        "max_abs_diff": whole.max_abs_diff,
        "top1_agreement_resized": check.agreement,
        "max_abs_diff_resized": check.max_abs_diff,
    }


def described(model: onnx.ModelProto, described_by: Card, answers: Answers) -> tuple[bytes, Card]:
    """Put the metadata into the model; the golden probabilities are the model's own.

    Args:
        model: gets the metadata.
        described_by: the description.
        answers: of this very model.

    Returns:
        the file, and the complete description.
    """
    how, size = described_by.preprocess, described_by.preprocess.size
    inside = described_by.resized == "inside"
    whole = replace(
        described_by,
        opset=opset_of(model),
        golden=drawn.golden(answers, size),
        golden_decoded=drawn.golden_decoded(answers, how, answers if inside else None),
        graph=model_proof.graph_digest(model),
    )
    whole = replace(whole, contract=model_proof.contract_digest(to_json(whole)))
    entries = {
        "names": names_entry(whole.classes),
        "task": "classify",
        "imgsz": repr([size, size]),
        KEY: json.dumps(to_json(whole)),
    }
    onnx.helper.set_model_props(model, entries)
    model.producer_name, model.producer_version = "deskclassify", whole.versions["deskclassify"]
    data: bytes = model.SerializeToString()
    return data, whole


def opset_of(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators."""
    return int(next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")))


def verify(data: bytes) -> None:
    """The checker's word on the very bytes that are written, and the file's own self-test.

    Raises:
        UserError: something is wrong.
    """
    model = onnx.load_from_string(data)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise UserError("The exported model did not pass the ONNX checker, so no file was written.") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    found = parse_card(json.loads(metadata[KEY]))
    check_unaltered(found, model, metadata["names"], "The exported model")
    self_test(OpenModel(found, ort.session(data)), "The exported model")
