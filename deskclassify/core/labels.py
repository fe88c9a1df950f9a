"""Label rules: how the class of a picture follows from where it lies or what it is called."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deskclassify.core.errors import InputError

SUBSETS = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
UPPER, LOWER = "upper-case", "lower-case"
_PATH_HEADERS = frozenset("path file filename file_name image image_path fname name fn_col id".split())
_LABEL_HEADERS = frozenset("label labels class category target class_name species breed".split())
_SUBSET_HEADERS = frozenset("subset split set is_valid".split())
RULE_HELP = (
    "Use folder, regex:PATTERN (the first group is the class), case (upper-case or lower-case first letter), "
    "or csv:FILE (columns path and label)."
)


@dataclass(frozen=True)
class Labelled:
    """What a rule says of one file: its class and, where the rule fixes it, its subset."""

    label: str
    subset: str = ""


@dataclass(frozen=True)
class Refused:
    """Why a rule gives a file no class."""

    reason: str


Rule = Callable[[PurePosixPath], Labelled | Refused]


def normal(text: str) -> str:
    """NFC: macOS hands out decomposed file names, and a class must not split in two because of it."""
    return unicodedata.normalize("NFC", text)


def parse(rule: str, root: Path) -> Rule:
    """Make the function that labels files by their path below `root`.

    `folder` needs a look at the whole tree and is done in `sources`; it is refused here.

    Raises:
        InputError: the rule is unknown, its pattern or its file is wrong.
    """
    kind, _, argument = rule.partition(":")
    if kind == "regex":
        return _regex(argument)
    if kind == "case" and not argument:
        return _case
    if kind == "csv":
        return _table(argument, root)
    raise InputError(f"“{rule}” is not a label rule. {RULE_HELP}")


def _regex(pattern: str) -> Rule:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"The pattern “{pattern}” is not a valid regular expression: {error}.") from error
    if compiled.groups < 1:
        raise InputError(
            f"The pattern “{pattern}” has no group. Put the part that is the class in parentheses, as in ^(.+)_\\d+."
        )

    def rule(path: PurePosixPath) -> Labelled | Refused:
        found = compiled.search(path.name)
        if found is None or not found.group(1):
            return Refused("Its name does not match the pattern.")
        return Labelled(normal(found.group(1)))

    return rule


def _case(path: PurePosixPath) -> Labelled | Refused:
    first = path.name[:1]
    if first.isupper():
        return Labelled(UPPER)
    if first.islower():
        return Labelled(LOWER)
    return Refused("Its name does not begin with a letter.")


def _table(argument: str, root: Path) -> Rule:
    file = _find_table(argument, root)
    labels = read_table(file)
    base = file.parent

    def rule(path: PurePosixPath) -> Labelled | Refused:
        candidates = [path.as_posix(), path.name, (root / path).as_posix()]
        if (root / path).is_relative_to(base):
            candidates.insert(1, (root / path).relative_to(base).as_posix())
        for candidate in candidates:
            if candidate in labels:
                return labels[candidate]
        return Refused(f"It has no row in {file.name}.")

    return rule


def _find_table(argument: str, root: Path) -> Path:
    for candidate in (Path(argument), root / argument):
        if argument and candidate.is_file():
            return candidate.absolute()
    raise InputError(f"There is no table “{argument}”. Give the path of a CSV file after csv:.")


def read_table(file: Path) -> dict[str, Labelled]:
    """Read path → label from a CSV file (comma, semicolon or tab; header names are free).

    Columns are found by usual names, else the first is the path and the second the label.

    Raises:
        InputError: the file is no such table.
    """
    try:
        text = file.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise InputError(f"The table {file.name} cannot be read: {error.strerror}.") from error
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise InputError(f"{file.name} is not a CSV table: {error}.") from error
    if len(rows) < 2 or len(rows[0]) < 2:
        raise InputError(f"{file.name} needs a header row and at least two columns: the path and the label.")
    path_at, label_at, subset_at = _columns(rows[0])
    labels: dict[str, Labelled] = {}
    for row in rows[1:]:
        if len(row) > max(path_at, label_at) and row[label_at].strip():
            subset = row[subset_at].strip().lower() if subset_at is not None and len(row) > subset_at else ""
            key = normal(row[path_at].strip().replace("\\", "/").removeprefix("./"))
            labels[key] = Labelled(normal(row[label_at].strip()), _subset(subset))
    return labels


def _columns(header: list[str]) -> tuple[int, int, int | None]:
    names = [name.strip().lower() for name in header]
    path_at = next((i for i, name in enumerate(names) if name in _PATH_HEADERS), None)
    label_at = next((i for i, name in enumerate(names) if name in _LABEL_HEADERS and i != path_at), None)
    subset_at = next((i for i, name in enumerate(names) if name in _SUBSET_HEADERS), None)
    if path_at is None or label_at is None:
        path_at, label_at = 0, 1
    return path_at, label_at, subset_at if subset_at not in (path_at, label_at) else None


def _subset(value: str) -> str:
    if value in ("true", "1"):
        return "valid"
    if value in ("false", "0"):
        return "train"
    return SUBSETS.get(value, "")
