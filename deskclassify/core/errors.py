"""Errors that end in front of a person: one clear sentence, never a traceback."""

from __future__ import annotations

import errno
import re
import traceback
from dataclasses import dataclass

# What torch, cuDNN, cuBLAS and ONNX Runtime say when a graphics card's context is lost; every later call fails too.
_DEAD_DEVICE = re.compile(r"CUDA (error|failure|driver)|cuDNN error|CUDNN_STATUS_|CUBLAS_STATUS_|device-side assert")
_DEAD_CAUSE = (
    "The graphics card does not answer any more, as happens when the computer was asleep or its driver failed."
)
_DEAD_ADVICE = "What was saved is kept: start it again; “train” on the command line goes on with --resume."


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


class EngineDiedError(UserError):
    """The process that ran a job has ended in the middle of it, or is of no further use.

    Args:
        cause: what happened, a sentence.
        advice: what to do, where the user has to do something.
        details: as ever.
    """

    def __init__(self, cause: str, advice: str = "", details: str = "") -> None:
        super().__init__(f"{cause} {advice}".rstrip(), details)
        self.cause = cause


class EngineMissingError(UserError):
    """The training engine, which this job needs, is not installed yet; the window offers to install it."""


class OneOfManyError(UserError):
    """A failure in one of several processes that train together.

    Args:
        failure: what went wrong in this one.
        speaks: whether it is the one that tells the user; the others fail because it did.
    """

    def __init__(self, failure: Failure, speaks: bool) -> None:
        super().__init__(failure.sentence, failure.details)
        self.failure = failure
        self.speaks = speaks


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room to write: on the disk, or in the user's share of it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_dead_device(error: BaseException) -> bool:
    """Whether a graphics card's context is lost: this process can use the card no more, a new one can."""
    text = str(error)
    return bool(_DEAD_DEVICE.search(text)) and "out of memory" not in text.lower()


@dataclass(frozen=True)
class Failure:
    """A failed job, ready to be shown: the sentence, and the technical text behind Details.

    `is_deadly` says that the process that ran the job is of no further use, `needs_engine` that the training engine
    is not installed.
    """

    sentence: str
    details: str = ""
    is_input: bool = False
    is_deadly: bool = False
    needs_engine: bool = False

    @staticmethod
    def of(error: BaseException) -> Failure:
        """Turn any exception into a failure.

        The traceback becomes text here and is dropped with the exception: a kept traceback
        pins GPU memory (https://github.com/pytorch/pytorch/issues/27600).
        """
        if isinstance(error, OneOfManyError):
            return error.failure
        if isinstance(error, UserError):
            details = error.details or "".join(traceback.format_exception(error))
            needs_engine = isinstance(error, EngineMissingError)
            return Failure(error.sentence, details, isinstance(error, InputError), needs_engine=needs_engine)
        details = "".join(traceback.format_exception(error))
        return Failure(explain(error), details, is_deadly=is_dead_device(error))

    def raise_again(self) -> None:
        """Raise the error that this failure tells of, in another process or thread.

        Raises:
            UserError: always (InputError where the input was to blame, EngineDiedError where the process is lost).
        """
        if self.is_deadly:
            raise EngineDiedError(_DEAD_CAUSE, _DEAD_ADVICE, self.details)
        raise (InputError if self.is_input else UserError)(self.sentence, self.details)


def explain(error: BaseException) -> str:
    """One sentence for an exception that nobody foresaw."""
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return (
            "There is not enough memory for this. Close other programs, or choose a smaller batch size or image size."
        )
    if is_dead_device(error):
        return f"{_DEAD_CAUSE} {_DEAD_ADVICE}"
    if is_disk_full(error):
        return "The disk is full. Free some space, then try again; nothing that was saved before is lost."
    if isinstance(error, PermissionError):
        return f"Access to {error.filename or 'a file'} was refused. Choose a place you may read and write."
    if isinstance(error, FileNotFoundError):
        return f"{error.filename or 'A file'} is not there any more. Choose it again."
    first_line = (str(error).strip().splitlines() or [""])[0]
    return (
        f"This did not work: {type(error).__name__}{': ' + first_line[:200] if first_line else ''}. The log has more."
    )
