"""Errors that end in front of a person: one clear sentence, never a traceback."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass


class UserError(Exception):
    """Something the user can mend.

    Args:
        sentence: what is wrong, why, and how to mend it, in words a first-time user knows.
        details: text for the Details pane and the log; may be empty.
    """

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class InputError(UserError):
    """The input or the call is wrong (exit code 2), as opposed to a job that failed (exit code 1)."""


@dataclass(frozen=True)
class Failure:
    """A failed job, ready to be shown: the sentence, and the technical text behind Details."""

    sentence: str
    details: str = ""
    is_input: bool = False

    @staticmethod
    def of(error: BaseException) -> Failure:
        """Turn any exception into a failure.

        The traceback becomes text here and is dropped with the exception: a kept traceback
        pins GPU memory (https://github.com/pytorch/pytorch/issues/27600).
        """
        if isinstance(error, UserError):
            details = error.details or "".join(traceback.format_exception(error))
            return Failure(error.sentence, details, isinstance(error, InputError))
        details = "".join(traceback.format_exception(error))
        return Failure(explain(error), details)

    def raise_again(self) -> None:
        """Raise the error that this failure tells of, in another process or thread.

        Raises:
            UserError: always (InputError where the input was to blame).
        """
        raise (InputError if self.is_input else UserError)(self.sentence, self.details)


def explain(error: BaseException) -> str:
    """One sentence for an exception that nobody foresaw."""
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return (
            "There is not enough memory for this. Close other programs, or choose a smaller batch size or image size."
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Free some space, then try again; nothing that was saved before is lost."
    if isinstance(error, PermissionError):
        return f"Access to {error.filename or 'a file'} was refused. Choose a place you may read and write."
    if isinstance(error, FileNotFoundError):
        return f"{error.filename or 'A file'} is not there any more. Choose it again."
    first_line = (str(error).strip().splitlines() or [""])[0]
    return (
        f"This did not work: {type(error).__name__}{': ' + first_line[:200] if first_line else ''}. The log has more."
    )
