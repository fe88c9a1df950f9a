"""The part of a download that has come, and a note beside it of what the server said about the file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import BinaryIO

from deskclassify.core import atomic
from deskclassify.ml.intake.line import Answer

_NOTHING = Answer(200, 0, None, "", "")


class ChangedError(OSError):
    """The file on the server is another one than the part is of; the part was thrown away."""


class Part:
    """`NAME.part` beside the target, and `NAME.part.json` with address, length, ETag and date.

    Args:
        target: the file that it shall become.
        address: a part of another one is thrown away.
        is_checked: whether a digest will be compared; without it and without ETag or date a part is thrown away,
            for nothing would tell if the file had changed.

    Attributes:
        length: of the part, in bytes.
        said: what the server said of the whole file.
        came_at_once: whether all of it is from one answer.
    """

    def __init__(self, target: Path, address: str, is_checked: bool) -> None:
        self.file = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self._target = target
        self._address = address
        self._is_checked = is_checked
        self.said = self._read_note()
        self.length = self.file.stat().st_size if self.file.is_file() else 0
        self.came_at_once = not self.length
        is_longer = self.said.total is not None and self.length > self.said.total
        if self.length and (is_longer or not (is_checked or self._validator())):
            self.forget()

    @property
    def is_whole(self) -> bool:
        """Whether all has come, as far as the server told its length."""
        return self.length > 0 and self.length == self.said.total

    def headers(self) -> dict[str, str]:
        """Ask for the rest only, and only if the file is still the same."""
        if not self.length:
            return {}
        wanted = {"Range": f"bytes={self.length}-"}
        if validator := self._validator():
            wanted["If-Range"] = validator
        return wanted

    def begin(self, said: Answer) -> None:
        """Take the answer to a request with these headers.

        Raises:
            ChangedError: the rest is not of this part.
        """
        if said.status == 206 and self.length:
            # A server that does not say where its part begins is believed where the digest tells in the end.
            misplaced = said.start != self.length and not (said.start is None and self._is_checked)
            known = self.said.total
            other = known is not None and said.total is not None and said.total != known
            other |= bool(said.etag and self.said.etag and said.etag != self.said.etag)
            if misplaced or other:
                self.forget()
                raise ChangedError("the file has changed on the server")
            self.came_at_once = False
            self.note(replace(self.said, total=known if said.total is None else said.total))
        elif said.status == 206:
            raise OSError("the server sent a part where all was asked for")
        else:
            self.forget()
            self.note(said)

    def open(self) -> BinaryIO:
        """Open it to write what comes next."""
        return self.file.open("ab" if self.length else "wb")

    def note(self, said: Answer) -> None:
        """Keep what the server said."""
        self.said = said
        atomic.write_json(self._note, {"address": self._address, **asdict(said)})

    def forget(self) -> None:
        """Throw it away."""
        self.file.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self.length = 0
        self.said = _NOTHING
        self.came_at_once = True

    def finish(self) -> None:
        """Give it its name."""
        os.replace(self.file, self._target)
        self._note.unlink(missing_ok=True)

    def _validator(self) -> str:
        """What `If-Range` takes: a strong ETag, or a date."""
        etag = self.said.etag
        return etag if etag and not etag.startswith("W/") else self.said.modified

    def _read_note(self) -> Answer:
        try:
            value = json.loads(self._note.read_text(encoding="utf-8"))
            if value["address"] == self._address:
                total = value["total"]
                return Answer(
                    200, 0, total if isinstance(total, int) else None, str(value["etag"]), str(value["modified"])
                )
        except FileNotFoundError:
            return _NOTHING  # a part of an earlier version of this program
        except (OSError, ValueError, TypeError, KeyError):
            pass  # a damaged note: nobody knows any more what the part is of
        self.file.unlink(missing_ok=True)  # a part of another file
        return _NOTHING
