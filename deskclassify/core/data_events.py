"""What the jobs tell that bring pictures in, look for what is wrong with them, and mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from deskclassify.core.events import Event

ProblemKind = Literal[
    "suspect", "outlier", "duplicate", "near", "mirrored", "leak", "blurred", "dark", "bright", "flat", "tiny"
]
PROBLEM_KINDS: tuple[ProblemKind, ...] = (
    "suspect", "leak", "duplicate", "near", "mirrored", "outlier", "blurred", "dark", "bright", "flat", "tiny",
)  # fmt: skip


@dataclass(frozen=True)
class Fetched(Event):
    """Pictures were brought into the program's own folder.

    Attributes:
        folder: that holds them; give it to `Session.add_folder`.
        name: for the project.
        images: number of pictures.
        rule: the label rule that fits.
        left_out: files of the archive, table or folder that were not taken.
        is_drawn: whether they are drawings of sounds or numbers: mirrored, they would mean something else.
    """

    event: ClassVar[str] = "finished"
    folder: str
    name: str
    images: int
    rule: str = "folder"
    left_out: int = 0
    seconds: float = 0.0
    is_drawn: bool = False


@dataclass(frozen=True)
class DataProblem:
    """Something that may be wrong with one picture, or with several together.

    Attributes:
        kind: what.
        keys: of the pictures (`Item.key`); of copies all of them, the best one first.
        paths: of their files, in the same order.
        score: how sure, 0 to 1; the lists are in its order.
        reason: a sentence that says why, with the numbers.
        suggestion: for a suspect the class it looks like; otherwise empty.
        probability: of the suggestion, 0 to 1; 0 where there is none.
    """

    kind: ProblemKind
    keys: tuple[str, ...]
    paths: tuple[str, ...]
    score: float
    reason: str
    suggestion: str = ""
    probability: float = 0.0


@dataclass(frozen=True)
class Checked(Event):
    """What is wrong with the data.

    Attributes:
        images: number of pictures looked at.
        problems: of all kinds, each kind in the order of its scores, the surest first.
        out_of_fold_accuracy: of the predictions that the suspects come from; None where there were too few pictures.
        leak_accuracy: of the run on its validation pictures as they are and without those that leak; None without
            a run or without a leak.
    """

    event: ClassVar[str] = "finished"
    images: int
    problems: tuple[DataProblem, ...]
    out_of_fold_accuracy: float | None = None
    leak_accuracy: tuple[float, float] | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Relearned(Event):
    """A run's last layer, learned anew from the labels as they are now; the run itself is as before.

    Attributes:
        model: the run folder.
        accuracy: on the validation pictures, 0 to 1.
        seconds: from the question to the answer.
    """

    event: ClassVar[str] = "finished"
    model: str
    accuracy: float
    train_images: int
    seconds: float = 0.0


@dataclass(frozen=True)
class NeighboursFound(Event):
    """The pictures that the network takes to be most alike.

    Attributes:
        path: the picture that was asked about.
        paths: most alike first.
        similarities: cosine of the features, −1 to 1.
    """

    event: ClassVar[str] = "finished"
    path: str
    paths: tuple[str, ...]
    labels: tuple[str, ...]
    subsets: tuple[str, ...]
    similarities: tuple[float, ...]


@dataclass(frozen=True)
class Guess:
    """What the network would call a picture that has no class yet.

    Attributes:
        key: of the picture (`Item.key`).
        gain: how much its label would help, 0 to 1; the guesses come in this order.
        probability: of the label, 0 to 1.
        top: the likeliest classes with their probabilities.
    """

    key: str
    path: str
    label: str
    probability: float
    gain: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Suggested(Event):
    """Guesses for the pictures without a class, the most helpful first."""

    event: ClassVar[str] = "finished"
    model: str
    guesses: tuple[Guess, ...]
    failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """How a run's scores become probabilities that can be believed, and when it gives no answer.

    It lies in the run folder as `calibration.json`, and in the exported model.

    Attributes:
        temperature: the scores are divided by it before the softmax (Guo et al., 2017); 1 leaves them.
        threshold: the least probability of the likeliest class for an answer; below it: none of these. 0: always one.
        coverage: the share of pictures of the known classes that is to be answered, 0 to 1; 1: all.
        error_before, error_after: expected calibration error on held-out folds of the validation pictures, 0 to 1.
        reached: the share of held-out validation pictures that is answered; None where not measured.
        accuracy_answered: of those, the share that is right.
        others: number of example pictures of something else.
        others_refused: the share of them that gets no answer; None where there are none.
        similarity: to the most alike training pictures (a cosine), below which a picture counts as strange and its
            probabilities are drawn towards a pure guess; see `calibration.familiarity`.
        softness: how gradually that happens, as a cosine; 0: nothing is drawn anywhere.
    """

    temperature: float = 1.0
    threshold: float = 0.0
    coverage: float = 1.0
    error_before: float | None = None
    error_after: float | None = None
    reached: float | None = None
    accuracy_answered: float | None = None
    others: int = 0
    others_refused: float | None = None
    similarity: float = 0.0
    softness: float = 0.0

    @property
    def looks_for_strangers(self) -> bool:
        """Whether the rule also asks how alike a picture is to those that were trained on."""
        return self.softness > 0


@dataclass(frozen=True)
class Calibrated(Event):
    """A run was calibrated; `scores_of_others` are float32 `[others]`, the highest probability of each."""

    event: ClassVar[str] = "finished"
    model: str
    calibration: Calibration
    scores_of_others: np.ndarray
    seconds: float = 0.0


@dataclass(frozen=True)
class Copied(Event):
    """The data as they are now were copied; the originals are as before."""

    event: ClassVar[str] = "finished"
    folder: str
    images: int
    failed: tuple[str, ...] = ()
    seconds: float = 0.0
