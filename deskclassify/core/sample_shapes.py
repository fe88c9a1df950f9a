"""The things on the sample's pictures: each drawn from random numbers, in coordinates from -1 to 1.

Every thing takes its colours from the same random palette, so that no colour gives a class away.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

Color = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class Palette:
    """Colours of one thing, RGB 0 to 255: the large area, its shaded side, two accents and the outline."""

    main: Color
    shade: Color
    light: Color
    accent: Color
    line: Color


class Brush:
    """Draws shapes given in the thing's own coordinates: turned, mirrored, scaled and moved.

    Args:
        image: RGB; drawn on.
        center: in pixels.
        scale: pixels of one unit.
        angle: radians, clockwise on the screen.
        mirror: whether left and right are exchanged.
    """

    def __init__(
        self, image: Image.Image, center: Point, scale: float, angle: float = 0.0, mirror: bool = False
    ) -> None:
        self._draw = ImageDraw.Draw(image, "RGBA")
        self._center, self._scale = center, scale
        self._cos, self._sin = math.cos(angle), math.sin(angle)
        self._sign = -1.0 if mirror else 1.0

    def place(self, points: Sequence[Point]) -> list[Point]:
        """The points in pixels."""
        (left, top), placed = self._center, []
        for x, y in points:
            x = x * self._sign
            across = (x * self._cos - y * self._sin) * self._scale
            placed.append((left + across, top + (x * self._sin + y * self._cos) * self._scale))
        return placed

    def area(self, points: Sequence[Point], color: Color, alpha: int = 255) -> None:
        """A filled polygon."""
        self._draw.polygon(self.place(points), fill=(*color, alpha))

    def blob(self, points: Sequence[Point], color: Color, alpha: int = 255) -> None:
        """A filled shape with a smooth outline through the points."""
        self.area(smooth(points), color, alpha)

    def oval(self, x: float, y: float, wide: float, high: float, color: Color, alpha: int = 255) -> None:
        """A filled ellipse with the given half axes."""
        self.area(ellipse(x, y, wide, high), color, alpha)

    def stroke(self, points: Sequence[Point], width: float, color: Color, alpha: int = 255) -> None:
        """A line with round joints; the width is in units."""
        pixels = max(1, round(width * self._scale))
        placed = self.place(points)
        self._draw.line(placed, fill=(*color, alpha), width=pixels, joint="curve")
        if alpha == 255:
            for x, y in (placed[0], placed[-1]):
                half = pixels / 2
                self._draw.ellipse((x - half, y - half, x + half, y + half), fill=color)


def ellipse(x: float, y: float, wide: float, high: float, start: float = 0.0, end: float = math.tau) -> list[Point]:
    """Points of an ellipse or of a part of it; angles in radians, clockwise from the right."""
    count = 36
    angles = (start + (end - start) * at / count for at in range(count + 1))
    return [(x + wide * math.cos(angle), y + high * math.sin(angle)) for angle in angles]


def smooth(points: Sequence[Point], closed: bool = True, steps: int = 8) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    count = len(points)
    curve: list[Point] = []
    for at in range(count if closed else count - 1):
        if closed:
            a, b, c, d = (points[(at + step) % count] for step in (-1, 0, 1, 2))
        else:
            a, b, c, d = (points[min(max(at + step, 0), count - 1)] for step in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append(
                (_catmull(a[0], b[0], c[0], d[0], t), _catmull(a[1], b[1], c[1], d[1], t)),
            )
    return curve if closed else [*curve, points[-1]]


def _catmull(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)


def fish(brush: Brush, dice: random.Random, colors: Palette) -> None:
    """A fish, swimming to the right."""
    tall = dice.uniform(0.3, 0.58)
    fork = dice.uniform(0.02, 0.22)
    tail = dice.uniform(0.3, 0.5)
    brush.area(
        smooth(
            [(-0.5, 0.0), (-0.78, -tail * 0.7), (-1.0, -tail), (-0.95 + fork, 0.0), (-1.0, tail), (-0.78, tail * 0.7)]
        ),
        colors.accent,
    )
    fin = dice.uniform(0.15, 0.4)
    brush.blob(
        [(0.3, -tall * 0.75), (-0.05, -tall - fin), (-0.42, -tall - fin * 0.4), (-0.35, -tall * 0.5)], colors.accent
    )
    brush.blob([(0.1, tall * 0.8), (-0.2, tall + fin * 0.7), (-0.3, tall * 0.6)], colors.accent)
    body = [(0.95, 0.04), (0.62, -tall * 0.72), (0.1, -tall), (-0.4, -tall * 0.55), (-0.68, -0.06)]
    body += [(-0.68, 0.06), (-0.4, tall * 0.6), (0.1, tall), (0.62, tall * 0.75)]
    brush.blob(body, colors.main)
    belly = [(0.93, 0.1), (0.5, tall * 0.25), (-0.1, tall * 0.42), (-0.6, 0.1), (-0.4, tall * 0.6), (0.1, tall)]
    brush.blob([*belly, (0.62, tall * 0.75)], colors.light, 150)
    _fish_pattern(brush, dice, colors, tall)
    brush.stroke(ellipse(0.42, 0.0, 0.14, tall * 0.62, -1.2, 1.2), 0.025, colors.shade)
    brush.blob([(0.18, tall * 0.15), (-0.12, tall * 0.05), (-0.16, tall * 0.42)], colors.shade)
    eye = dice.uniform(0.075, 0.12)
    brush.oval(0.66, -tall * 0.25, eye, eye, (250, 250, 246))
    brush.oval(0.68, -tall * 0.25, eye * 0.55, eye * 0.55, (28, 30, 36))
    brush.stroke([(0.94, 0.08), (0.84, 0.13)], 0.025, colors.line)


def _fish_pattern(brush: Brush, dice: random.Random, colors: Palette, tall: float) -> None:
    kind = dice.choice(("stripes", "scales", "band", "plain"))
    if kind == "stripes":
        for at in range(dice.randint(2, 4)):
            x = 0.22 - at * 0.2
            half = tall * (0.86 - 0.17 * at)
            brush.stroke(smooth([(x, -half), (x - 0.06, 0.0), (x, half)], closed=False), 0.06, colors.shade)
    elif kind == "scales":
        for row in range(-1, 2):
            for column in range(4):
                x, y = 0.2 - column * 0.17, row * tall * 0.42
                brush.stroke(ellipse(x, y, 0.07, 0.09, 1.7, 4.6), 0.02, colors.shade)
    elif kind == "band":
        brush.stroke([(0.4, -tall * 0.1), (-0.55, 0.0)], 0.09, colors.accent)


def leaf(brush: Brush, dice: random.Random, colors: Palette) -> None:
    """A leaf on its stalk, the tip upwards."""
    wide = dice.uniform(0.34, 0.68)
    lobes = dice.choice((0, 0, 3, 4, 5))
    right: list[Point] = []
    steps = lobes * 2 if lobes else 7
    for at in range(1, steps):
        t = at / steps
        bulge = math.sin(math.pi * t**0.8) ** 0.8 * wide
        if lobes:
            bulge *= 1.12 if at % 2 else 0.58
        right.append((bulge, 0.62 - 1.52 * t - (0.06 if lobes and at % 2 else 0.0)))
    outline = [(0.0, 0.66), *right, (0.0, -0.98), *[(-x, y) for x, y in reversed(right)]]
    bend = dice.uniform(-0.2, 0.2)
    bent = [(x + bend * (0.6 - y) ** 2 * 0.4, y) for x, y in smooth(outline)]
    middle = [(bend * (0.6 - y) ** 2 * 0.4, y) for y in (0.66, 0.3, 0.0, -0.3, -0.6, -0.9)]
    stalk = dice.uniform(-0.18, 0.18)
    brush.stroke(smooth([(0.0, 0.6), (stalk * 0.3, 0.8), (stalk, 1.02)], closed=False), 0.06, colors.line)
    brush.area(bent, colors.main)
    half = len(bent) // 2
    brush.area([*bent[:half], *reversed(middle)], colors.shade, 110)
    count = dice.randint(3, 6)
    for at in range(count):
        y = 0.45 - at * (1.15 / count)
        x = bend * (0.6 - y) ** 2 * 0.4
        reach = wide * (0.52 if lobes else 0.6) * math.sin(math.pi * min(0.95, (0.7 - y) / 1.6)) ** 0.7
        for side in (-1, 1):
            brush.stroke(
                smooth([(x, y), (x + side * reach * 0.6, y - 0.1), (x + side * reach, y - 0.22)], closed=False),
                0.022,
                colors.light,
            )
    brush.stroke(middle, 0.04, colors.light)
    if dice.random() < 0.35:
        for _ in range(dice.randint(1, 3)):
            brush.oval(dice.uniform(-wide, wide) * 0.4, dice.uniform(-0.4, 0.3), 0.05, 0.05, colors.accent)


def mushroom(brush: Brush, dice: random.Random, colors: Palette) -> None:
    """A mushroom with a spotted or plain cap."""
    wide, stem = dice.uniform(0.65, 0.98), dice.uniform(0.14, 0.26)
    cap, rim = dice.uniform(0.55, 0.95), dice.uniform(-0.12, 0.12)
    foot = stem * dice.uniform(1.1, 1.7)
    lean = dice.uniform(-0.12, 0.12)
    pale = (238, 228, 210) if dice.random() < 0.5 else colors.light
    trunk = [(-stem, rim), (-stem * 0.9 + lean / 2, 0.5), (-foot + lean, 0.9), (lean, 0.98), (foot + lean, 0.9)]
    brush.blob([*trunk, (stem * 0.9 + lean / 2, 0.5), (stem, rim), (0.0, rim - 0.1)], pale)
    brush.blob(
        [(stem * 0.3, rim), (stem, rim), (stem * 0.9 + lean / 2, 0.5), (foot + lean, 0.88), (lean * 1.3 + 0.04, 0.6)],
        colors.shade,
        70,
    )
    if dice.random() < 0.5:
        brush.blob([(-stem * 1.5, 0.3), (0.0, 0.2), (stem * 1.5, 0.3), (stem, 0.42), (0.0, 0.36), (-stem, 0.42)], pale)
    brush.oval(0.0, rim, wide * 0.96, 0.15, colors.shade)
    for at in range(-5, 6):
        brush.stroke(
            [(at * 0.03, rim - 0.06), (at * wide * 0.17, rim + 0.11 - abs(at) * 0.012)], 0.015, colors.line, 120
        )
    peak = dice.uniform(0.7, 1.0)
    dome = [
        (-wide, rim + 0.02),
        (-wide * 0.9, rim - cap * 0.45),
        (-wide * 0.45 * peak, rim - cap * 0.9),
        (0.0, rim - cap),
    ]
    dome += [(wide * 0.45 * peak, rim - cap * 0.9), (wide * 0.9, rim - cap * 0.45), (wide, rim + 0.02)]
    brush.blob([*dome, (wide * 0.5, rim + 0.06), (0.0, rim + 0.03), (-wide * 0.5, rim + 0.06)], colors.main)
    brush.blob(
        [(-wide * 0.75, rim - cap * 0.4), (-wide * 0.3, rim - cap * 0.82), (-wide * 0.5, rim - cap * 0.4)],
        colors.light,
        90,
    )
    for at in range(dice.choice((0, 4, 6, 8))):
        angle = math.pi * (0.12 + 0.76 * ((at * 0.382 + dice.uniform(-0.05, 0.05)) % 1))
        far = dice.uniform(0.35, 0.8)
        size = dice.uniform(0.04, 0.1)
        brush.oval(
            -math.cos(angle) * wide * far, rim - 0.06 - math.sin(angle) * cap * far * 0.85, size * 1.2, size, pale
        )


def cup(brush: Brush, dice: random.Random, colors: Palette) -> None:
    """A cup with a handle on the right."""
    top, bottom = dice.uniform(0.5, 0.72), dice.uniform(0.3, 0.5)
    high, lip = dice.uniform(0.42, 0.72), dice.uniform(0.08, 0.17)
    bottom = min(bottom, top)
    if dice.random() < 0.5:
        brush.oval(0.0, high + 0.04, top * 1.35, 0.17, colors.shade)
        brush.oval(0.0, high + 0.0, top * 1.3, 0.15, colors.accent)
    ring, grip = dice.uniform(0.2, 0.3), dice.uniform(0.07, 0.12)
    handle = ellipse(top * 0.88, -0.02, ring * 1.1, high * 0.5, -1.9, 1.9)
    brush.stroke(handle, grip, colors.shade)
    side = [(-top, -high), (-top * 0.96, 0.0), (-bottom, high * 0.9), (-bottom * 0.75, high), (0.0, high + 0.05)]
    side += [(bottom * 0.75, high), (bottom, high * 0.9), (top * 0.96, 0.0), (top, -high)]
    wall = smooth(side, closed=False)
    brush.area(wall, colors.main)
    brush.area(
        smooth(
            [
                (top * 0.35, -high),
                (top * 0.4, 0.2),
                (bottom * 0.3, high),
                (bottom, high * 0.9),
                (top * 0.96, 0.0),
                (top, -high),
            ]
        ),
        colors.shade,
        80,
    )
    kind = dice.choice(("band", "dots", "plain", "heart"))
    if kind == "band":
        y = dice.uniform(-0.1, 0.25)
        brush.stroke(ellipse(0.0, y - 0.1, top * 0.86, 0.14, 0.25, math.pi - 0.25), 0.09, colors.accent)
    elif kind == "dots":
        for at in range(7):
            brush.oval(-top * 0.66 + at * top * 0.22, 0.1 * math.cos(at * math.pi), 0.05, 0.06, colors.accent)
    elif kind == "heart":
        brush.blob([(0.0, 0.3), (-0.2, 0.06), (-0.1, -0.08), (0.0, 0.02), (0.1, -0.08), (0.2, 0.06)], colors.accent)
    brush.oval(0.0, -high, top, lip, colors.light)
    brush.oval(0.0, -high + 0.015, top * 0.88, lip * 0.78, (74, 48, 36) if dice.random() < 0.6 else colors.shade)
    for at in range(dice.choice((0, 2, 3))):
        x = (at - 1) * 0.26
        steam = [(x, -high - 0.14), (x + 0.09, -high - 0.26), (x - 0.05, -high - 0.38), (x + 0.05, -high - 0.52)]
        brush.stroke(smooth(steam, closed=False), 0.04, (255, 255, 255), 150)


def sailboat(brush: Brush, dice: random.Random, colors: Palette) -> None:
    """A sailing boat, its bow to the right."""
    deck, keel = dice.uniform(0.36, 0.46), dice.uniform(0.72, 0.86)
    mast = dice.uniform(-0.15, 0.12)
    tip = dice.uniform(-1.0, -0.8)
    brush.stroke([(mast, deck), (mast, tip - 0.04)], 0.045, colors.line)
    belly = dice.uniform(0.05, 0.2)
    cloth = (244, 240, 230) if dice.random() < 0.4 else colors.light
    front = [
        (mast + 0.05, tip),
        (mast + 0.38 + belly, -0.2),
        (dice.uniform(0.62, 0.8), deck - 0.1),
        (mast + 0.05, deck - 0.1),
    ]
    brush.area([*smooth(front[:3], closed=False), front[3]], cloth)
    back = [(mast - 0.05, tip + 0.12), (mast - 0.2 - belly, -0.15), (dice.uniform(-0.72, -0.5), deck - 0.08)]
    brush.area([*smooth(back, closed=False), (mast - 0.05, deck - 0.08)], colors.accent)
    if dice.random() < 0.5:
        for at in range(2, 4):
            y = tip + (deck - tip) * at / 4
            brush.stroke([(mast + 0.06, y), (mast + 0.05 + 0.16 * at, y)], 0.035, colors.main)
    if dice.random() < 0.6:
        brush.area([(mast, tip - 0.04), (mast, tip - 0.18), (mast - 0.24, tip - 0.1)], colors.main)
    hull = [(-0.85, deck), (-0.7, keel * 0.85), (-0.45, keel), (0.4, keel), (0.72, keel * 0.8), (0.98, deck - 0.04)]
    brush.area([(-0.85, deck), *smooth(hull, closed=False)], colors.main)
    brush.area([(-0.79, deck + 0.13), *smooth(hull[1:5], closed=False), (0.87, deck + 0.12)], colors.shade)
    brush.stroke([(-0.84, deck + 0.02), (0.96, deck - 0.02)], 0.05, colors.light)
    for at in range(dice.choice((0, 2, 3))):
        brush.oval(-0.4 + at * 0.35, deck + 0.1, 0.055, 0.055, cloth)
    if dice.random() < 0.75:
        wave = [(-1.15 + at * 0.19, keel - 0.03 + (0.05 if at % 2 else -0.05)) for at in range(13)]
        brush.area([*smooth(wave, closed=False), (1.13, keel + 0.22), (-1.15, keel + 0.22)], colors.accent, 170)


THINGS: dict[str, Callable[[Brush, random.Random, Palette], None]] = {
    "cup": cup,
    "fish": fish,
    "leaf": leaf,
    "mushroom": mushroom,
    "sailboat": sailboat,
}
