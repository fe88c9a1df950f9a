"""By what a model file notices, when it is opened, that it is not what was exported any more.

Three things: digests of the description and of the graph; small pictures as the network takes them; and larger ones,
which go through the resizing that the description tells of. Digests find every change of the file; pictures find what a
file cannot know: another resizing in the program, or a runtime that computes otherwise. Nothing of it is meant against
forgery: who can write a file can write its digests too.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import Any

import numpy as np
import onnx
from PIL import Image

from deskclassify.core.preprocess import Pixels

# The keys of the description that answers hang on. Fixed for schema 1: their digest lies in files.
_CONTRACT = (
    "classes",
    "preprocess",
    "temperature",
    "threshold",
    "coverage",
    "precision",
    "resized",
    "tolerance",
    "golden",
    "golden_decoded",
)
_LARGEST_SIDE = 2048  # pixels of a golden picture


def contract_digest(card: dict[str, Any]) -> str:
    """Digest of what the answers hang on.

    Args:
        card: the description as JSON values, with the types that the card declares.
    """
    text = json.dumps({key: card[key] for key in _CONTRACT}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def graph_digest(model: onnx.ModelProto) -> str:
    """Digest of operators and weights; the metadata do not count."""
    digest = hashlib.sha256()
    for entry in model.opset_import:
        digest.update(f"{entry.domain}\0{entry.version}\0".encode())
    digest.update(model.graph.SerializeToString(deterministic=True))
    return digest.hexdigest()


def encode(image: Image.Image) -> str:
    """A picture as PNG in base64."""
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def decode(png: str) -> Image.Image:
    """The RGB picture behind a PNG in base64.

    Raises:
        ValueError: it is none, or larger than such a picture is.
    """
    try:
        with Image.open(io.BytesIO(base64.b64decode(png)), formats=("PNG",)) as image:
            if max(image.size) > _LARGEST_SIDE:
                raise ValueError("a golden picture is too large")
            return image.convert("RGB")
    except ValueError:
        raise
    except Exception as error:  # see core/pictures.py on what Pillow raises
        raise ValueError("a golden picture is damaged") from error


def enlarged(png: str, size: int) -> Pixels:
    """The network's input that a golden picture of 32 × 32 pixels stands for, uint8 `[size, size, 3]`."""
    return np.asarray(decode(png).resize((size, size), Image.Resampling.NEAREST))
