"""Export with proof: the file is written only if it answers like the network that was trained."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import onnx

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Exported, Message, Started
from deskclassify.core.requests import ExportRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.ml import tracing
from deskclassify.ml.exporting import describing, layouts, parity, plan, precision, resizing, weights
from deskclassify.ml.exporting.describing import Outcome
from deskclassify.ml.exporting.parity import Comparison
from deskclassify.ml.exporting.plan import OUTPUT, Plan
from deskclassify.ml.foreign.verdicts import remember_own


def export(request: ExportRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """Write a run's best network in one of the layouts of `exporting.layouts`.

    The target is written beside and renamed, after

    | step                                             | what must hold                                               |
    | ------------------------------------------------ | ------------------------------------------------------------ |
    | every validation picture, network of the file    | the class of torch, probabilities within 0.001; and no more  |
    |                                                  | than 2 % have another class than at the end of the training  |
    | the same in float16                              | within 0.02, and no more than 0.5 % of the accuracy lost     |
    | the same in 8 bits                               | no more than 2 % of the accuracy lost                        |
    | the same, resized in the graph                   | the same class for 99 %; and Pillow's pixels within half a   |
    |                                                  | level on average                                             |
    | the bytes of the file                            | ONNX's checker, digests, the answers to its golden pictures  |

    Raises:
        InputError: the run is not finished, options do not go together, or the target cannot be used.
        UserError: the model disagrees; no file is left.
    """
    begun = time.monotonic()
    run = RunFolder(Path(request.run).absolute())
    info = run.info()
    if not run.is_finished():
        raise InputError(f"The run “{run.name}” has no trained weights yet. Train it first.")
    plan.check_options(request)
    where = layouts.place(request.layout, request.target)
    yield Started("export", str(where.path))
    what = plan.make(info, run, request.classes)
    if request.layout == "safetensors":
        yield from weights.export(request, what, where, should_stop, begun)
        return
    made: list[tuple[onnx.ModelProto, Outcome, float | None]] = []
    yield from _models(request, what, made, should_stop)
    if should_stop() or not made:
        return
    model, outcome, speed_ratio = made[0]
    yield Message("Checking the file …")
    data, card = describing.described(model, describing.card(what, outcome), parity.session_answers(model))
    describing.verify(data)
    files = layouts.write_model(where, data, card)
    remember_own(data)
    yield Exported(
        model=str(where.model),
        bytes=len(data),
        images=int(card.parity["images"]),
        top1_agreement=card.parity["top1_agreement"],
        max_abs_diff=card.parity["max_abs_diff"],
        accuracy=card.accuracy,
        accuracy_before=card.accuracy_before,
        precision=card.precision,
        bytes_before=card.bytes_before,
        files=files,
        opset=card.opset,
        speed_ratio=speed_ratio,
        seconds=time.monotonic() - begun,
    )


def _models(
    request: ExportRequest,
    what: Plan,
    made: list[tuple[onnx.ModelProto, Outcome, float | None]],
    should_stop: ShouldStop,
) -> Iterator[Event]:
    """Write the network down and prove it; puts the model, what was found, and its speed against fp32 into `made`."""
    yield Message("Writing the network down …")
    size, opset = what.info.preprocess.size, request.opset or tracing.OPSET
    network = plan.network(what)
    exact = tracing.trace(network, size, OUTPUT, request.fast, opset)
    check = Comparison()
    yield from parity.with_training(
        what, parity.session_answers(exact), parity.torch_answers(network), check, should_stop
    )
    if should_stop():
        return
    parity.judge_training(what, check)
    outcomes = [(exact, Outcome("fp32", check))]
    if request.precision == "fp16":
        yield from _half(request, what, exact, check, outcomes, should_stop)
    elif request.precision == "int8":
        yield from _eight_bits(what, exact, check, outcomes, should_stop)
    model, outcome = outcomes[-1]
    if should_stop() or outcome.precision != request.precision:
        return
    speed_ratio = None if model is exact else precision.speed_ratio(exact, model, size)
    if request.resize_inside:
        model = resizing.inside(model, what.info.preprocess)
        resizing.check(model, what.info.preprocess)
        found = Comparison()
        yield from parity.with_resizing(what, parity.session_answers(model), check, found, should_stop)
        if should_stop():
            return
        parity.judge_resizing(found)
        outcome = Outcome(outcome.precision, outcome.check, found, outcome.calibration, outcome.bytes_before)
    if describing.opset_of(model) != opset:
        raise UserError(f"torch wrote opset {describing.opset_of(model)} instead of {opset}. Choose another opset.")
    made.append((model, outcome, speed_ratio))


def _half(
    request: ExportRequest,
    what: Plan,
    exact: onnx.ModelProto,
    reference: Comparison,
    outcomes: list[tuple[onnx.ModelProto, Outcome]],
    should_stop: ShouldStop,
) -> Iterator[Event]:
    yield Message("Writing the network down in 16-bit arithmetic …")
    half = plan.network(what, half=True)
    opset = request.opset or tracing.OPSET
    model = tracing.trace(half, what.info.preprocess.size, OUTPUT, request.fast, opset)
    check = Comparison()
    answers = parity.session_answers(model)
    yield from parity.with_reference(what, answers, reference, check, "Comparing 16-bit arithmetic", should_stop)
    if should_stop():
        return
    parity.judge_half(check)
    outcomes.append((model, Outcome("fp16", check, bytes_before=exact.ByteSize())))


def _eight_bits(
    what: Plan,
    exact: onnx.ModelProto,
    reference: Comparison,
    outcomes: list[tuple[onnx.ModelProto, Outcome]],
    should_stop: ShouldStop,
) -> Iterator[Event]:
    """Try one way after the other, until the accuracy holds.

    Raises:
        UserError: it never does.
    """
    least = 1.0
    for way in precision.WAYS:
        yield Message(f"Calibrating for 8-bit arithmetic ({way.name}) …")
        model = precision.quantised(exact, what.run, what.info, way)
        check = Comparison()
        answers = parity.session_answers(model)
        yield from parity.with_reference(what, answers, reference, check, "Comparing 8-bit arithmetic", should_stop)
        if should_stop():
            return
        if parity.loses_little(check):
            outcomes.append((model, Outcome("int8", check, None, way.name, exact.ByteSize())))
            return
        least = min(least, (check.right_before - check.right) / max(1, check.images))
    raise UserError(
        f"With 8-bit arithmetic {least:.1%} of the validation pictures more would be wrong, whichever way it is "
        "calibrated, so no file was written. Export with full or 16-bit precision."
    )
