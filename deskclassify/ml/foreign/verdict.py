"""What came out of checking a model and trying it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from deskclassify.core.foreign import Layout


def shape_text(sides: Iterable[int]) -> str:
    """A shape as people read it: `any × 3 × 224 × 224`."""
    return " × ".join("any" if side == 0 else f"{side}" for side in sides)


@dataclass(frozen=True)
class Declared:
    """The input or an output, as the file declares it.

    Attributes:
        name: in the graph.
        kind: element type in NumPy's words: `float32`, `float16`, `float64` or `uint8`.
        shape: of each axis; 0 where it is free. Empty where the file says nothing.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name[:60]}: {self.kind}{', ' + shape_text(self.shape) if self.shape else ''}"


@dataclass(frozen=True)
class Facts:
    """What the file says of itself, once it has been checked.

    Attributes:
        input: the pictures.
        layout: order of its axes.
        outputs: those that may hold the answers.
        metadata: all of it.
        opset: of the default domain.
        nodes: number of operations.
        producer: program that wrote it.
        precision: of most weights: `fp32`, `fp16` or `int8`.
        graph: digest of operators and weights (`model_proof.graph_digest`), where deskclassify wrote it.
    """

    input: Declared
    layout: Layout
    outputs: tuple[Declared, ...]
    metadata: dict[str, str] = field(default_factory=dict)
    opset: int = 0
    nodes: int = 0
    producer: str = ""
    precision: str = "fp32"
    graph: str = ""

    @property
    def size(self) -> int:
        """Pixels, width and height; 0 where any will do."""
        height, width = self.input.shape[2:] if self.layout == "nchw" else self.input.shape[1:3]
        return height or width

    @property
    def batch(self) -> int:
        """Pictures that go in at once; 0 where any number will do."""
        return self.input.shape[0]


@dataclass(frozen=True)
class Tried:
    """What was measured when it ran.

    Attributes:
        output: name of the one that holds the answers.
        shape: of the answer to one picture.
        classes: number of them.
        batch: pictures that go in at once; 0: any number.
        sums_to_one: whether all answers to noise were probabilities.
        within_one: whether all of them were at least from 0 to 1.
        milliseconds: for one picture.
    """

    output: str
    shape: tuple[int, ...]
    classes: int
    batch: int
    sums_to_one: bool
    within_one: bool
    milliseconds: float


@dataclass(frozen=True)
class Verdict:
    """A model file that can be used, or why not.

    Attributes:
        refusal: a sentence in which `{name}` stands for the file's name; empty where it can be used.
        details: technical text behind it.
        lasting: whether another try would end in the same way; running out of time or memory may not.
        facts: of a model that can be used.
        tried: likewise.
    """

    refusal: str = ""
    details: str = ""
    lasting: bool = True
    facts: Facts | None = None
    tried: Tried | None = None
