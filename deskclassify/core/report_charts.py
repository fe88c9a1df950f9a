"""Charts of a report as SVG: curves over the epochs, and the reliability diagram. Colours are classes of the style."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 380, 232  # units of the drawing
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 14, 38
_MOST_POINTS = 600  # of a curve; more could not be seen


@dataclass(frozen=True)
class Curve:
    """A line of a chart.

    Attributes:
        name: in words.
        style: class of the style sheet, `c1` or `c2`.
        points: x and y; a y that is None or no number leaves a gap.
    """

    name: str
    style: str
    points: Sequence[tuple[float, float | None]]


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, at most about `most`: 1, 2 or 5 times a power of ten apart."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low]
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def curves(
    title: str,
    lines: Sequence[Curve],
    text: Callable[[float], str],
    border: float | None = None,
    best: float | None = None,
    from_zero: bool = True,
) -> str:
    """A chart over the epochs.

    Args:
        title: for those who cannot see it, and above it.
        lines: at least one point among them.
        text: a value of the y axis in words.
        border: the last epoch of the frozen phase; None where there is one phase only.
        best: the epoch whose network was kept.
        from_zero: whether the y axis begins at zero.

    Returns:
        a `figure` element; empty where there is nothing to draw.
    """
    values = [y for line in lines for _, y in line.points if y is not None and math.isfinite(y)]
    if not values:
        return ""
    last = max(x for line in lines for x, _ in line.points)
    low, high = _range(values, from_zero)
    frame = _Frame((0.5, max(last, 1) + 0.5), (low, high))
    parts = [frame.y_axis(text), frame.x_axis([x for x in ticks(1, last, 8) if x == int(x) and x >= 1] or [1.0])]
    if best is not None:
        parts.append(frame.upright(best, "best"))
    parts += [frame.line(line) for line in lines]
    if border is not None and border < last:
        x = frame.x(border + 0.5)
        parts.append(frame.upright(border + 0.5, "edge"))
        parts.append(f'<text class="note" x="{x + 5:.1f}" y="{_TOP + 11}">whole network</text>')
    parts.append(f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}">epoch</text>')
    keys = "".join(f'<span><i class="{line.style}"></i>{escape(line.name)}</span>' for line in lines)
    return _figure(title, keys if len(lines) > 1 else "", parts, _described(lines, text))


def diagonal(title: str, bins: Sequence[tuple[float, float, int]], note: str) -> str:
    """A reliability diagram.

    Args:
        title: above it.
        bins: mean confidence, accuracy, number of pictures; bins without pictures are left out.
        note: HTML below the title.
    """
    frame = _Frame((0.0, 1.0), (0.0, 1.0))
    most = max((count for _, _, count in bins), default=1)
    parts = [frame.y_axis(lambda value: f"{value:.0%}"), frame.x_axis([0, 0.25, 0.5, 0.75, 1], lambda x: f"{x:.0%}")]
    parts.append(
        f'<line class="edge" x1="{frame.x(0):.1f}" y1="{frame.y(0):.1f}" x2="{frame.x(1):.1f}" y2="{frame.y(1):.1f}"/>'
    )
    for confidence, right, count in bins:
        radius = 3 + 9 * math.sqrt(count / most)
        told = f"{count} pictures: said {confidence:.0%}, right {right:.0%}"
        parts.append(
            f'<circle class="dot" cx="{frame.x(confidence):.1f}" cy="{frame.y(right):.1f}" r="{radius:.1f}">'
            f"<title>{told}</title></circle>"
        )
    parts.append(f'<text class="axis" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 6}">probability said</text>')
    described = "; ".join(f"{count} pictures at {said:.0%}: {right:.0%} right" for said, right, count in bins)
    return _figure(title, note, parts, described)


class _Frame:
    """From values to places of the drawing."""

    def __init__(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        self._across, self._up = across, up

    def x(self, value: float) -> float:
        low, high = self._across
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self._up
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    def y_axis(self, text: Callable[[float], str]) -> str:
        """Lines across with their values."""
        return "".join(
            f'<line class="grid" x1="{_LEFT}" y1="{self.y(at):.1f}" x2="{_WIDTH - _RIGHT}" y2="{self.y(at):.1f}"/>'
            f'<text class="value" x="{_LEFT - 7}" y="{self.y(at) + 4:.1f}">{escape(text(at))}</text>'
            for at in ticks(*self._up)
        )

    def x_axis(self, places: Sequence[float], text: Callable[[float], str] = lambda x: f"{x:.0f}") -> str:
        """Values below."""
        return "".join(
            f'<text class="axis" x="{self.x(at):.1f}" y="{_HEIGHT - _BOTTOM + 16}">{text(at)}</text>' for at in places
        )

    def upright(self, value: float, style: str) -> str:
        """A line from top to bottom."""
        x = self.x(value)
        return f'<line class="{style}" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}"/>'

    def line(self, curve: Curve) -> str:
        """The line of a curve, with gaps where there is no value; a point alone is a dot."""
        step = max(1, math.ceil(len(curve.points) / _MOST_POINTS))
        points = [point for at, point in enumerate(curve.points) if at % step == 0 or at == len(curve.points) - 1]
        parts: list[list[str]] = [[]]
        for x, y in points:
            if y is None or not math.isfinite(y):
                parts.append([])
            else:
                parts[-1].append(f"{self.x(x):.1f},{self.y(min(max(y, self._up[0]), self._up[1])):.1f}")
        drawn = ""
        for part in parts:
            if len(part) == 1:
                x_text, _, y_text = part[0].partition(",")
                drawn += f'<circle class="{curve.style} point" cx="{x_text}" cy="{y_text}" r="3"/>'
            elif part:
                drawn += f'<polyline class="{curve.style}" points="{" ".join(part)}"/>'
        return drawn


def _range(values: Sequence[float], from_zero: bool) -> tuple[float, float]:
    """Of the y axis. One wild value must not flatten all others: the highest twentieth is cut where it is far off."""
    order = sorted(values)
    high = order[-1]
    usual = order[int(0.95 * (len(order) - 1))]
    if high > 3 * usual > 0:
        high = 1.5 * usual
    low = 0.0 if from_zero else min(order)
    room = (high - low) or abs(high) or 1.0
    return (low if from_zero else low - 0.05 * room), high + 0.05 * room


def _figure(title: str, keys: str, parts: Sequence[str], described: str) -> str:
    key_line = f'<p class="keys">{keys}</p>'  # also without any, so that charts side by side are in line
    return (
        f'<figure class="chart"><figcaption><h3>{escape(title)}</h3>{key_line}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"><title>{escape(title)}</title>'
        f"<desc>{escape(described)}</desc>{''.join(parts)}</svg></figure>"
    )


def _described(lines: Sequence[Curve], text: Callable[[float], str]) -> str:
    """For those who cannot see the drawing: where each line begins and ends."""
    told = []
    for line in lines:
        known = [y for _, y in line.points if y is not None and math.isfinite(y)]
        if known:
            told.append(f"{line.name}: from {text(known[0])} to {text(known[-1])}")
    return "; ".join(told)
