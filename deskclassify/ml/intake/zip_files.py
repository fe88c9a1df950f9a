"""The members of a .zip file."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Generator
from typing import BinaryIO

from deskclassify.core.errors import InputError
from deskclassify.core.events import Event
from deskclassify.ml.intake.unpacking import Unpacking

_LOCKED, _UTF8 = 0x1, 0x800  # flags of a member
_UNIX = 3
_MOST_DIRECTORY_BYTES = 256_000_000  # it is read as a whole; half a million members take some 50 MB
_TAIL_BYTES = 65_557  # the end record with its longest comment
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error, UnicodeError, IndexError)


def unpack(stream: BinaryIO, work: Unpacking) -> Generator[Event, None, None]:
    """Unpack what is wanted.

    Raises:
        InputError: it is damaged, locked, packed in an unknown way, or may be a trap.
        StoppedError: it was cancelled.
    """
    _check_directory(stream, work)
    try:
        archive = zipfile.ZipFile(stream)
    except (*_DAMAGE, NotImplementedError) as error:
        raise work.damaged(error) from error
    with archive:
        done = 0
        for member in archive.infolist():
            done += max(0, member.compress_size)
            yield from work.progress(done)
            if member.is_dir():
                work.count_entry()
                continue
            place = work.place(_name(member), _is_plain(member))
            if place is None:
                continue
            if member.flag_bits & _LOCKED:
                raise InputError(f"{work.title} is locked with a password. Unpack it yourself, then add the folder.")
            try:
                with archive.open(member) as source:
                    work.write(source, place)
            except NotImplementedError as error:
                raise InputError(
                    f"{work.title} is packed in a way that cannot be read here ({error}). Unpack it yourself, then "
                    "add the folder."
                ) from error
            except RuntimeError as error:  # what zipfile raises for a password
                raise work.damaged(error) from error
            except _DAMAGE as error:
                raise work.damaged(error) from error


def _name(member: zipfile.ZipInfo) -> str:
    """Without the flag for UTF-8 the standard says code page 437; many programs write UTF-8 all the same."""
    if member.flag_bits & _UTF8:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _is_plain(member: zipfile.ZipInfo) -> bool:
    mode = member.external_attr >> 16
    return member.create_system != _UNIX or not stat.S_IFMT(mode) or stat.S_ISREG(mode)


def _check_directory(stream: BinaryIO, work: Unpacking) -> None:
    """Refuse a list of members that would fill the memory before the first one is seen."""
    stream.seek(max(0, work.archive_bytes - _TAIL_BYTES))
    tail = stream.read(_TAIL_BYTES)
    stream.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise work.damaged()
    (directory,) = struct.unpack_from("<L", tail, at + 12)
    if directory == 0xFFFFFFFF:
        wide = tail.rfind(b"PK\x06\x06", 0, at)
        directory = struct.unpack_from("<Q", tail, wide + 40)[0] if 0 <= wide <= len(tail) - 48 else 0
    if directory > _MOST_DIRECTORY_BYTES:
        raise InputError(f"{work.title} holds too many files. Unpack it yourself if you trust it, then add the folder.")
