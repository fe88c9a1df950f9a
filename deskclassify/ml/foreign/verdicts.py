"""Whether a model file may be opened: asked of a child process once for each file, and kept.

All that opens a model comes by here, and works with the very bytes that were judged. Files that this installation has
exported itself are known by their digest and need no trial.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deskclassify import __version__
from deskclassify.core import atomic, paths
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.errors import InputError
from deskclassify.ml.foreign.limits import USUAL, Limits
from deskclassify.ml.foreign.trial import RULES, digest, judge, too_much_memory
from deskclassify.ml.foreign.verdict import Facts, Tried, Verdict

_POLL_SECONDS = 0.02
_LIBRARIES_BYTES = 400_000_000  # resident, of the child with nothing opened
_LARGEST_REPORT = 100_000_000
_log = logging.getLogger(__name__)


class StoppedError(Exception):
    """The user did not want to wait for the trial."""


@dataclass(frozen=True)
class Judged:
    """A model that may be opened.

    Attributes:
        data: the file, as it was when it was judged.
        digest: of it.
        facts: what it says of itself.
        tried: what was measured.
        own: whether this installation wrote it, so that it needs no limits.
    """

    data: bytes
    digest: str
    facts: Facts
    tried: Tried
    own: bool


@dataclass(frozen=True)
class Kept:
    """A verdict as it lies in the cache; another program or ONNX Runtime may judge otherwise."""

    scope: str
    own: bool
    verdict: Verdict


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        verdict: of the file.
        peak_bytes: most memory that was seen.
        seconds: that it took.
    """

    verdict: Verdict
    peak_bytes: int
    seconds: float


def judged(path: Path, should_stop: ShouldStop = never, limits: Limits = USUAL) -> Judged:
    """Read a model file, and have it checked and tried if nobody has done so before.

    Args:
        path: of the file.
        should_stop: asked while the trial runs.
        limits: of the trial.

    Raises:
        InputError: it is none, it is damaged, or it would do harm.
        StoppedError: as asked.
    """
    data = _read(path, limits)
    name = digest(data)
    kept = _recall(name)
    if kept is None:
        outcome = run_trial(path, name, should_stop, limits)
        kept = Kept(_scope(), False, outcome.verdict)
        if kept.verdict.lasting:
            _keep(name, kept)
    verdict = kept.verdict
    if verdict.facts is None or verdict.tried is None:
        raise InputError(verdict.refusal.replace("{name}", path.name), verdict.details)
    return Judged(data, name, verdict.facts, verdict.tried, kept.own)


def remember_own(data: bytes) -> None:
    """Keep in mind that this installation has written a model and tested it: it is opened without a trial.

    Where the cache has been emptied, such a file is tried like any other.
    """
    verdict = judge(data, USUAL)
    if verdict.facts is not None:
        _keep(digest(data), Kept(_scope(), True, verdict))


def run_trial(path: Path, wanted: str, should_stop: ShouldStop = never, limits: Limits = USUAL) -> Outcome:
    """Check and run a model in a process of its own, which is ended where it takes too much.

    Args:
        path: of the file.
        wanted: digest that it had when it was read here.
        should_stop: asked all the time.
        limits: of the child.

    Raises:
        StoppedError: as asked.
        InputError: the child cannot be started, or the file changes all the time.
    """
    begun = time.monotonic()
    with tempfile.TemporaryFile() as report:
        try:
            child = subprocess.Popen(
                [*_command(), str(path.absolute()), json.dumps(to_json(limits)), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=report,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # Ctrl-C is for the one who asks, and not a fault of the model
            )
        except OSError as error:
            raise InputError(
                f"“{path.name}” cannot be tried out: {error.strerror}. Start this program again."
            ) from error
        try:
            ended, peak = _watch(child, path.stat().st_size, should_stop, limits)
        finally:
            child.kill()
            child.wait()
        seconds = time.monotonic() - begun
        if ended is None:
            ended = _report(report, child.returncode, wanted, limits)
    return Outcome(ended, peak, seconds)


def _read(path: Path, limits: Limits) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"There is no model “{path}”. Choose an .onnx file.")
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise InputError(
                f"“{path.name}” has {size / 1e9:.1f} GB, more than the {limits.file_bytes / 1e9:.1f} GB that an ONNX "
                "file can have. Choose a smaller network."
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"“{path.name}” cannot be read: {said}. Choose another file.") from error


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "trial"]
    return [sys.executable, "-m", "deskclassify", "trial"]


def _environment() -> dict[str, str]:
    """For the child: one arena of memory, so that its limit means what it says."""
    package_parent = str(Path(__file__).resolve().parents[3])
    known = os.environ.get("PYTHONPATH", "")
    search = os.pathsep.join(part for part in (package_parent, known) if part)
    return {**os.environ, "PYTHONPATH": search, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "2"}


def _watch(
    child: subprocess.Popen[bytes], file_bytes: int, should_stop: ShouldStop, limits: Limits
) -> tuple[Verdict | None, int]:
    """Wait for the child; a verdict where it had to be ended, and the most memory that was seen."""
    import psutil

    most = _LIBRARIES_BYTES + 6 * file_bytes + limits.memory_bytes
    until, peak = time.monotonic() + limits.wall_seconds, 0
    watched: Any = None
    with contextlib.suppress(psutil.Error):
        watched = psutil.Process(child.pid)
    while child.poll() is None:
        with contextlib.suppress(psutil.Error):
            peak = max(peak, _resident(watched) if watched is not None else 0)
        if peak > most:
            return Verdict(too_much_memory(limits), lasting=False), peak
        if time.monotonic() > until:
            return Verdict(_too_slow(limits), lasting=False), peak
        if should_stop():
            raise StoppedError
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL_SECONDS)
    return None, peak


def _resident(process: Any) -> int:
    """Memory of a process, and of its children where it is only a launcher (Windows)."""
    family = [process, *process.children(recursive=True)] if sys.platform == "win32" else [process]
    return sum(int(one.memory_info().rss) for one in family)


def _too_slow(limits: Limits) -> str:
    return (
        f"“{{name}}” is not opened: classifying a few pictures with it was not done after {limits.wall_seconds:.0f} s. "
        "Either it never ends, or the network is too large for this computer."
    )


def _report(file: IO[bytes], code: int, wanted: str, limits: Limits) -> Verdict:
    """What the child has printed, or why it has not."""
    file.seek(0)
    try:
        told = json.loads(file.read(_LARGEST_REPORT))
        verdict = from_json(Verdict, told["verdict"])
        same = told["digest"] == wanted
    except (ValueError, TypeError, KeyError, RecursionError):
        return _died(code, limits)
    if not same:
        return Verdict("“{name}” was changed while it was being read. Try again.", lasting=False)
    return verdict


def _died(code: int, limits: Limits) -> Verdict:
    names = {-24: _too_slow(limits), -9: too_much_memory(limits)}  # SIGXCPU, SIGKILL
    usual = (
        f"“{{name}}” is not opened: trying it out ended the process that did so (code {code}). The file is damaged or "
        "made to do harm. Export or download it again."
    )
    return Verdict(names.get(code, usual), f"The trial ended with code {code}.", lasting=False)


def _scope() -> str:
    import onnxruntime

    return f"{RULES} {__version__} {onnxruntime.__version__}"


def _file(name: str) -> Path:
    return paths.cache_dir() / "verdicts" / f"{name}.json"


def _recall(name: str) -> Kept | None:
    try:
        kept = from_json(Kept, json.loads(_file(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return kept if kept.scope == _scope() else None


def _keep(name: str, kept: Kept) -> None:
    try:
        atomic.write_bytes(_file(name), json.dumps(to_json(kept)).encode("ascii"), flush=False)
    except OSError:
        _log.warning("What is known of a model cannot be kept", exc_info=True)
