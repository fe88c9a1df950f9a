"""Digests of files: whether a download is what its publisher meant, and whether an archive was unpacked before."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Progress, Throttle
from deskclassify.ml.intake import stopping

_CHUNK_BYTES = 1 << 22
_LENGTHS = {"sha256": 64, "md5": 32}  # hexadecimal digits


@dataclass(frozen=True)
class Digest:
    """What the bytes of a file must come to.

    Attributes:
        algorithm: `sha256` or `md5`. MD5 tells a damaged file from a whole one; it is no guard against a forger.
        digits: hexadecimal, all of them or the first ones.
    """

    algorithm: str
    digits: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.digits}"

    @staticmethod
    def parse(text: str) -> Digest:
        """Read `sha256:…` or `md5:…`.

        Raises:
            InputError: it is neither.
        """
        algorithm, _, digits = text.strip().lower().partition(":")
        length = _LENGTHS.get(algorithm)
        if length is None or not re.fullmatch(rf"[0-9a-f]{{{length}}}", digits):
            raise InputError(
                f"“{text}” is no digest. Give sha256: and 64 hexadecimal digits, or md5: and 32, as the publisher "
                "shows them; or none."
            )
        return Digest(algorithm, digits)


def of_file(
    file: Path, algorithms: tuple[str, ...], should_stop: ShouldStop
) -> Generator[Event, None, dict[str, Digest]]:
    """Read a file once.

    Yields:
        Progress of the stage `check`, in bytes.

    Returns:
        algorithm → digest.

    Raises:
        StoppedError: it was cancelled.
        OSError: it cannot be read.
    """
    sums = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    total, done, throttle = file.stat().st_size, 0, Throttle(0.2)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            for one in sums.values():
                one.update(chunk)
            done += len(chunk)
            if throttle.ready():
                yield Progress("check", done, total)
            stopping.check(should_stop)
    return {name: Digest(name, one.hexdigest()) for name, one in sums.items()}
