"""A folder of class folders with sounds becomes a folder of class folders with spectrograms."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from deskclassify.core.control import ShouldStop, never
from deskclassify.core.data_requests import SoundsRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Message
from deskclassify.core.sources import walk
from deskclassify.core.words import counted
from deskclassify.ml.intake import drawing, names, places, spectrogram, stopping
from deskclassify.ml.intake.places import Mark
from deskclassify.ml.intake.stopping import StoppedError

_READ = frozenset({".wav", ".wave"})
_NOT_READ = frozenset(".mp3 .flac .ogg .oga .opus .m4a .aac .wma .aif .aiff .amr .mp4".split())
_VERSION = "1"  # of the drawing; another one draws anew
_MOST_TOLD = 3


def draw(request: SoundsRequest, should_stop: ShouldStop = never) -> Iterator[Event]:
    """Draw a spectrogram of each .wav file below a folder; the tree of folders stays as it is.

    Raises:
        InputError: there is no sound that can be read.
        UserError: the pictures cannot be written.
    """
    begun = time.monotonic()
    folder = Path(request.folder).expanduser().absolute()
    if not request.folder.strip() or not folder.is_dir():
        raise InputError(f"There is no folder “{request.folder}”. Choose a folder that holds folders with sounds.")
    try:
        files, left_out, unread = _find(folder, should_stop)
        if not files:
            raise InputError(_no_sounds(folder, unread))
        digest = _digest(folder, files)
        known = places.earlier(lambda mark: mark.digests == (digest,))
        if known is not None:
            yield places.fetched(*known, time.monotonic() - begun)
            return
        mark = Mark(f"sounds:{folder}", (digest,), "", 0, "folder", left_out, f"{places.title_of(folder.name)} sounds")
        targets = _targets(files)
        done, failed = yield from drawing.draw_all(
            files, lambda target, file: _draw(folder / file, target / targets[file]), mark, should_stop, begun
        )
    except StoppedError:
        return
    if done is None:
        raise InputError(f"None of the {counted(len(files), 'sound')} could be read. {files[0]}: {failed[0][1]}")
    for file, why in failed[:_MOST_TOLD]:
        yield Message(f"{file} was left out. {why}", "warning")
    if len(failed) > _MOST_TOLD:
        yield Message(f"{counted(len(failed) - _MOST_TOLD, 'more sound')} could not be read.", "warning")
    if unread:
        yield Message(
            f"Left out: {counted(unread, 'sound')} of a kind that cannot be read. Save them as .wav.", "warning"
        )
    yield done


def _find(folder: Path, should_stop: ShouldStop) -> tuple[list[PurePosixPath], int, int]:
    """The sounds; the number of other files; how many of those are sounds that cannot be read."""
    files: list[PurePosixPath] = []
    others = unread = 0
    for entry in walk(folder):
        stopping.check(should_stop)
        if not isinstance(entry, PurePosixPath):
            continue
        suffix = entry.suffix.lower()
        if suffix in _READ:
            files.append(entry)
        else:
            others += 1
            unread += suffix in _NOT_READ
    return files, others, unread


def _no_sounds(folder: Path, unread: int) -> str:
    if unread:
        return f"“{folder.name}” holds {counted(unread, 'sound')}, but none that can be read. Save them as .wav."
    return f"“{folder.name}” holds no sounds. Choose a folder that holds a folder with .wav files for each class."


def _digest(folder: Path, files: list[PurePosixPath]) -> str:
    """By names, sizes and dates: a changed sound is drawn anew."""
    made = hashlib.sha256(f"{_VERSION} {folder}".encode("utf-8", "surrogateescape"))
    for file in files:
        about = (folder / file).stat()
        made.update(f"\0{file}\0{about.st_size}\0{about.st_mtime_ns}".encode("utf-8", "surrogateescape"))
    return f"sha256:{made.hexdigest()}"


def _targets(files: list[PurePosixPath]) -> dict[PurePosixPath, PurePosixPath]:
    """Where each picture goes: `a.wav` and `a.WAV` must not become one."""
    taken: set[str] = set()
    targets = {}
    for file in files:
        target = file.with_name(names.one(f"{file.stem}.png"))
        number = 1
        while target.as_posix().casefold() in taken:
            number += 1
            target = file.with_name(names.free(names.one(f"{file.stem}.png"), number))
        taken.add(target.as_posix().casefold())
        targets[file] = target
    return targets


def _draw(file: Path, target: Path) -> str:
    try:
        image = spectrogram.draw(*spectrogram.read(file))
    except spectrogram.SoundError as error:
        return error.sentence
    target.parent.mkdir(parents=True, exist_ok=True)
    image.save(target, "PNG", compress_level=4)
    return ""
