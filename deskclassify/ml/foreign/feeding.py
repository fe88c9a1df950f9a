"""Giving pictures to a model that others wrote, in the form that it wants, and reading its answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Pixels
from deskclassify.ml import ort
from deskclassify.ml.foreign.guard import guarded
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.trial import MANY
from deskclassify.ml.foreign.verdict import Facts, Tried

_SLACK = 2e-2  # of a probability in 16 bits


@dataclass(frozen=True)
class Feeding:
    """How a model is fed and read.

    Attributes:
        name: of the file, for sentences.
        handling: what the numbers stand for.
        facts: of the input.
        tried: of the output.
        limits: of each run.
    """

    name: str
    handling: Handling
    facts: Facts
    tried: Tried
    limits: Limits = field(default=USUAL)

    def run(self, session: ort.Session, images: Pixels) -> np.ndarray:
        """Probabilities, float32 `[N, C]`, of uint8 `[N, size, size, 3]`.

        Raises:
            InputError: the model fails, takes too much, or gives what are no probabilities.
        """
        if not len(images):
            return np.empty((0, self.tried.classes), np.float32)
        step = self.tried.batch or MANY
        parts = [self._some(session, images[at : at + step]) for at in range(0, len(images), step)]
        return np.concatenate(parts)

    def _some(self, session: ort.Session, images: Pixels) -> np.ndarray:
        numbers, count = self.numbers(images), len(images)
        if count < self.tried.batch:
            numbers = np.concatenate([numbers, np.repeat(numbers[-1:], self.tried.batch - count, axis=0)])
        on_processor = ort.real_provider(session) == ort.CPU_PROVIDER
        with guarded(self.name, on_processor, self.limits) as options:
            found = ort.run(session, numbers, options, self.tried.output)
        return self.probabilities(found[:count], count)

    def numbers(self, images: Pixels) -> np.ndarray:
        """What goes in: `(pixel / 255 - mean) / std` in the model's own type and order of axes."""
        how, kind = self.handling.preprocess, self.facts.input.kind
        numbers = images.astype(np.float32) / 255
        numbers = (numbers - np.array(how.mean, np.float32)) / np.array(how.std, np.float32)
        if self.handling.channels == "bgr":
            numbers = numbers[..., ::-1]
        if self.facts.layout == "nchw":
            numbers = numbers.transpose(0, 3, 1, 2)
        if kind == "uint8":
            numbers = np.clip(np.rint(numbers), 0, 255)
        return np.ascontiguousarray(numbers, dtype=kind)

    def probabilities(self, found: np.ndarray, count: int) -> np.ndarray:
        """Answers as float32 `[N, C]`.

        Raises:
            InputError: they are none.
        """
        rows = found.astype(np.float32).reshape(count, -1)
        if rows.shape[1] != self.tried.classes:
            raise InputError(f"“{self.name}” gave {rows.shape[1]} numbers instead of {self.tried.classes}.")
        if not np.isfinite(rows).all():
            raise InputError(
                f"“{self.name}” gives no number (NaN or infinite) for a picture. Check mean and std, or use another "
                "file."
            )
        if self.handling.output == "logits":
            rows = np.exp(rows - rows.max(axis=1, keepdims=True))
            rows /= rows.sum(axis=1, keepdims=True)
        elif rows.min() < -_SLACK or rows.max() > 1 + _SLACK:
            raise InputError(
                f"“{self.name}” gives numbers outside of 0 to 1, so they are no probabilities. Choose “raw scores "
                "(logits)” for this model."
            )
        return np.clip(rows, 0, 1)
