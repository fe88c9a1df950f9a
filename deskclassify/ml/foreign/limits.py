"""What a model file may cost until it is known to be harmless, and what it may ask for at all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the check and of the trial; tests give small ones.

    Attributes:
        file_bytes: largest file; protobuf itself ends at 2 GiB.
        nodes: operations, those of inner graphs with them. Large vision transformers have some 5,000.
        depth: of graphs within graphs.
        metadata_bytes: all of the metadata together.
        elements: numbers in one tensor whose shape the file states.
        side: pixels, width or height of the input.
        batch: pictures that a model may ask for at once.
        memory_bytes: that the trial may take beyond what the libraries and the file take.
        wall_seconds: how long the trial may take by the clock.
        cpu_seconds: processor time of the trial.
        run_seconds: one run later, once the model has passed its trial.
    """

    file_bytes: int = 1_900_000_000
    nodes: int = 100_000
    depth: int = 4
    metadata_bytes: int = 64_000_000
    elements: int = 1 << 28
    side: int = 2048
    batch: int = 64
    memory_bytes: int = 3_000_000_000
    wall_seconds: float = 40.0
    cpu_seconds: int = 120
    run_seconds: float = 60.0


USUAL = Limits()
