"""Answers as JSON: the same objects from the window and from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deskclassify.core import atomic
from deskclassify.core.events import Prediction


def public(row: Prediction) -> dict[str, Any]:
    """One file as JSON (DESIGN section 4)."""
    if row.error:
        return {"path": row.path, "error": row.error}
    return {
        "path": row.path,
        "label": row.label,
        "probability": row.probability,
        "top": [[label, probability] for label, probability in row.top],
        **({"refused": True} if row.refused else {}),
    }


def write(
    file: Path, rows: Iterable[Prediction], model: Mapping[str, Any], corrected: Mapping[str, str] | None = None
) -> None:
    """Write one object: `model` with what is known of it, `predictions` with an object for each file, one a line.

    Bytes of a path that are not UTF-8 are written as lone surrogates, as `predict --json` does.

    Args:
        file: to write.
        rows: the answers.
        model: facts; what is empty or None is left out.
        corrected: path → class that the user gave instead; such an object gets a key `corrected`.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    known = {key: value for key, value in model.items() if value not in (None, "", (), [], {})}
    lines = []
    for row in rows:
        one = public(row)
        if corrected and row.path in corrected:
            one["corrected"] = corrected[row.path]
        lines.append(json.dumps(one))
    body = ",\n".join(lines)
    atomic.write_text(file, f'{{"model": {json.dumps(known)},\n"predictions": [\n{body}\n]}}\n')
