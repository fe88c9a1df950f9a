"""Formulas with numbers put in, as people write them."""

from __future__ import annotations

import math
import re

import numpy as np

_DIGITS = 4  # significant
_PLAIN_FROM = 1e-6  # smaller numbers are written with a power of ten


def exact(value: float) -> str:
    """Four significant digits, with a true minus sign and no needless zeros."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "not a number"
    rounded = float(f"{value:.{_DIGITS}g}")
    if rounded and abs(rounded) < _PLAIN_FROM:
        return f"{rounded:.{_DIGITS - 1}g}".replace("-", "−")
    return np.format_float_positional(rounded + 0.0, trim="-").replace("-", "−")


def put_in(formula: str, x: float, terms: dict[str, float]) -> str:
    """Put numbers in the place of names: `x − mean` becomes `1.2 − 0.3`, or `1.2 + 0.3` where the mean is below zero.

    Args:
        formula: with the names of `terms` and `x` as words.
        x: the number for `x`.
        terms: the others.
    """
    numbers = {**terms, "x": x}
    names = "|".join(re.escape(name) for name in sorted(numbers, key=len, reverse=True))
    text = re.sub(rf"(?<!\w)({names})(?![A-Za-z])", lambda found: _bracketed(numbers[found[1]]), formula)
    number = r"([\d.]+(?:e−?\+?\d+)?)"
    text = re.sub(rf"\+ \(−{number}\)", r"− \1", text)
    text = re.sub(rf"− \(−{number}\)", r"+ \1", text)
    text = re.sub(rf"\(−\(−{number}\)\)", r"(\1)", text)
    # At the beginning of a term a minus needs no brackets, unless a power follows.
    return re.sub(rf"(^|\(|, )\(−{number}\)(?!³)", r"\1−\2", text)


def _bracketed(value: float) -> str:
    text = exact(value)
    return f"({text})" if text.startswith("−") else text
