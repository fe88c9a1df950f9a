"""`calibrate`: what the certainty of a run is worth, for people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from deskclassify.cli.tables import table
from deskclassify.core.data_events import Calibrated


def calibrated(result: Calibrated) -> RenderableType:
    """Temperature, threshold, and what both do to pictures that they were not found on."""
    rule = result.calibration
    made = table("on held-out folds", "#value")
    for name, value in (
        ("calibration error before", rule.error_before),
        ("calibration error after", rule.error_after),
        ("pictures that get an answer", rule.reached),
        ("answers that are right", rule.accuracy_answered),
    ):
        if value is not None:
            made.add_row(name, f"{value:.1%}")
    if rule.others_refused is not None:
        made.add_row("pictures of something else that get none", f"{rule.others_refused:.1%} of {rule.others}")
    limit = f"below {rule.threshold:.1%} there is no answer" if rule.threshold else "every picture gets an answer"
    return Group(Text(f"Temperature {rule.temperature:.3f}; {limit} (coverage {rule.coverage:.1%})."), made)
