"""Where the members of an archive go, and how much there may be of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError, UserError, is_disk_full
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.core.pictures import is_picture_name
from deskclassify.core.words import size
from deskclassify.ml.intake import names, stopping

_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
_ARCHIVE_SUFFIXES = frozenset(".zip .tar .tgz .gz .tbz .tbz2 .bz2 .txz .xz .7z .rar .zst".split())
_JUNK = frozenset({"__macosx", "@eadir", "thumbs.db", "desktop.ini"})
_CHUNK_BYTES = 1 << 20
_DEEPEST = 32  # folders within each other
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Limits:
    """What an archive may come to.

    Attributes:
        entries: files and folders in it.
        total_bytes: unpacked, what is left out included.
        growth: unpacked bytes for each byte of the archive; photos grow by little, a bomb a thousandfold.
        harmless_bytes: up to here, growth is of no concern.
    """

    entries: int = 500_000
    total_bytes: int = 100_000_000_000
    growth: float = 100.0
    harmless_bytes: int = 200_000_000

    def most_bytes(self, archive_bytes: int) -> int:
        """The most that an archive of this size may come to."""
        return min(self.total_bytes, max(self.harmless_bytes, int(archive_bytes * self.growth)))


@dataclass
class Unpacked:
    """What came out.

    Attributes:
        pictures, tables: below the target.
        left_out: number of files that were not taken.
        inner_archives: how many of them were archives.
    """

    pictures: list[PurePosixPath] = field(default_factory=list)
    tables: list[PurePosixPath] = field(default_factory=list)
    left_out: int = 0
    inner_archives: int = 0


class Unpacking:
    """Where the members of one archive go, and how much there is of them.

    Args:
        title: of the archive, for sentences.
        archive_bytes: its size.
        target: an empty folder.
        limits: what it may come to.
        renamed: names of folders in the archive → names wanted.
        should_stop: of the job.
    """

    def __init__(
        self,
        title: str,
        archive_bytes: int,
        target: Path,
        limits: Limits,
        renamed: Mapping[str, str],
        should_stop: ShouldStop,
    ) -> None:
        self.title = title
        self.archive_bytes = archive_bytes
        self.should_stop = should_stop
        self.found = Unpacked()
        self.target = target
        self._limits = limits
        self._renamed = renamed
        self._most_bytes = limits.most_bytes(archive_bytes)
        self._written = 0
        self._entries = 0
        self._raw: set[str] = set()  # names of members that were taken, as they are in the archive
        self._files: Counter[str] = Counter()  # paths that are taken, in lower case
        self._folders: set[str] = set()
        self._throttle = Throttle(0.2)

    def place(self, name: str, is_plain: bool) -> PurePosixPath | None:
        """Where a member goes, below the target; None: it is left out.

        Args:
            name: as it stands in the archive.
            is_plain: whether it is a file and neither a link nor a device.

        Raises:
            InputError: the name leads out of the target, or there are too many members.
            StoppedError: it was cancelled.
        """
        stopping.check(self.should_stop)
        self.count_entry()
        parts = self._parts(name)
        if not parts:
            return None
        taken = self._take(parts) if is_plain and self._is_wanted(parts) and name not in self._raw else None
        if taken is None:
            self.found.left_out += 1
            self.found.inner_archives += PurePosixPath(parts[-1]).suffix.lower() in _ARCHIVE_SUFFIXES
            return None
        self._raw.add(name)
        return taken

    def count_entry(self) -> None:
        """Count a member, whatever it is.

        Raises:
            InputError: there are too many.
        """
        self._entries += 1
        if self._entries > self._limits.entries:
            raise InputError(
                f"{self.title} holds more than {self._limits.entries:,} files. Nothing was unpacked. Unpack it "
                "yourself if you trust it, then add the folder."
            )

    def check_size(self, count: int) -> None:
        """Check what has come out so far.

        Raises:
            InputError: it is too much.
        """
        if count > self._most_bytes:
            raise InputError(
                f"{self.title}, {self._size(self.archive_bytes)}, unpacks to more than {self._size(self._most_bytes)}: "
                "it may be a trap that fills the disk. Nothing was unpacked. Unpack it yourself if you trust it, then "
                "add the folder."
            )

    @staticmethod
    def _size(count: int) -> str:
        return size(count) if count >= 1_000_000 else f"{max(1, count // 1000):,} kB"

    def write(self, source: IO[bytes], place: PurePosixPath) -> None:
        """Write a member.

        Raises:
            InputError: it is too much.
            UserError: it cannot be written.
            StoppedError: it was cancelled.
            Exception: of the reader, for a damaged archive.
        """
        path = self.target / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("xb")
        except OSError as error:
            raise self._not_written(error) from error
        with file:
            while chunk := source.read(_CHUNK_BYTES):
                self._written += len(chunk)
                self.check_size(self._written)
                try:
                    file.write(chunk)
                    file.flush()
                except OSError as error:
                    raise self._not_written(error) from error
                stopping.check(self.should_stop)
        (self.found.pictures if is_picture_name(place.name) else self.found.tables).append(place)

    def progress(self, done: int) -> Generator[Event, None, None]:
        """How many bytes of the archive are read."""
        if self._throttle.ready():
            yield Progress("unpack", min(done, self.archive_bytes), self.archive_bytes)

    def damaged(self, error: BaseException | None = None) -> InputError:
        """What is said of a damaged archive."""
        made = InputError(
            f"{self.title} is damaged, or its end is missing. Nothing was unpacked. Get it again from where it came "
            "from.",
            f"{type(error).__name__}: {error}" if error else "",
        )
        made.__cause__ = error
        return made

    def _not_written(self, error: OSError) -> UserError:
        if is_disk_full(error):
            return UserError(
                f"The disk that holds “{self.target.parent}” is full. Nothing was unpacked. Free some space, then try "
                "again."
            )
        return UserError(f"{self.title} cannot be unpacked into {self.target.parent}: {error.strerror}.")

    def _parts(self, name: str) -> list[str]:
        plain = name.replace("\\", "/")
        parts = [part for part in plain.split("/") if part not in ("", ".")]
        if plain.startswith("/") or ".." in parts or any(_DRIVE.match(part) for part in parts[:1]):
            raise InputError(
                f"{self.title} holds a file that would be written outside of its folder, “{names.one(name)}”: it may "
                "be a trap. Nothing was unpacked. Get it from a source that you trust."
            )
        return parts

    def _is_wanted(self, parts: list[str]) -> bool:
        if len(parts) > _DEEPEST or any(part.startswith(".") or part.lower() in _JUNK for part in parts):
            return False
        return is_picture_name(parts[-1]) or PurePosixPath(parts[-1]).suffix.lower() in _TABLE_SUFFIXES

    def _take(self, parts: list[str]) -> PurePosixPath | None:
        """A path that is free on any file system; None where a file is in the way of a folder, or the reverse."""
        clean = [names.one(self._renamed.get(part, part)) for part in parts[:-1]] + [names.one(parts[-1])]
        folders = ["/".join(clean[:depth]).casefold() for depth in range(1, len(clean))]
        path = "/".join(clean).casefold()
        if path in self._folders or any(folder in self._files for folder in folders):
            return None
        while self._files[path]:
            self._files[path] += 1
            other = [*clean[:-1], names.free(clean[-1], self._files[path])]
            wanted = "/".join(other).casefold()
            if not self._files[wanted] and wanted not in self._folders:
                clean, path = other, wanted
        self._files[path] = 1
        self._folders.update(folders)
        return PurePosixPath(*clean)
