"""The proof: what was written down is held against the trained network, on every validation picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import torch

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.pictures import PictureError, open_rgb
from deskclassify.core.preprocess import Pixels
from deskclassify.core.run_folder import RunInfo
from deskclassify.core.sources import Item
from deskclassify.core.words import counted
from deskclassify.ml import ort
from deskclassify.ml.exporting.plan import Plan
from deskclassify.ml.images import map_ahead, read_many
from deskclassify.ml.model_file import TOLERANCE

BATCH = 8
HALF_TOLERANCE = 0.02  # of a probability, in float16
INT8_TOLERANCE = 0.02  # the same file on another processor, with 8-bit numbers
INSIDE_TOLERANCE = 0.01  # the same file on another processor, with the resizing inside
_HALF_MAY_LOSE = 0.005  # accuracy
_INT8_MAY_LOSE = 0.02
_INSIDE_AGREEMENT = 0.99  # share of the pictures
_OTHER_SINCE = 0.02  # share of the pictures that may have another class than at the end of the training

Answers = Callable[[Pixels], np.ndarray]
"""uint8 `[N, H, W, 3]` → float32 `[N, C]`"""


@dataclass
class Comparison:
    """What a model says of the validation pictures, and what it should say.

    Attributes:
        wanted: probabilities that it should give, float32 `[C]` a picture, by path.
        right, right_before: pictures that got their own class: from the model, and from what it is held against.
    """

    images: int = 0
    same_top1: int = 0
    max_abs_diff: float = 0.0
    right: int = 0
    right_before: int = 0
    wanted: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def agreement(self) -> float:
        """Share of the pictures that get the same class, 0 to 1."""
        return self.same_top1 / self.images if self.images else 1.0

    @property
    def accuracy(self) -> float | None:
        """Of the model; None without pictures."""
        return self.right / self.images if self.images else None

    @property
    def accuracy_before(self) -> float | None:
        """Of what it is held against; None without pictures."""
        return self.right_before / self.images if self.images else None

    def add(self, found: np.ndarray, wanted: np.ndarray, targets: np.ndarray) -> None:
        """Count a batch: two times float32 `[N, C]`, and int `[N]`."""
        self.images += len(found)
        self.same_top1 += int((found.argmax(1) == wanted.argmax(1)).sum())
        difference = float(np.abs(found - wanted).max()) if len(found) else 0.0
        self.max_abs_diff = max(self.max_abs_diff, difference if np.isfinite(difference) else 1.0)
        self.right += int((found.argmax(1) == targets).sum())
        self.right_before += int((wanted.argmax(1) == targets).sum())


def torch_answers(network: torch.nn.Module) -> Answers:
    """What a network in torch says; its weights are laid out anew, which is faster on a processor."""
    network = network.to(memory_format=torch.channels_last)

    def answers(images: Pixels) -> np.ndarray:
        with torch.inference_mode():
            result: np.ndarray = network(torch.from_numpy(images)).numpy()
            return result

    return answers


def session_answers(model: onnx.ModelProto) -> Answers:
    """What ONNX Runtime says of a model."""
    opened = ort.session(model.SerializeToString(), spinning=False)  # torch computes in between
    return lambda images: ort.run(opened, images)


def with_training(
    plan: Plan, answers: Answers, reference: Answers, check: Comparison, should_stop: ShouldStop
) -> Iterator[Event]:
    """Compare on all validation pictures, resized as they were in training; fills `check`."""
    yield from _compare(plan, answers, reference, check, "Comparing with training", should_stop)


def with_reference(
    plan: Plan, answers: Answers, reference: Comparison, check: Comparison, text: str, should_stop: ShouldStop
) -> Iterator[Event]:
    """Compare on the same pictures with answers that were given already; fills `check`."""
    yield from _compare(plan, answers, reference, check, text, should_stop)


def with_resizing(
    plan: Plan, answers: Answers, reference: Comparison, check: Comparison, should_stop: ShouldStop
) -> Iterator[Event]:
    """Compare a model that resizes by itself: it is given decoded pictures, one by one; fills `check`."""
    items = [item for item in _valid(plan) if item.path in reference.wanted]
    throttle = Throttle()
    decoded = map_ahead(lambda item: _decoded(item.path), items, 2)
    for done, (item, pixels) in enumerate(zip(items, decoded, strict=True), 1):
        if pixels is not None:
            check.add(answers(pixels[None]), reference.wanted[item.path][None], _targets(plan, [item]))
        if throttle.ready(done == len(items)):
            yield Progress("Comparing the resizing", done, len(items))
        if should_stop():
            return


def _decoded(path: str) -> Pixels | None:
    try:
        return np.asarray(open_rgb(path))
    except PictureError:
        return None


def _valid(plan: Plan) -> list[Item]:
    return [item for item in plan.run.split() if item.subset == "valid"]


def _targets(plan: Plan, items: Sequence[Item]) -> np.ndarray:
    number = {name: at for at, name in enumerate(plan.classes)}
    return np.array([number[plan.names[item.label]] for item in items])


def _compare(
    plan: Plan,
    answers: Answers,
    reference: Answers | Comparison,
    check: Comparison,
    text: str,
    should_stop: ShouldStop,
) -> Iterator[Event]:
    items = _valid(plan)
    throttle = Throttle()
    for done, (images, some) in enumerate(batches(items, plan.info), 1):
        if isinstance(reference, Comparison):
            known = [at for at, item in enumerate(some) if item.path in reference.wanted]
            images, some = images[known], [some[at] for at in known]
            wanted = np.array([reference.wanted[item.path] for item in some])
        else:
            wanted = reference(images)
        if some:
            check.add(answers(images), wanted, _targets(plan, some))
            check.wanted.update((item.path, row) for item, row in zip(some, wanted, strict=True))
        if throttle.ready(done * BATCH >= len(items)):
            yield Progress(text, check.images, len(items))
        if should_stop():
            return


def batches(items: Sequence[Item], info: RunInfo) -> Iterator[tuple[Pixels, list[Item]]]:
    """Pictures decoded as prediction decodes them, and whose they are; files that have vanished are left out."""
    images: list[Pixels] = []
    kept: list[Item] = []
    for item, picture in zip(items, read_many([item.path for item in items], info.preprocess, exact=True), strict=True):
        if picture.pixels is not None:
            images.append(picture.pixels)
            kept.append(item)
        if len(images) == BATCH:
            yield np.stack(images), kept
            images, kept = [], []
    if images:
        yield np.stack(images), kept


def judge_training(plan: Plan, check: Comparison) -> None:
    """Whether the file gives the answers of the trained network, and that network those of the training.

    Raises:
        UserError: one does not.
    """
    if check.same_top1 != check.images or check.max_abs_diff > TOLERANCE:
        raise UserError(
            f"The exported model does not answer like the trained one ({check.images - check.same_top1} of "
            f"{counted(check.images, 'picture')} get another class, probabilities differ by up to "
            f"{check.max_abs_diff:.2g}), "
            "so no file was written. Please report this with the log."
        )
    other, known = _other_than_trained(plan, check)
    if other > 1 + _OTHER_SINCE * known:
        raise UserError(
            f"{counted(other, 'validation picture')} of {known} get another class than at the end of the training: "
            "the run folder or the pictures were changed since, so no file was written. Train again."
        )


def _other_than_trained(plan: Plan, check: Comparison) -> tuple[int, int]:
    """How many pictures have another class now than in the run's own list, and how many were looked at."""
    if plan.is_merged:
        return 0, 0  # the likeliest of merged classes may rightly be another one
    try:
        verdicts = plan.run.predictions()
    except InputError:
        return 0, 0  # there is no such list any more
    seen = [(one, check.wanted[one.path]) for one in verdicts if one.path in check.wanted]
    other = sum(plan.names.get(one.predicted) != plan.classes[int(row.argmax())] for one, row in seen)
    return other, len(seen)


def judge_half(check: Comparison) -> None:
    """Whether float16 is good enough.

    Raises:
        UserError: it is not.
    """
    lost = check.right_before - check.right
    if check.max_abs_diff > HALF_TOLERANCE or lost > max(1, _HALF_MAY_LOSE * check.images):
        raise UserError(
            f"With 16-bit arithmetic probabilities differ by up to {check.max_abs_diff:.2g}, and {max(0, lost)} of "
            f"{counted(check.images, 'validation picture')} more would be wrong, so no file was written. "
            "Export with full precision."
        )


def loses_little(check: Comparison) -> bool:
    """Whether 8-bit arithmetic is good enough."""
    return (check.right_before - check.right) / max(1, check.images) <= _INT8_MAY_LOSE


def judge_resizing(check: Comparison) -> None:
    """Whether the resizing in the graph is near enough to Pillow's.

    Raises:
        UserError: it is not.
    """
    if check.images - check.same_top1 > max(1, (1 - _INSIDE_AGREEMENT) * check.images):
        raise UserError(
            f"With the resizing inside the model only {check.agreement:.1%} of the validation pictures get the same "
            f"class as in training ({_INSIDE_AGREEMENT:.0%} are needed), so no file was written. "
            "Export with the resizing outside."
        )
