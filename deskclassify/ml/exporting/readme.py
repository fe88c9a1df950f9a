"""The README that goes with a model: what it is, how good it is, how it is used."""

from __future__ import annotations

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.words import counted
from deskclassify.ml.model_file import Card

_PRECISIONS = {"fp32": "full (fp32)", "fp16": "16-bit (fp16)", "int8": "8-bit (int8)"}


def readme(card: Card, size_bytes: int) -> str:
    """Markdown, for the archive with `model.onnx` and `classify.py`."""
    how = card.preprocess
    if card.resized == "inside":
        put = "takes decoded pictures, uint8 `[N, H, W, 3]` in RGB, and resizes them itself"
    else:
        put = f"takes resized pictures, uint8 `[N, {how.size}, {how.size}, 3]` in RGB"
    return "\n".join(
        [
            f"# A classifier for {len(card.classes)} classes",
            "",
            f"`model.onnx` {put} and gives the probabilities of {_listed(card)}, in this order (`labels.txt`).",
            "Scaling, normalisation and softmax are inside. The metadata of the file describe the rest, and",
            "`classify.py` does it with NumPy, Pillow 13 or newer, and ONNX Runtime alone:",
            "",
            "    pip install numpy pillow onnxruntime",
            "    python classify.py model.onnx photo.jpg",
            "",
            "| figure | value |",
            "| --- | --- |",
            *(f"| {name} | {value} |" for name, value in figures(card, size_bytes)),
            "",
            "Written by deskclassify. No pictures, paths or names of computers are inside: the pictures that the file",
            "tests itself with are drawn by chance.",
            "",
        ]
    )


def figures(card: Card, size_bytes: int) -> list[tuple[str, str]]:
    """Names and values of what was measured."""
    title = ARCHITECTURES[card.architecture].title if card.architecture in ARCHITECTURES else card.architecture
    rows = [("network", title), ("precision", _PRECISIONS[card.precision])]
    if card.accuracy is not None:
        before = "" if card.accuracy_before is None else f" (before the conversion {card.accuracy_before:.1%})"
        rows.append(("accuracy on validation pictures", f"{card.accuracy:.1%}{before}"))
    size_before = "" if card.bytes_before is None else f" (fp32: {card.bytes_before / 1e6:.1f} MB)"
    rows.append(("size of the model", f"{size_bytes / 1e6:.1f} MB{size_before}"))
    images = int(card.parity.get("images", 0))
    rows.append(
        (
            "held against training",
            f"{counted(images, 'picture')}, the same class for {card.parity.get('top1_agreement', 1.0):.1%}, "
            f"probabilities differ by at most {card.parity.get('max_abs_diff', 0.0):.1g}",
        )
    )
    if card.threshold > 0:
        rows.append(("threshold", f"below a probability of {card.threshold:.3f} the picture is none of the classes"))
    rows.append(("made", card.created))
    return rows


def _listed(card: Card) -> str:
    return ", ".join(f"`{' '.join(name.split()).replace('`', chr(39))}`" for name in card.classes)
