"""The sentences of the Certainty tab: no widgets here."""

from __future__ import annotations

from deskclassify.core.certainty_job import CertaintyDrawn, Option
from deskclassify.core.data_events import Calibration
from deskclassify.core.words import counted


def per_cent(share: float) -> str:
    """“84.7 %”."""
    return f"{100 * share:.1f} %"


def belief_text(drawn: CertaintyDrawn) -> str:
    """Whether the percentages can be believed."""
    if not len(drawn.right):
        return "There are no pictures to measure on."
    apart = f"Confidence and accuracy are {per_cent(drawn.error_before)} apart on average."
    if drawn.temperature == 1:
        return f"{apart} Another temperature brings no gain on held-out pictures: it stays 1."
    how = "too sure of itself" if drawn.temperature > 1 else "not sure enough of itself"
    after = per_cent(drawn.error_after)
    return (
        f"{apart} The network is {how}: a temperature of {drawn.temperature:.2f} brings that to {after} "
        "(on held-out pictures)."
    )


def coverage_text(option: Option, others: int) -> str:
    """What a coverage means."""
    share = "none of them" if option.accuracy is None else per_cent(option.accuracy)
    if option.rule.threshold <= 0:
        why = "" if option.rule.coverage >= 1 else " There are too few pictures to choose a threshold by."
        return f"Every picture gets an answer; of such pictures, {share} are answered right.{why}"
    text = (
        f"Of pictures like these, {per_cent(option.reached)} get an answer, and {share} of the answers are right. "
        f"The others are “none of these”: no class reaches {per_cent(option.rule.threshold)}."
    )
    return text + (f" {others_text(option.others_refused, others)}" if option.others_refused is not None else "")


def others_text(share: float, count: int) -> str:
    """How many examples of something else get no answer."""
    return f"Of {counted(count, 'picture')} of something else, {per_cent(share)} get none."


def current_text(rule: Calibration | None) -> str:
    """What is in use."""
    if rule is None:
        return "In use: as trained. Every picture gets an answer."
    below = f"no answer below {per_cent(rule.threshold)}" if rule.threshold else "every picture gets an answer"
    return f"In use: temperature {rule.temperature:.2f}, coverage {100 * rule.coverage:.0f} %, {below}."


def bar_title(low: float, high: float) -> str:
    """The name of a bar's pictures."""
    return f"{100 * max(0.0, low):.0f} to {100 * high:.0f} % sure"
