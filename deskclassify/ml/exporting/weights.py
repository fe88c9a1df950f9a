"""Weights as safetensors, with what a programmer needs to load them into timm's or torchvision's own network.

The last layer of deskclassify standardises the features first; here that is part of the linear layer's numbers, so the
plain network of the library gives the same scores.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from deskclassify.core.architectures import get
from deskclassify.core.codec import to_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.events import Event, Exported
from deskclassify.core.requests import ExportRequest
from deskclassify.ml import tracing
from deskclassify.ml.exporting import layouts, parity
from deskclassify.ml.exporting.parity import Answers, Comparison, torch_answers
from deskclassify.ml.exporting.plan import Plan, classifier, network
from deskclassify.ml.versions import versions
from deskclassify.ml.zoo import Head


@dataclass(frozen=True)
class Recipe:
    """How a library's own network is made.

    Attributes:
        library: `timm` or `torchvision`.
        make: Python, an expression; `CLASSES` and `FEATURES` stand for numbers.
        last: name of the last layer.
        change: Python, a further line; may be empty.
    """

    library: str
    make: str
    last: str
    change: str = ""


def recipe(architecture: str) -> Recipe:
    """The recipe of an architecture."""
    if get(architecture).bundled:
        return Recipe("timm", 'timm.create_model("tf_efficientnet_lite0", num_classes=CLASSES)', "classifier")
    made = f'torchvision.models.get_model("{architecture}", weights=None, num_classes=CLASSES)'
    plain = "net.classifier = torch.nn.Linear(FEATURES, CLASSES)"
    if architecture.startswith("vgg"):
        return Recipe("torchvision", made, "classifier", f"net.avgpool = torch.nn.AdaptiveAvgPool2d(1)\n{plain}")
    if architecture.startswith("resnet"):
        return Recipe("torchvision", made, "fc")
    if architecture.startswith("convnext"):
        return Recipe("torchvision", made, "classifier.2")
    return Recipe("torchvision", made, "classifier", plain)


def loading_code(architecture: str, classes: int, temperature: float) -> str:
    """A few lines of Python that build the network and load `model.safetensors`."""
    one = recipe(architecture)
    size = get(architecture).size
    lines = [
        '"""The network with its weights; `model.json` says how pictures are prepared."""',
        "",
        "from pathlib import Path",
        "",
        *sorted({f"import {one.library}", "import torch"}),
        "from safetensors.torch import load_file",
        "",
        f"net = {_filled(one.make, architecture, classes)}",
        *(_filled(one.change, architecture, classes).splitlines()),
        'net.load_state_dict(load_file(Path(__file__).with_name("model.safetensors")))',
        "net.eval()",
        "",
        "",
        "def probabilities(images: torch.Tensor) -> torch.Tensor:",
        f'    """float32 [N, {classes}], of (pixel / 255 - mean) / std, float32 [N, 3, {size}, {size}], RGB."""',
        "    with torch.inference_mode():",
        f"        return torch.softmax(net(images) / {temperature!r}, dim=1)",
        "",
    ]
    return "\n".join(lines)


def _filled(text: str, architecture: str, classes: int) -> str:
    return text.replace("CLASSES", str(classes)).replace("FEATURES", str(get(architecture).features))


def state(plan: Plan, half: bool) -> dict[str, torch.Tensor]:
    """The weights under the library's names; float16 where `half` is wanted, else float32."""
    model = classifier(plan)
    weight, bias = _joined(model.head)
    last = recipe(plan.info.architecture).last
    found = {**model.trunk.state_dict(), f"{last}.weight": weight, f"{last}.bias": bias}
    return {
        name: (value.half() if half and value.is_floating_point() else value).contiguous()
        for name, value in found.items()
    }


def _joined(head: Head) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of one linear layer that does what standardising and the linear layer do."""
    with torch.no_grad():
        mean, variance = head.norm.running_mean, head.norm.running_var
        if mean is None or variance is None:
            raise ValueError("the head has no statistics")
        weight = head.linear.weight.double() / torch.sqrt(variance.double() + head.norm.eps)
        bias = head.linear.bias.double() - weight @ mean.double()
        return weight.float(), bias.float()


def load(architecture: str, classes: int, weights: Mapping[str, torch.Tensor]) -> nn.Module:
    """What `loading_code` does.

    Raises:
        RuntimeError: the weights do not fit.
    """
    one = recipe(architecture)
    names: dict[str, Any] = {"torch": torch}
    if one.library == "timm":
        import timm

        names["timm"] = timm
    else:
        import torchvision

        names["torchvision"] = torchvision
    # The very lines that are written, which are our own: so that the proof is of them.
    exec(f"net = {_filled(one.make, architecture, classes)}\n{_filled(one.change, architecture, classes)}", names)
    net: nn.Module = names["net"]
    net.load_state_dict(dict(weights))
    return net.eval()


def export(
    request: ExportRequest, plan: Plan, where: layouts.Place, should_stop: ShouldStop, begun: float
) -> Iterator[Event]:
    """Write the weights, after they gave the same answers in a network built anew.

    Args:
        request: of the export.
        plan: what is exported.
        where: the folder.
        should_stop: of the job.
        begun: when the export began, by `time.monotonic`.

    Raises:
        UserError: they did not, or the folder cannot be written.
    """
    half = request.precision == "fp16"
    weights = state(plan, half)
    check = Comparison()
    plain = replace(plan, bank=None)  # without the rule that looks for strangers, which is no weight
    answers = _library_answers(plan, weights)
    yield from parity.with_training(plan, answers, torch_answers(network(plain)), check, should_stop)
    if should_stop():
        return
    if half:
        parity.judge_half(check)
    else:
        parity.judge_training(plan, check)
    data = save(weights)
    about = description(plan, check, request.precision)
    classes = len(plan.info.classes)
    code = loading_code(plan.info.architecture, classes, plan.rule.temperature)
    files = layouts.write(
        where,
        {
            "README.md": _readme(plan, check).encode("utf-8", "replace"),
            "load.py": code.encode(),
            "model.json": (json.dumps(about, indent=2) + "\n").encode(),
            "model.safetensors": data,
        },
    )
    yield Exported(
        model=str(where.model),
        bytes=len(data),
        images=check.images,
        top1_agreement=check.agreement,
        max_abs_diff=check.max_abs_diff,
        accuracy=about["accuracy"],
        accuracy_before=check.accuracy_before if half else None,
        bytes_before=len(save(state(plan, False))) if half else None,
        precision=request.precision,
        files=files,
        seconds=time.monotonic() - begun,
    )


def _library_answers(plan: Plan, weights: Mapping[str, torch.Tensor]) -> Answers:
    """What a library's network says with these weights, as pictures of bytes and under the names of now."""
    net = load(plan.info.architecture, len(plan.info.classes), weights)
    how = plan.info.preprocess
    taking = tracing.Pixels(net, how.mean, how.std).eval()
    merge = plan.merge.astype(np.float32)

    def answers(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            scores = taking(torch.from_numpy(images)) / plan.rule.temperature
            return np.asarray(torch.softmax(scores, dim=1).numpy() @ merge)

    return answers


def description(plan: Plan, check: Comparison, precision: str) -> dict[str, Any]:
    """`model.json`."""
    info = plan.info
    one = recipe(info.architecture)
    own = info.result.get("accuracy")
    return {
        "schema": 1,
        "library": one.library,
        "architecture": info.architecture,
        "classes": list(plan.classes),
        "outputs": [plan.names[name] for name in info.classes],
        "preprocess": to_json(info.preprocess),
        "temperature": plan.rule.temperature,
        "threshold": 0.0 if plan.rule.looks_for_strangers else plan.rule.threshold,
        "precision": precision,
        "accuracy": check.accuracy if precision != "fp32" or plan.is_merged else own,
        "parity": {
            "images": check.images,
            "top1_agreement": check.agreement,
            "max_abs_diff": check.max_abs_diff,
        },
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "data_fingerprint": str(info.raw.get("data_fingerprint", "")),
    }


def _readme(plan: Plan, check: Comparison) -> str:
    one = recipe(plan.info.architecture)
    lines = [
        f"# Weights of a classifier for {len(plan.classes)} classes",
        "",
        f"`load.py` builds the network with torch and {one.library}, and loads `model.safetensors`.",
        "`model.json` says the classes (`outputs`, in the order of the network's outputs), how pictures are prepared",
        "(`preprocess`, explained in deskclassify's docs/onnx.md), and what was measured.",
    ]
    if plan.is_merged:
        lines += ["", "Some names stand more than once in `outputs`: their probabilities are to be added up."]
    if plan.rule.looks_for_strangers:
        lines += [
            "",
            "The rule by which the ONNX file refuses pictures that are none of the classes is no part of the weights:",
            "it is missing here.",
        ]
    accuracy = check.accuracy
    if accuracy is not None:
        lines += [
            "",
            f"On {check.images} validation pictures: accuracy {accuracy:.1%}, the same class as in training for "
            f"{check.agreement:.1%}, probabilities differ by at most {check.max_abs_diff:.1g}.",
        ]
    return "\n".join([*lines, ""])
