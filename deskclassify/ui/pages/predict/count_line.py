"""How many answers there are, and how far the work is: a line of text below a bar."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.events import PredictDone, Progress
from deskclassify.core.words import about, counted
from deskclassify.ui.pages.predict.columns import Counts


def progress_bar() -> QProgressBar:
    """A thin bar."""
    bar = QProgressBar()
    bar.setRange(0, 0)
    bar.setTextVisible(False)
    bar.setFixedHeight(6)
    bar.setAccessibleName("Classifying")
    return bar


def show_progress(bar: QProgressBar, progress: Progress | None) -> None:
    """How far the work is; a bar that runs to and fro where that is not known."""
    bar.setRange(0, progress.total if progress is not None else 0)
    bar.setValue(progress.done if progress is not None else 0)


def text(counts: Counts, shown: int, progress: Progress | None, done: PredictDone | None) -> str:
    """All numbers in a line.

    Args:
        counts: of all answers.
        shown: how many the filter leaves.
        progress: of the work; None where it has ended, or says nothing.
        done: how it ended; None while it goes on.
    """
    if progress is not None and progress.total:
        line = progress_text(progress)
    elif not counts.total:
        return "No pictures yet"
    else:
        line = counted(counts.total, "file")
    if shown < counts.total:
        line = f"{shown:,} shown of {line}" if progress is None else f"{line} · {shown:,} shown"
    for number, what in (
        (counts.none, NO_ANSWER),
        (counts.unreadable, "could not be read"),
        (counts.corrected, "corrected"),
    ):
        line += f", {number:,} {what}" if number else ""
    if done is not None and done.seconds > 0 and done.images > 1:
        line += f" · {done.images / done.seconds:,.0f} pictures a second"
    return line + (" · cancelled" if done is not None and done.stopped else "")


def progress_text(progress: Progress) -> str:
    """“1,204 of 9,000 · 140 pictures a second · 52 s left”."""
    line = f"{progress.done:,} of {progress.total:,}"
    if progress.images_per_second:
        line += f" · {progress.images_per_second:,.0f} pictures a second"
    if progress.seconds_left is not None and progress.seconds_left >= 1:
        line += f" · {about(progress.seconds_left)} left"
    return line
