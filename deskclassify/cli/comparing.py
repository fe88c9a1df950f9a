"""`compare`: two runs side by side."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskclassify.cli.run import Runner
from deskclassify.cli.tables import table
from deskclassify.core import comparison
from deskclassify.core.codec import to_json
from deskclassify.core.comparison import Comparison, Metric
from deskclassify.core.run_folder import RunFolder

_MOST_FLIPS = 30
_KINDS = {"fixed": "fixed", "broken": "broken", "changed": "both wrong"}


def compare(runner: Runner, first: Path, second: Path) -> None:
    """Compare two run folders and print what differs.

    Raises:
        InputError: one is no run folder, or both are the same.
    """
    found = comparison.compare(RunFolder(first), RunFolder(second))
    if runner.output.as_json:
        differing = {"settings": to_json(found.differing), "summary": comparison.in_words(found)}
        runner.output.json({"event": "finished", **to_json(found), **differing})
    else:
        runner.output.result(compared(found))


def compared(found: Comparison) -> RenderableType:
    """The comparison for people."""
    settings = _table(found, "group", "setting", title=f"Settings that differ ({len(found.differing)})")
    for one in found.differing:
        settings.add_row(*(Text(text) for text in (one.group, one.name, one.first, one.second)))
    measures = _table(found, "measure", title="Measures", right=True)
    for metric in found.metrics:
        measures.add_row(Text(metric.name), *(number(metric, value) for value in (metric.first, metric.second)))
    parts: list[RenderableType] = [Text(comparison.in_words(found)), measures]
    parts.append(settings if found.differing else Text("All settings are the same."))
    if found.flips:
        parts.append(_flips(found))
    return Group(*parts)


def _table(found: Comparison, *columns: str, title: str, right: bool = False) -> Table:
    """A table that ends with a column for each run; their names may hold anything."""
    made = table(*columns, title=title)
    for run in (found.first, found.second):
        made.add_column(Text(run.title), justify="right" if right else "left", overflow="fold")
    return made


def _flips(found: Comparison) -> RenderableType:
    made = _table(found, "path", "verdict", "class", title=f"Pictures whose verdict flipped ({len(found.flips)})")
    for flip in found.flips[:_MOST_FLIPS]:
        cells = (flip.path, _KINDS[flip.kind], flip.second.label, flip.first.predicted, flip.second.predicted)
        made.add_row(*(Text(text) for text in cells))
    if len(found.flips) > _MOST_FLIPS:
        made.add_row(f"… and {len(found.flips) - _MOST_FLIPS} more", "--json lists them all")
    return made


def number(metric: Metric, value: float | None) -> str:
    """A measure in its unit."""
    if value is None:
        return "–"
    formats = {"share": f"{value:.1%}", "loss": f"{value:.4f}", "count": f"{value:,.0f}", "seconds": f"{value:.1f} s"}
    return formats[metric.unit]
