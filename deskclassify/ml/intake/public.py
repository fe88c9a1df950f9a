"""One of the public sets, downloaded, checked and unpacked."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath

from deskclassify.core import atomic, public_sets
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import PublicSetRequest
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Message
from deskclassify.core.public_sets import Download, PublicSet
from deskclassify.ml.intake import places, settling
from deskclassify.ml.intake.digests import Digest
from deskclassify.ml.intake.fetch import get_file, place_for
from deskclassify.ml.intake.places import Mark
from deskclassify.ml.intake.settling import How
from deskclassify.ml.intake.stopping import StoppedError

TABLE = "labels.csv"


def fetch(request: PublicSetRequest, should_stop: ShouldStop = never) -> Iterator[Event]:
    """Download and unpack a public set, unless it is there.

    Raises:
        InputError: there is no such set.
        UserError: it cannot be downloaded or written.
    """
    begun = time.monotonic()
    wanted = public_sets.get(request.name)
    known = places.earlier(lambda mark: mark.origin == f"set:{wanted.name}" and mark.digests == _digests(wanted))
    if known is not None:
        yield places.fetched(*known, time.monotonic() - begun)
        return
    yield Message(f"Downloading {wanted.title}, {wanted.size}. Licence: {wanted.licence}, {wanted.page}")
    try:
        yield (yield from _fetch(wanted, should_stop, begun))
    except StoppedError:
        return


def _fetch(wanted: PublicSet, should_stop: ShouldStop, begun: float) -> Generator[Event, None, Fetched]:
    files: list[Path] = []
    for part in _parts(wanted):
        file = place_for(part.address)
        digest = Digest.parse(part.digest) if part.digest else None
        # One that is there under its name was whole and checked when it came.
        if not (file.is_file() and digest is not None):
            yield from get_file(part.address, file, f"The file {part.name} of {wanted.title}", digest, should_stop)
        files.append(file)

    def finish(folder: Path, pictures: list[PurePosixPath]) -> str:
        if wanted.labels is not None:
            _write_table(folder, pictures, files[1], wanted)
        return wanted.rule

    mark = Mark(f"set:{wanted.name}", _digests(wanted), "", 0, wanted.rule, 0, wanted.title)
    try:
        done = yield from settling.settle(files[0], mark, should_stop, begun, How(wanted.renamed, finish))
    except InputError:
        _remove(files)
        raise
    _remove(files)
    return done


def _parts(wanted: PublicSet) -> list[Download]:
    return [wanted.archive] if wanted.labels is None else [wanted.archive, wanted.labels]


def _digests(wanted: PublicSet) -> tuple[str, ...]:
    """What a set is known by: its digests, or its address where there is none."""
    return tuple(part.digest or part.address for part in _parts(wanted))


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _write_table(folder: Path, pictures: list[PurePosixPath], labels: Path, wanted: PublicSet) -> None:
    """Write path and class of each picture as CSV, from a MATLAB file whose n-th number is of picture n.

    Raises:
        UserError: the file does not fit the pictures.
    """
    from scipy.io import loadmat

    try:
        numbers = [int(number) for number in loadmat(str(labels), squeeze_me=True)["labels"]]
        rows = []
        for path in sorted(pictures):
            at = int("".join(filter(str.isdigit, path.stem)))
            if at < 1 or numbers[at - 1] < 1:
                raise IndexError(path)
            rows.append((path.as_posix(), wanted.label_names[numbers[at - 1] - 1]))
    except (ValueError, KeyError, IndexError, TypeError, NotImplementedError) as error:
        raise UserError(f"The labels of {wanted.title} do not fit its pictures. Try again later.") from error
    atomic.write_csv(folder / TABLE, ("path", "label"), rows)
