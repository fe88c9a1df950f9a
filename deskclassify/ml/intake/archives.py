"""Unpacking an archive from anywhere, as if it were made to do harm.

| in the archive                                 | what is done                                           |
| ---------------------------------------------- | ------------------------------------------------------ |
| pictures, and tables (.csv, .tsv, .txt)        | unpacked                                               |
| other files, archives, hidden files            | left out, counted                                      |
| links, devices, sparse files                   | left out, counted                                      |
| `..`, absolute paths, drive letters            | all of it is refused                                   |
| names that differ in case only                 | both are kept, the second with a number                |
| the same name again                            | left out, counted                                      |
| names that some file system does not take      | changed                                                |
| a password                                     | all of it is refused                                   |
| more entries, bytes or growth than `Limits`    | all of it is refused                                   |
| an end that is missing, a wrong checksum       | all of it is refused                                   |

What is written is counted while it is written; what headers say of sizes is not believed. No link is ever made.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path, PurePosixPath

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.ml.intake import tar_files, zip_files
from deskclassify.ml.intake.unpacking import Limits, Unpacked, Unpacking


def unpack(
    file: Path,
    target: Path,
    should_stop: ShouldStop,
    renamed: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Generator[Event, None, Unpacked]:
    """Unpack the pictures and tables of an archive.

    Args:
        file: .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz, known by its content.
        target: an empty folder; what is in it after an error must be removed.
        should_stop: of the job.
        renamed: names of folders in the archive → names wanted.
        limits: what it may come to.

    Yields:
        Progress of the stage `unpack`, in bytes of the archive.

    Raises:
        InputError: it is no archive, damaged, locked, or may be a trap.
        UserError: it cannot be written.
        StoppedError: it was cancelled.
    """
    work = Unpacking(
        f"The archive {file.name}", file.stat().st_size, target, limits or Limits(), renamed or {}, should_stop
    )
    with file.open("rb") as stream:
        head = stream.read(512)
        stream.seek(0)
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
            yield from zip_files.unpack(stream, work)
        elif tar_files.is_tar(head):
            yield from tar_files.unpack(stream, work)
        else:
            raise InputError(_no_archive(file.name, head))
    if not work.found.pictures:
        inner = " It holds other archives: unpack it yourself, then choose those." if work.found.inner_archives else ""
        raise InputError(f"The archive {file.name} holds no pictures that can be read.{inner}")
    return work.found


def _no_archive(name: str, head: bytes) -> str:
    start = head.lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return (
            f"{name} is a web page, not an archive. Look on that page for the link to the file itself, and copy its "
            "address."
        )
    if head.startswith((b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")):
        return (
            f"{name} is a 7z, RAR or Zstandard archive, which cannot be unpacked here. Unpack it, then add the folder."
        )
    if not head:
        return f"{name} is empty. Get it again from where it came from."
    return f"{name} is not an archive that can be unpacked. These can: .zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz."


def common_root(found: Unpacked) -> PurePosixPath:
    """The folder at whose top the class folders lie: folders that hold but one folder are passed over.

    A folder with a table directly in it is not passed, for the table names its pictures from there.
    """
    root = PurePosixPath()
    with_tables = {path.parent for path in found.tables if path.suffix.lower() != ".txt"}
    while root not in with_tables:
        depth = len(root.parts)
        first = found.pictures[0].parts
        # It goes down only while what is below is a folder of folders: the last folder names the class.
        if len(first) < depth + 3:
            break
        below = root / first[depth]
        if not all(len(path.parts) >= depth + 3 and path.parts[depth] == first[depth] for path in found.pictures):
            break
        root = below
    return root
