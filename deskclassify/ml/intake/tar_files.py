"""The members of a .tar file, plain or packed with gzip, bzip2 or xz. It is read once, from front to back."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Generator
from contextlib import AbstractContextManager, closing, nullcontext
from typing import IO, Any, BinaryIO, cast

from deskclassify.core.errors import UserError
from deskclassify.core.events import Event
from deskclassify.ml.intake import stopping
from deskclassify.ml.intake.stopping import StoppedError
from deskclassify.ml.intake.unpacking import Unpacking

_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
_BLOCK_BYTES = tarfile.BLOCKSIZE
_MOST_HEADER_BYTES = 1 << 20  # of a long name or of extended headers, which are read as a whole
_HEADERS = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError, IndexError, UnicodeError)


class _Reader:
    """What comes out of the decompressor, counted: also what is only passed over costs time."""

    def __init__(self, source: IO[bytes], work: Unpacking) -> None:
        self._source = source
        self._work = work
        self._count = 0
        self.has_ended = False  # the blocks of zeros that end a whole archive were seen

    def read(self, size: int) -> bytes:
        """Some more bytes.

        Raises:
            InputError: there are too many.
            StoppedError: it was cancelled.
        """
        stopping.check(self._work.should_stop)
        data = self._source.read(size)
        self._count += len(data)
        self._work.check_size(self._count)
        return data


def is_tar(head: bytes) -> bool:
    """Whether a file that begins like this may be such an archive."""
    if head.startswith((_GZIP, _BZIP2, _XZ)):
        return True
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def unpack(stream: BinaryIO, work: Unpacking) -> Generator[Event, None, None]:
    """Unpack what is wanted.

    Raises:
        InputError: it is damaged, or may be a trap.
        StoppedError: it was cancelled.
    """
    try:
        with _decompressed(stream) as source:
            reader = _Reader(source, work)
            yield from _members(reader, stream, work)
            while reader.read(1 << 16):
                pass  # to the end, where the checksum is
    except (UserError, StoppedError):
        raise
    except _DAMAGE as error:
        raise work.damaged(error) from error
    if not reader.has_ended:
        raise work.damaged()


def _members(reader: _Reader, stream: BinaryIO, work: Unpacking) -> Generator[Event, None, None]:
    class Checked(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Checked:
            # tarfile ends in silence where a header is damaged or cut off; only zeros are a true end.
            if buf.count(0) == _BLOCK_BYTES == len(buf):
                reader.has_ended = True
            made = super().frombuf(buf, encoding, errors)
            if made.type in _HEADERS:
                work.count_entry()
                if not 0 <= made.size <= _MOST_HEADER_BYTES:
                    raise tarfile.ReadError("a header that is too long")
            return made

    with tarfile.open(
        fileobj=cast(BinaryIO, reader),  # for streams it needs nothing but read
        mode="r|",
        tarinfo=Checked,
        encoding="utf-8",
        errors="surrogateescape",
        bufsize=1 << 18,
    ) as archive:
        while (member := archive.next()) is not None:
            cast(Any, archive).members.clear()  # it would keep them all
            yield from work.progress(stream.tell())
            if member.isdir():
                work.count_entry()
                continue
            place = work.place(member.name, member.isreg() and not member.issparse() and _passes(member, work))
            if place is None:
                continue
            source = archive.extractfile(member)
            if source is not None:
                work.write(source, place)


def _passes(member: tarfile.TarInfo, work: Unpacking) -> bool:
    """Python's own filter, beside our checks (PEP 706)."""
    try:
        return tarfile.data_filter(member, str(work.target)) is not None
    except tarfile.FilterError:
        return False


def _decompressed(stream: BinaryIO) -> AbstractContextManager[IO[bytes]]:
    head = stream.read(6)
    stream.seek(0)
    if head.startswith(_GZIP):
        return closing(cast(BinaryIO, gzip.GzipFile(fileobj=stream)))
    if head.startswith(_BZIP2):
        return closing(cast(BinaryIO, bz2.BZ2File(stream)))
    if head.startswith(_XZ):
        return closing(cast(BinaryIO, lzma.LZMAFile(stream)))
    return nullcontext(stream)
