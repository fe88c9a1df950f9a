"""Export with proof: the file is written only if it answers like the network that was trained."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image

from deskclassify.core import atomic, calibration, calibration_files
from deskclassify.core.architectures import get
from deskclassify.core.codec import to_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Calibration
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Exported, Message, Progress, Started, Throttle
from deskclassify.core.preprocess import Pixels
from deskclassify.core.requests import ExportRequest
from deskclassify.core.run_folder import RunFolder, RunInfo
from deskclassify.core.sources import Item
from deskclassify.core.words import counted
from deskclassify.ml import model_proof, ort, tracing
from deskclassify.ml.images import read_many
from deskclassify.ml.model_file import KEY, TOLERANCE, Card, Golden, OpenModel, names_entry
from deskclassify.ml.versions import versions
from deskclassify.ml.zoo import load_run

OUTPUT = "probabilities"
_GOLDEN_PICTURES = 4
_BATCH = 8
_CALIBRATION_PICTURES = 128
_INT8_MAY_LOSE = 0.02  # accuracy


@dataclass
class _Comparison:
    """What two models say of the same pictures."""

    images: int = 0
    same_top1: int = 0
    max_abs_diff: float = 0.0
    right: int = 0
    right_before: int = 0


def export(request: ExportRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Write a run's best network as one ONNX file.

    The target is written beside and renamed, after the checker passed and every validation
    picture got the same answer from torch (int8: after the accuracy held).

    Raises:
        InputError: the run is not finished, or the target cannot be used.
        UserError: the model disagrees; no file is left.
    """
    begun = time.monotonic()
    run = RunFolder(Path(request.run).absolute())
    info = run.info()
    if not run.is_finished():
        raise InputError(f"The run “{run.name}” has no trained weights yet. Train it first.")
    target = _target(request)
    yield Started("export", str(target))
    plan = _plan(info, run, request.classes)
    network = _network(plan)
    yield Message("Writing the network down …")
    model = tracing.trace(network, info.preprocess.size, OUTPUT, request.fast)
    reference = _torch_answers(network)
    if request.precision == "int8":
        yield Message("Calibrating for 8-bit arithmetic …")
        model = _int8(model, run, info)
    check = _Comparison()
    answers = _session_answers(model)
    yield from _compare(plan, answers, reference, check, should_stop)
    if should_stop():
        return
    _judge(check, request.precision == "int8")
    card = _card(plan, check, request.precision == "int8")
    data = _describe(model, card, answers)
    _verify_file(data)
    _write(target, data, card, request)
    yield Exported(
        model=str(target),
        bytes=len(data),
        images=check.images,
        top1_agreement=check.same_top1 / check.images if check.images else 1.0,
        max_abs_diff=check.max_abs_diff,
        accuracy=card.accuracy,
        accuracy_before=check.right_before / check.images if request.precision == "int8" and check.images else None,
        seconds=time.monotonic() - begun,
    )


@dataclass(frozen=True)
class _Plan:
    """What is exported.

    Attributes:
        names: class of the run → its name now.
        classes: those names, in alphabetical order.
        merge: float32 `[classes of the run, classes]`; see `calibration.merging`.
        rule: temperature and threshold; as good as none where the run was not calibrated.
        bank: float16 `[n, features]`, where the rule looks for strangers.
    """

    info: RunInfo
    run: RunFolder
    names: dict[str, str]
    classes: tuple[str, ...]
    merge: np.ndarray
    rule: Calibration
    bank: np.ndarray | None

    @property
    def is_merged(self) -> bool:
        return len(self.classes) < len(self.info.classes)

    @property
    def is_reordered(self) -> bool:
        return not np.array_equal(self.merge, np.eye(len(self.merge)))


def _plan(info: RunInfo, run: RunFolder, renamed: Mapping[str, str]) -> _Plan:
    names = {name: renamed.get(name, name) for name in info.classes}
    classes, merge = calibration.merging(info.classes, names)
    if len(classes) < 2:
        raise InputError(f"All classes were merged into “{classes[0]}”, so there is nothing left to tell apart.")
    rule = calibration_files.read(run) or Calibration()
    if len(classes) < len(info.classes) and rule.coverage < 1:
        rule = calibration_files.for_merged(run, rule, names)
    bank = None
    if rule.looks_for_strangers:
        familiar = calibration_files.read_familiar(run)
        if familiar is None:
            raise InputError(f"“{run.path / 'familiar.npz'}” is missing or damaged. Apply the certainty once more.")
        bank = familiar.bank
    return _Plan(info, run, names, classes, merge, rule, bank)


Answers = Callable[[Pixels], np.ndarray]
"""uint8 `[N, size, size, 3]` → float32 `[N, C]`"""


def _target(request: ExportRequest) -> Path:
    target = Path(request.target).absolute()
    if request.layout == "triton":
        folder = target.with_suffix("") if target.suffix == ".onnx" else target
        if folder.exists():
            raise InputError(f"“{folder}” exists already. Choose another name for the model repository.")
        return folder / "1" / "model.onnx"
    if target.suffix.lower() != ".onnx":
        raise InputError(f"“{target.name}” should end in .onnx.")
    if target.is_dir():
        raise InputError(f"“{target}” is a folder. Choose a file name.")
    return target


def _network(plan: _Plan) -> torch.nn.Module:
    info, rule = plan.info, plan.rule
    model = load_run(info.architecture, len(info.classes), plan.run.best)
    preprocess = get(info.architecture)
    strangers = None
    if plan.bank is not None:
        strangers = tracing.Strangers(
            plan.bank, calibration.NEIGHBOURS, rule.similarity, rule.softness, calibration.FLATTEST
        )
    answers = tracing.Probabilities(model, rule.temperature, plan.merge if plan.is_reordered else None, strangers)
    return tracing.Pixels(answers, preprocess.mean, preprocess.std).eval()


def _torch_answers(network: torch.nn.Module) -> Answers:
    def answers(images: Pixels) -> np.ndarray:
        with torch.inference_mode():
            result: np.ndarray = network(torch.from_numpy(images)).numpy()
            return result

    return answers


def _session_answers(model: onnx.ModelProto) -> Answers:
    opened = ort.session(model.SerializeToString())
    return lambda images: ort.run(opened, images)


def _compare(
    plan: _Plan, answers: Answers, reference: Answers, check: _Comparison, should_stop: ShouldStop
) -> Iterator[Event]:
    """Run both over all validation pictures and fill `check`."""
    items = [item for item in plan.run.split() if item.subset == "valid"]
    number = {name: at for at, name in enumerate(plan.classes)}
    throttle = Throttle()
    for done, (images, labels) in enumerate(_batches(items, plan.info), 1):
        found, wanted = answers(images), reference(images)
        targets = np.array([number[plan.names[label]] for label in labels])
        check.images += len(images)
        check.same_top1 += int((found.argmax(1) == wanted.argmax(1)).sum())
        check.max_abs_diff = max(check.max_abs_diff, float(np.abs(found - wanted).max()))
        check.right += int((found.argmax(1) == targets).sum())
        check.right_before += int((wanted.argmax(1) == targets).sum())
        if throttle.ready(done * _BATCH >= len(items)):
            yield Progress("Comparing with training", check.images, len(items))
        if should_stop():
            return


def _batches(items: Sequence[Item], info: RunInfo) -> Iterator[tuple[Pixels, list[str]]]:
    """Decoded pictures as prediction decodes them; files that have vanished are left out."""
    label = {item.path: item.label for item in items}
    images: list[Pixels] = []
    labels: list[str] = []
    for picture in read_many([item.path for item in items], info.preprocess, exact=True):
        if picture.pixels is not None:
            images.append(picture.pixels)
            labels.append(label[picture.path])
        if len(images) == _BATCH:
            yield np.stack(images), labels
            images, labels = [], []
    if images:
        yield np.stack(images), labels


def _judge(check: _Comparison, int8: bool) -> None:
    if int8:
        lost = (check.right_before - check.right) / max(1, check.images)
        if lost > _INT8_MAY_LOSE:
            raise UserError(
                f"With 8-bit arithmetic {lost:.1%} of the validation pictures more would be wrong, so no file was "
                "written. Export without int8."
            )
        return
    if check.same_top1 != check.images or check.max_abs_diff > TOLERANCE:
        raise UserError(
            f"The exported model does not answer like the trained one ({check.images - check.same_top1} of "
            f"{counted(check.images, 'picture')} get another class, probabilities differ by up to "
            f"{check.max_abs_diff:.2g}), "
            "so no file was written. Please report this with the log."
        )


def _card(plan: _Plan, check: _Comparison, int8: bool) -> Card:
    info = plan.info
    items = plan.run.split()
    shown = [item for item in items if item.subset == "valid"] or items
    some = shown[:: max(1, len(shown) // _GOLDEN_PICTURES)][:_GOLDEN_PICTURES]
    pictures = read_many([item.path for item in some], info.preprocess, exact=True)
    result = info.result.get("accuracy")
    measured = check.right / check.images if check.images else None
    return Card(
        classes=plan.classes,
        preprocess=info.preprocess,
        architecture=info.architecture,
        accuracy=measured if int8 or plan.is_merged else result,
        temperature=plan.rule.temperature,
        threshold=plan.rule.threshold,
        coverage=plan.rule.coverage,
        parity={
            "images": check.images,
            "top1_agreement": check.same_top1 / check.images if check.images else 1.0,
            "max_abs_diff": check.max_abs_diff,
        },
        golden=tuple(
            Golden(model_proof.encode(Image.fromarray(picture.pixels).resize((32, 32), Image.Resampling.BOX)), ())
            for picture in pictures
            if picture.pixels is not None
        ),
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        versions=versions(),
        data_fingerprint=str(info.raw.get("data_fingerprint", "")),
        precision="int8" if int8 else "fp32",
    )


def _describe(model: onnx.ModelProto, card: Card, answers: Answers) -> bytes:
    """Put the metadata into the model; the golden probabilities are the model's own."""
    if card.golden:
        images = np.stack([model_proof.enlarged(one.png, card.preprocess.size) for one in card.golden])
        rows = answers(images).astype(np.float64).round(7)
        golden = tuple(
            replace(one, probabilities=tuple(map(float, row))) for one, row in zip(card.golden, rows, strict=True)
        )
        card = replace(card, golden=golden)
    size = card.preprocess.size
    entries = {
        "names": names_entry(card.classes),
        "task": "classify",
        "imgsz": repr([size, size]),
        KEY: json.dumps(to_json(card)),
    }
    onnx.helper.set_model_props(model, entries)
    model.producer_name, model.producer_version = "deskclassify", card.versions["deskclassify"]
    data: bytes = model.SerializeToString()
    return data


def _verify_file(data: bytes) -> None:
    """The checker's word on the very bytes that are written, and the file's own self-test."""
    from deskclassify.ml.model_file import parse_card, self_test

    model = onnx.load_from_string(data)
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise UserError("The exported model did not pass the ONNX checker, so no file was written.") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    self_test(OpenModel(parse_card(json.loads(metadata[KEY])), ort.session(data)), "The exported model")


def _write(target: Path, data: bytes, card: Card, request: ExportRequest) -> None:
    try:
        if request.layout == "triton":
            folder = target.parent.parent
            atomic.write_text(folder / "config.pbtxt", _triton_config(folder.name, card))
            atomic.write_text(folder / "labels.txt", "".join(f"{name}\n" for name in card.classes))
        atomic.write_bytes(target, data)
    except OSError as error:
        raise UserError(f"“{target}” cannot be written: {error.strerror}. Choose another place.") from error


def _triton_config(name: str, card: Card) -> str:
    size = card.preprocess.size
    return (
        f'name: "{name}"\nplatform: "onnxruntime_onnx"\nmax_batch_size: 64\n'
        f'input [ {{ name: "{tracing.INPUT}" data_type: TYPE_UINT8 dims: [ {size}, {size}, 3 ] }} ]\n'
        f'output [ {{ name: "{OUTPUT}" data_type: TYPE_FP32 dims: [ {len(card.classes)} ] '
        f'label_filename: "labels.txt" }} ]\n'
        "dynamic_batching { }\n"
    )


def _int8(model: onnx.ModelProto, run: RunFolder, info: RunInfo) -> onnx.ModelProto:
    """Static quantisation, calibrated on training pictures."""
    import tempfile

    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    items = [item for item in run.split() if item.subset == "train"]
    chosen = items[:: max(1, len(items) // _CALIBRATION_PICTURES)][:_CALIBRATION_PICTURES]

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = _batches(chosen, info)

        def get_next(self) -> dict[str, Pixels] | None:
            batch = next(self._batches, None)
            return None if batch is None else {tracing.INPUT: batch[0]}

    with tempfile.TemporaryDirectory() as folder:
        plain, ready, small = (str(Path(folder) / name) for name in ("a.onnx", "b.onnx", "c.onnx"))
        onnx.save(model, plain)
        quant_pre_process(plain, ready)
        quantize_static(
            ready,
            small,
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "MatMul", "Gemm"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_comparing(ready, info),
        )
        return tracing.clean(onnx.load(small))


def _comparing(file: str, info: RunInfo) -> list[str]:
    """The nodes that compare a picture with training pictures: fine differences of angles that 8 bits would lose."""
    graph = onnx.load(file).graph
    length, classes = get(info.architecture).features, len(info.classes)
    shape = {one.name: tuple(one.dims) for one in graph.initializer}
    kinds = ("MatMul", "Gemm")
    return [
        node.name
        for node in graph.node
        if node.op_type in kinds
        and any(shape.get(name, ())[:1] == (length,) and shape[name][1] != classes for name in node.input)
    ]
