"""`fetch`: archives, public sets, sounds and tables become folders of pictures."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from deskclassify.cli import tables
from deskclassify.cli.run import Runner
from deskclassify.core import events, public_sets
from deskclassify.core.codec import to_json
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest, PublicSetRequest, SoundsRequest, TableRequest
from deskclassify.core.errors import InputError
from deskclassify.core.requests import Request
from deskclassify.core.words import counted

_TABLES = frozenset({".csv", ".tsv"})
_IN_MEGABYTES = {"download": "Downloading", "check": "Checking", "unpack": "Unpacking"}


def request(source: str, digest: str, sha256: str, label: str) -> Request:
    """What SOURCE is, by its kind: a public set, a folder with sounds, a table, or an archive.

    Raises:
        InputError: the options do not fit it.
    """
    if not source.strip():
        raise InputError("Give an archive, a web address, a folder of sounds or a CSV table; --list shows public sets.")
    if digest and sha256:
        raise InputError("Give --digest or --sha256, not both.")
    wanted = f"sha256:{sha256.strip()}" if sha256 else digest
    found = _kind(source, wanted, label)
    if label and not isinstance(found, TableRequest):
        raise InputError("--label is for a CSV table only.")
    if wanted and not isinstance(found, FetchRequest):
        raise InputError("--digest and --sha256 are for archives only.")
    return found


def fetch(runner: Runner, wanted: Request) -> None:
    """Run the job, and say where the pictures are."""
    result = _Fetching(runner).last(wanted, Fetched)
    if not runner.output.as_json:
        runner.output.result(shown(result))


def show_sets(runner: Runner) -> None:
    """The public sets: as a table, or a line of JSON each."""
    if runner.output.as_json:
        for one in public_sets.SETS:
            checked = {"checked": one.is_checked, "address": one.archive.address}
            kept = {key: value for key, value in to_json(one).items() if key in _PUBLIC}
            runner.output.json({"event": "set", **kept, **checked})
    else:
        runner.output.result(listed())


_PUBLIC = frozenset("name title about bytes images classes licence page rule".split())


def listed() -> RenderableType:
    """The public sets for people."""
    made = tables.table("name", "what", "#pictures", "#classes", "#download", "licence")
    for one in public_sets.SETS:
        what = f"{one.title}. {one.about}"
        cells = (f"{one.images:,}", str(one.classes), one.size, f"{one.licence}, {one.page}")
        made.add_row(one.name, Text(what), *cells)
    unchecked = ", ".join(one.name for one in public_sets.SETS if not one.is_checked)
    note = f"All are checked by their digests, but {unchecked}, of which none is published."
    return Group(made, Text("Fetch one by its name: deskclassify fetch mnist_tiny"), Text(note))


def shown(result: Fetched) -> str:
    """The closing line, and what to type next."""
    left_out = f", {counted(result.left_out, 'other file')} left out" if result.left_out else ""
    rule = "" if result.rule == "folder" else f' --label-from "{result.rule}"'
    return (
        f"{counted(result.images, 'picture')} in {result.folder}{left_out}.\n"
        f'Next: deskclassify train "{result.folder}"{rule} --out run'
    )


def _kind(source: str, digest: str, label: str) -> Request:
    path = Path(source).expanduser()
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a null byte: the job says so
        is_folder = is_file = False
    if is_folder:
        return SoundsRequest(source)
    if path.suffix.lower() in _TABLES and (is_file or "://" not in source):
        return TableRequest(source, label)
    if not is_file and any(one.name == source for one in public_sets.SETS):
        return PublicSetRequest(source)
    return FetchRequest(source, digest)


class _Fetching(Runner):
    """Shows bytes in megabytes, with the rate."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner.output, runner.control)

    def show(self, event: events.Event) -> None:
        """Bars for downloads; the rest as ever."""
        if not isinstance(event, events.Progress):
            super().show(event)
            return
        title = _IN_MEGABYTES.get(event.stage)
        if title is None:
            self.output.progress("Drawing", event.done, event.total)
            return
        done, total = round(event.done / 1e6), max(1, round(max(event.total, event.done) / 1e6))
        rate = ""
        if event.seconds_left:
            rate = f"MB, {(event.total - event.done) / event.seconds_left / 1e6:.1f} MB/s"
        self.output.progress(title, done, total, rate or "MB")
