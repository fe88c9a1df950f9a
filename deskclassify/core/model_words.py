"""What is known of a model, in words: for the Predict page and the Share sheet."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import PurePath

from deskclassify.core.architectures import ARCHITECTURES, HALF, IMAGENET_MEAN, IMAGENET_STD
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import ModelRead
from deskclassify.core.words import counted, percent

_ORIGINS = {"deskclassify": "deskclassify", "ultralytics": "Ultralytics", "foreign": "another program"}
_MOST_NAMES = 60  # of classes, in one line
_PROVIDERS = {"CPU": "Processor", "CUDA": "NVIDIA CUDA", "Tensorrt": "NVIDIA TensorRT", "DML": "DirectML"}
_PRECISIONS = {"fp32": "32 bits", "fp16": "16 bits", "int8": "8 bits"}
_VALUES = {  # mean and std → what the network is given
    (IMAGENET_MEAN, IMAGENET_STD): "with ImageNet's mean and spread",
    (HALF, HALF): "from −1 to 1",
    ((0.0,) * 3, (1.0,) * 3): "from 0 to 1",
    ((0.0,) * 3, (1 / 255,) * 3): "from 0 to 255",
}


def about(read: ModelRead) -> tuple[tuple[str, str], ...]:
    """What a model file contains: title and text of each line, as far as it is known."""
    how = read.handling
    rows = [
        ("File", f"{PurePath(read.model).name}, {file_size(read.bytes)}" if read.bytes else PurePath(read.model).name),
        ("Written by", _ORIGINS[read.origin] + (f", {when(read.created)}" if read.created else "")),
        ("Network", network(read.architecture)),
        ("Classes", _classes(how) + _from(read.labels_from)),
        ("Accuracy", _accuracy(read)),
        ("Numbers", precision_words(read.precision)),
        ("None of these", _threshold(read)),
        ("Input", read.input_text),
        ("Output", read.output_text + (", raw scores that go through softmax" if _is_logits(read) else "")),
        ("Pictures", _pictures(read)),
        ("Checked", parity_words(read.parity)),
        ("Runs on", provider_words(read.provider) + (f". {read.provider_note}" if read.provider_note else "")),
        ("Versions", ", ".join(f"{name} {number}" for name, number in read.versions.items())),
        ("ONNX operators", f"version {read.opset}" if read.opset else ""),
    ]
    return tuple((title, text) for title, text in rows if text)


def file_size(count: int) -> str:
    """Bytes of a file: “13.5 MB”, “640 kB”."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{math.ceil(count / 1e3):,} kB"


def network(architecture: str) -> str:
    """The name of a network as people write it."""
    known = ARCHITECTURES.get(architecture)
    return known.title if known is not None else architecture


def provider_words(provider: str) -> str:
    """What computes, in plain words."""
    name = provider.removesuffix("ExecutionProvider")
    return _PROVIDERS.get(name, name)


def precision_words(precision: str) -> str:
    """“8 bits (int8)”."""
    return f"{_PRECISIONS[precision]} ({precision})" if precision in _PRECISIONS else precision


def resize_words(how: Preprocess, inside: bool = False) -> str:
    """How a picture gets the size of the network's input; `inside` says that the graph does it."""
    size, by = f"{how.size} × {how.size} pixels", how.interpolation
    if inside:
        return f"Pictures of any size go in, and the model scales them to {size} itself."
    if how.resize == "squish":
        return f"Each picture is scaled to {size} ({by})."
    if how.resize == "pad":
        color = ", ".join(map(str, how.pad_color))
        return f"Each picture is fitted into {size} ({by}); around it is the colour {color}."
    return f"The shorter side is scaled to {how.resize_to} pixels ({by}), then the middle {size} are cut out."


def values_words(how: Handling, origin: str = "foreign") -> str:
    """Which numbers the network is given for the colours; those of deskclassify's own models are their own affair."""
    if origin == "deskclassify":
        return ""
    mean, std = how.preprocess.mean, how.preprocess.std
    known = _VALUES.get((mean, std))
    if known is None:
        spans = [f"(value − {one:g}) ÷ {other:g}" for one, other in zip(mean, std, strict=True)]
        known = f"on the scale 0 to 1, as {', '.join(spans)}"
    order = "red, green, blue" if how.channels == "rgb" else "blue, green, red"
    return f"Colours go in {known}, in the order {order}."


def parity_words(parity: dict[str, float]) -> str:
    """What the comparison with training has shown."""
    images = int(parity.get("images", 0))
    if not images:
        return ""
    text = f"on {counted(images, 'picture')} when it was exported: the class of training for "
    text += f"{percent(parity.get('top1_agreement', 0.0))} of them"
    return f"{text}, largest difference of a probability {difference(parity.get('max_abs_diff', 0.0))}"


def difference(value: float) -> str:
    """A difference of probabilities, never smaller than it is."""
    return f"{math.ceil(value * 1e6) / 1e6:.6f}" if value < 0.01 else f"{math.ceil(value * 1e4) / 1e4:.4f}"


def when(created: str) -> str:
    """A time of the metadata as a day; as it stands where it is none."""
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        return created[:40]
    return f"{at.day} {at:%B %Y}"


def _pictures(read: ModelRead) -> str:
    how = read.handling
    if how is None:
        return ""
    return f"{resize_words(how.preprocess, read.resized == 'inside')} {values_words(how, read.origin)}".strip()


def _classes(how: Handling | None) -> str:
    if how is None or not how.classes:
        return ""
    more = f" and {len(how.classes) - _MOST_NAMES:,} more" if len(how.classes) > _MOST_NAMES else ""
    return f"{len(how.classes):,}: {', '.join(how.classes[:_MOST_NAMES])}{more}"


def _from(labels_from: str) -> str:
    if labels_from in ("", "metadata", "you"):
        return {"you": " (given by you)"}.get(labels_from, "")
    return f" (from {PurePath(labels_from).name})"


def _accuracy(read: ModelRead) -> str:
    if read.accuracy is None:
        return ""
    text = f"{percent(read.accuracy)} of its validation pictures are right"
    if read.accuracy_before is not None and read.precision not in ("", "fp32"):
        text += f"; {percent(read.accuracy_before)} with 32-bit numbers"
    return text


def _threshold(read: ModelRead) -> str:
    return f"where no class reaches {percent(read.threshold)}" if read.threshold > 0 else ""


def _is_logits(read: ModelRead) -> bool:
    return bool(read.output_text) and read.origin != "deskclassify" and _output(read.handling) == "logits"


def _output(how: Handling | None) -> str:
    return how.output if how is not None else ""
