"""The settings of a run in words, from `run.json`: what was asked for, what it came to, and where it ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deskclassify.core import architectures
from deskclassify.core.words import counted

_UNKNOWN = "–"
_SHORT_FINGERPRINT = 8  # characters
_MOST_NAMED = 12  # classes that are named; of more, the number is told

# Key → name. Keys that are not here are shown under their own name, so that nothing is left out.
_NAMES = {
    "sources": "Folders",
    "rule": "Classes come from",
    "valid_pct": "Share for validation",
    "valid_folder": "Folder for validation",
    "seed": "Seed",
    "test_pct": "Share for a last test",
    "grouping": "Kept on one side of the split",
    "together": "Copies kept on one side",
    "created": "Classes made by hand",
    "distinct": "Names that mean themselves",
    "renamed": "Classes renamed",
    "relabelled": "Labels changed by hand",
    "excluded": "Pictures left out by hand",
    "classes": "Classes",
    "skipped": "Unreadable pictures",
    "data_fingerprint": "Fingerprint of pictures and labels",
    "architecture": "Network",
    "preset": "Preset",
    "epochs": "Epochs",
    "frozen_epochs": "Frozen epochs",
    "learning_rate": "Learning rate",
    "batch_size": "Batch size",
    "image_size": "Image size",
    "resize": "Made square by",
    "augment": "Strength of random changes",
    "mix": "Blending of pictures",
    "balance": "Balancing of classes",
    "gradual": "Unfreezing stage by stage",
    "progressive": "Growing image size",
    "patience": "Epochs without gain until it ends",
    "tta": "Checking on changed copies",
    "weights": "Pretrained weights",
    "device": "Device",
    "size": "Image size",
    "kind": "Balancing of classes",
    "label_smoothing": "Label smoothing, unfrozen",
    "unfrozen_epochs": "Unfrozen epochs",
    "frozen_rate": "Learning rate, frozen",
    "rates": "Learning rates, unfrozen",
    "frozen_batch": "Batch size, frozen",
    "unfrozen_batch": "Batch size, unfrozen",
    "freeze_statistics": "BatchNorm statistics kept",
    "frozen_share": "Share of stages that stay frozen",
    "first_stage": "First stage that learns",
    "views": "Changed copies of each picture",
    "average_decay": "Moving average of the weights",
    "shrink": "Image sizes, as shares of the last",
    "kept_bytes": "Most memory for kept activations, bytes",
    "precision": "Precision",
    "title": "Device",
}
_EMPTY = {"valid_folder": "none", "patience": "never", "weights": "the usual ones", "skipped": "none"}
_COUNTED = {"relabelled": "picture", "excluded": "picture", "skipped": "picture", "together": "group"}
_NOT_SETTINGS = frozenset({"data", "run", "resume"})


@dataclass(frozen=True)
class Setting:
    """One setting of two runs.

    Attributes:
        group: `Pictures`, `Asked for`, `Recipe` (what was asked for came to), or `Machine`.
        name: in words.
        first, second: the values, in words.
        differs: whether the values differ, which long ones may do without their words.
    """

    group: str
    name: str
    first: str
    second: str
    differs: bool


def compare_settings(first: dict[str, Any], second: dict[str, Any]) -> tuple[Setting, ...]:
    """All settings of two runs, side by side.

    Args:
        first: contents of a `run.json`.
        second: those of another.
    """
    left, right = _flat(first), _flat(second)
    settings = []
    for group, key in dict.fromkeys((*left, *right)):
        values = left.get((group, key), _UNKNOWN), right.get((group, key), _UNKNOWN)
        texts = [value if value is _UNKNOWN else _text(group, key, value) for value in values]
        differs = values[0] != values[1]
        if differs and texts[0] == texts[1]:
            texts[1] += " (not the same)"
        settings.append(Setting(group, _name(key), texts[0], texts[1], differs))
    order = {"Pictures": 0, "Asked for": 1, "Recipe": 2, "Machine": 3}
    return tuple(sorted(settings, key=lambda one: order[one.group]))


def _flat(raw: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Group and key → value; parts that are missing or of another form are passed over."""
    request = _dict(raw, "request")
    parts: dict[str, dict[str, Any]] = {
        "Pictures": {
            **_dict(request, "data"),
            **{key: raw[key] for key in ("classes", "skipped", "data_fingerprint") if key in raw},
        },
        "Asked for": {key: value for key, value in request.items() if key not in _NOT_SETTINGS},
        "Recipe": {
            **_only(_dict(raw, "preprocess"), "size"),
            **_only(_dict(raw, "balance"), "kind"),
            **_dict(raw, "recipe"),
        },
        "Machine": {**_only(_dict(raw, "device"), "title"), **_only(raw, "precision"), **_dict(raw, "versions")},
    }
    return {(group, key): value for group, part in parts.items() for key, value in part.items()}


def _dict(values: dict[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def _only(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {key: values[key]} if key in values else {}


def _name(key: str) -> str:
    return _NAMES.get(key) or key.replace("_", " ")


def _text(group: str, key: str, value: Any) -> str:
    if value == "auto":
        return "automatic"
    if value in (None, "", [], {}) or (key == "test_pct" and not value):
        return _EMPTY.get(key, "automatic" if group == "Asked for" else "none")
    if key in ("valid_pct", "test_pct") and isinstance(value, float):
        return f"{100 * value:g} %"
    if key == "data_fingerprint":
        return str(value)[:_SHORT_FINGERPRINT]
    if key == "architecture":
        known = architectures.ARCHITECTURES.get(str(value))
        return known.title if known else str(value)
    if key in _COUNTED and isinstance(value, dict | list):
        return counted(len(value), _COUNTED[key])
    if key == "sources" and isinstance(value, list):
        return ", ".join(_source(one) for one in value)
    return _plain(value)


def _source(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    label = f" ({value['label']})" if value.get("label") else ""
    return f"{value.get('path', '')}{label}"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return _join([f"{key} → {_plain(item)}" for key, item in value.items()])
    if isinstance(value, list):
        return _join([_plain(item) for item in value])
    return str(value)


def _join(texts: list[str]) -> str:
    if len(texts) > _MOST_NAMED:
        return f"{', '.join(texts[:_MOST_NAMED])}, … ({len(texts)})"
    return ", ".join(texts)
