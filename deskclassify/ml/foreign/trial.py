"""Running a model for the first time, in a process that may be lost: `deskclassify trial FILE`, a hidden command.

A file of 200 bytes can ask for 256 GiB or for an endless loop, and no check of what it states can tell. So it runs on
noise under limits of memory and time; what the process learns it prints as JSON, and the process that opens the model
later knows its shapes, whether it gives probabilities, and that it does no harm.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deskclassify.core.codec import from_json, to_json
from deskclassify.core.errors import InputError
from deskclassify.ml.foreign import hints
from deskclassify.ml.foreign.checking import RefusedError, check, unsuited
from deskclassify.ml.foreign.limits import Limits
from deskclassify.ml.foreign.verdict import Declared, Facts, Tried, Verdict, shape_text

RULES = 1  # of check and trial; another number when they change, so that kept verdicts are not believed any more
USUAL_SIZE = 224  # pixels, where the file leaves it open
MANY = 8  # pictures of the second try, and of later runs
_THREADS = 2
_RANGES = ((0, 1), (-2, 2), (0, 255))  # of the numbers of a picture: as fractions, normalised, as bytes
_KINDS_OF_NOISE = len(_RANGES)
_SLOW_SECONDS = 0.5  # a picture that takes so long comes alone
_AGREES = 1e-2  # difference between a picture's answers alone and among others
_GRACE_SECONDS = 5.0  # whoever waits ends this process before
_LOOK_SECONDS = 0.5
_NOUGHT = 1e-6  # no probability is below 0; raw scores of a hardly trained network are only a little
_SUM_TOLERANCE = {"float16": 2e-2}
_OUT_OF_MEMORY = re.compile(r"bad.?alloc|allocat|out of memory|cannot create std::vector|length_error", re.IGNORECASE)
_CODES = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : |Non-zero status code returned while running ")
_LARGEST_OUTPUT = 200_000_000  # bytes that this process may write to any file


def digest(data: bytes) -> str:
    """What a file is known by."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Entry point of the hidden `trial` command: a file, the limits as JSON, and the process that waits."""
    # ONNX Runtime prints to standard output as it pleases: what we have to say goes another way.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as sink:
        os.dup2(2, 1)
        limits = from_json(Limits, json.loads(arguments[1])) if len(arguments) > 1 else Limits()
        parent = int(arguments[2]) if len(arguments) > 2 else os.getppid()
        threading.Thread(target=_leave_in_time, args=(parent, limits), name="leave", daemon=True).start()
        _limit_time(limits)
        data = Path(arguments[0]).read_bytes()
        _limit_memory(limits, len(data))
        json.dump({"digest": digest(data), "verdict": to_json(judge(data, limits))}, sink)
    return 0


def _leave_in_time(parent: int, limits: Limits) -> None:
    """End this process where nobody waits for it any more: whoever asked was killed, or has forgotten."""
    until = time.monotonic() + limits.wall_seconds + _GRACE_SECONDS
    # In a virtual environment on Windows the parent is a launcher, which ends its child itself.
    while (sys.platform == "win32" or os.getppid() == parent) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def judge(data: bytes, limits: Limits) -> Verdict:
    """Check a model and try it, here and now."""
    try:
        facts = check(data, limits)
        return Verdict(facts=facts, tried=_try(data, facts))
    except RefusedError as error:
        return Verdict(error.sentence, str(error.__cause__ or ""), error.lasting)
    except (MemoryError, RecursionError):
        return Verdict(too_much_memory(limits), lasting=False)
    except Exception as error:
        if is_out_of_memory(str(error)):
            return Verdict(too_much_memory(limits), str(error)[:2000], lasting=False)
        return Verdict(_not_run(error), str(error)[:2000])


def is_out_of_memory(said: str) -> bool:
    """Whether that is how ONNX Runtime complains of too little memory."""
    return _OUT_OF_MEMORY.search(said) is not None


def too_much_memory(limits: Limits) -> str:
    """The sentence for a model that wants more than it may."""
    return (
        f"“{{name}}” is not opened: classifying one picture with it takes more than {limits.memory_bytes / 1e9:.1f} GB "
        "of memory. The file is damaged or made to do harm; or it is a network that is too large for this program."
    )


def plainly(error: Exception) -> str:
    """The first line of what ONNX Runtime says, without its own codes."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"[^\x20-\x7e]+", " ", _CODES.sub("", first))[:160]


def _not_run(error: Exception) -> str:
    plain = plainly(error).replace("{", "(").replace("}", ")")
    return f"“{{name}}” cannot be run ({plain}). Export it anew, with an opset that ONNX Runtime knows."


def _limit_time(limits: Limits) -> None:
    if sys.platform == "win32":
        return  # the process that waits for this one ends it
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_OUTPUT, _LARGEST_OUTPUT))


def _limit_memory(limits: Limits, file_bytes: int) -> None:
    """Beyond what the libraries, and the file in its several forms, take."""
    if sys.platform != "linux":
        return  # Windows has no such limit, and macOS keeps none; whoever waits looks after it
    import resource

    import onnxruntime

    del onnxruntime  # loaded, so that it counts as what is there already
    size = _virtual_bytes() + limits.memory_bytes + 4 * file_bytes
    with contextlib.suppress(ValueError, OSError):  # there is a lower one already
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _virtual_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30


def _try(data: bytes, facts: Facts) -> Tried:
    from deskclassify.ml import ort

    try:
        session = ort.session(data, threads=_THREADS, spinning=False)
    except InputError as error:
        raise error.__cause__ or error from None
    names = [output.name for output in facts.outputs]

    def run(pictures: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(rows) for rows in session.run(names, {facts.input.name: pictures})]

    pictures, step = noise(facts, max(MANY, facts.batch)), facts.batch or 1
    begun = time.perf_counter()
    first = run(pictures[:step])
    seconds = (time.perf_counter() - begun) / step
    place = _choose(facts, first, step)
    rows, batch = first[place], step
    if not facts.batch and seconds < _SLOW_SECONDS:
        rows = np.concatenate([rows, *(run(pictures[at : at + 1])[place] for at in range(1, _KINDS_OF_NOISE))])
        with contextlib.suppress(Exception):  # some say that any number will do, and it is not so
            together = run(pictures)[place]
            if len(together) == MANY and np.allclose(together[: len(rows)], rows, _AGREES, _AGREES, equal_nan=True):
                rows, batch = together, 0
    return _measured(facts.outputs[place], rows, batch, 1000 * seconds)


def noise(facts: Facts, count: int) -> np.ndarray:
    """Pictures for a model of which nobody knows how it wants its numbers: from 0 to 1, around 0, and bytes."""
    size = facts.size or USUAL_SIZE
    random = np.random.default_rng(0)
    shape = (3, size, size) if facts.layout == "nchw" else (size, size, 3)
    if facts.input.kind == "uint8":
        return random.integers(0, 256, (count, *shape), dtype=np.uint8)
    made = []
    for number in range(count):
        low, high = _RANGES[number % _KINDS_OF_NOISE]
        made.append(random.uniform(low, high, shape))
    return np.stack(made).astype(facts.input.kind)


def _choose(facts: Facts, answers: Sequence[np.ndarray], pictures: int) -> int:
    """The output that holds one number for each class."""
    lengths = {
        place: rows.shape[1]
        for place, rows in enumerate(answers)
        if rows.ndim in (2, 4) and rows.shape[0] == pictures and rows.shape[1] > 1 and rows[0].size == rows.shape[1]
    }
    named = len(hints.names(facts.metadata))
    fitting = [place for place, length in lengths.items() if length == named] or list(lengths)
    if len(fitting) != 1:
        shown = ", ".join(shape_text(rows.shape) for rows in answers)
        which = "several outputs" if lengths else "no output"
        raise unsuited(f"it has {which} with one number for each class (found: {shown})")
    return fitting[0]


def _measured(output: Declared, rows: np.ndarray, batch: int, milliseconds: float) -> Tried:
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    good = flat[np.isfinite(flat).all(axis=1)]
    if not len(good):
        raise unsuited("its answers are no numbers (NaN or infinite)")
    tolerance = _SUM_TOLERANCE.get(output.kind, 1e-3)
    within = bool((good >= -_NOUGHT).all() and (good <= 1 + tolerance).all())
    return Tried(
        output=output.name,
        shape=tuple(map(int, rows.shape[1:])),
        classes=flat.shape[1],
        batch=batch,
        sums_to_one=within and bool((np.abs(good.sum(axis=1) - 1) <= tolerance).all()),
        within_one=within,
        milliseconds=milliseconds,
    )
