"""`check`: what may be wrong with the data, as a table, as JSON lines or as a CSV file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskclassify.cli.run import Runner
from deskclassify.cli.tables import table
from deskclassify.core import atomic
from deskclassify.core.data_events import Checked, DataProblem, ProblemKind
from deskclassify.core.data_requests import CheckRequest
from deskclassify.core.words import counted

HEADER = ("kind", "group", "path", "score", "suggestion", "reason")
_MOST_ROWS = 10
_TITLES: dict[ProblemKind, str] = {
    "suspect": "Labels that may be wrong",
    "leak": "Copies on both sides of the split",
    "duplicate": "The same picture several times",
    "near": "Nearly the same pictures",
    "mirrored": "Mirrored or turned copies",
    "outlier": "Unlike the rest of their class",
    "blurred": "Blurred",
    "dark": "Very dark",
    "bright": "Very bright",
    "flat": "Nothing on them",
    "tiny": "Very small",
}


def check(runner: Runner, request: CheckRequest, csv: str) -> None:
    """Run the check, print what it found, and write it into a file if one is given.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    found = runner.last(request, Checked)
    if not runner.output.as_json:
        runner.output.result(checked(found))
    if csv:
        write(Path(csv), found)
        runner.output.note(f"Wrote {csv}")


def write(file: Path, found: Checked) -> None:
    """Write one row for each picture of each problem; `group` numbers the problems.

    Raises:
        OSError: the file cannot be written; an old one is kept.
    """
    rows = (
        (one.kind, str(number), path, f"{one.score:.4f}", one.suggestion, one.reason)
        for number, one in enumerate(found.problems, 1)
        for path in one.paths
    )
    atomic.write_csv(file, HEADER, rows)


def checked(found: Checked) -> RenderableType:
    """What was found, for people."""
    counts = Counter(one.kind for one in found.problems)
    told = f"Looked at {counted(found.images, 'picture')} in {found.seconds:.1f} s."
    if found.out_of_fold_accuracy is not None:
        told += f" Told their class by the other pictures, {found.out_of_fold_accuracy:.1%} agree with their label."
    if found.leak_accuracy is not None:
        before, after = found.leak_accuracy
        told += f" Accuracy of the run {before:.1%}; {after:.1%} without the pictures that it has seen in training."
    if not counts:
        return Text(f"{told} Nothing was found.")
    problems = {kind: [one for one in found.problems if one.kind == kind] for kind in counts}
    return Group(Text(told), *(_shown(_TITLES[kind], rows) for kind, rows in problems.items()))


def _shown(title: str, problems: list[DataProblem]) -> Table:
    made = table("path", "why", title=f"{title} ({len(problems)})")
    for one in problems[:_MOST_ROWS]:
        made.add_row(Text("\n".join(one.paths)), Text(one.reason))
    if len(problems) > _MOST_ROWS:
        made.add_row(f"… and {len(problems) - _MOST_ROWS} more", "--csv and --json list them all")
    return made
