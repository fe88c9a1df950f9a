"""The jobs that look for, install and remove the training engine: a Python environment with torch in the user's folder.

| stopped or cut off      | what stays, and how the next installation goes on                        |
| ----------------------- | ------------------------------------------------------------------------ |
| while downloading       | whole wheels; the one that was on its way is downloaded anew             |
| while unpacking         | the wheels; the environment is made anew                                 |
| between the two renames | both engines, of which `engine_files.settle` takes the newer one         |
| while the engine before | is replaced: that one is whole and in use until the new one has answered |

Everything that is installed is named in a list with its digests: pip takes nothing else (`--require-hashes`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import IO

from deskclassify import __version__
from deskclassify.core import engine_choice, engine_files, engine_install, engine_pip, paths
from deskclassify.core.control import ShouldStop
from deskclassify.core.engine_files import Package, PackageList
from deskclassify.core.engine_pip import StoppedError
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Started
from deskclassify.core.use_events import EngineState
from deskclassify.core.use_requests import EngineKind, EngineStateRequest, InstallEngineRequest, RemoveEngineRequest
from deskclassify.core.words import size

_TEXTS = {
    "bundled": "Nothing more is needed: PyTorch, which trains, is installed beside this program.",
    "installed": "The training engine is installed.",
    "missing": "The training engine is not installed yet. Predicting works without it; training needs it.",
    "unfinished": "The installation was interrupted. It goes on with what is downloaded already.",
    "damaged": "The training engine is damaged. Repair makes it anew; your projects and models are not touched.",
    "outdated": "The training engine belongs to another version of the program. Install brings it up to date.",
}


def examine(request: EngineStateRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `EngineStateRequest`."""
    yield current(request.kind)


def remove(request: RemoveEngineRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `RemoveEngineRequest`: the engine and its downloaded wheels.

    Raises:
        InputError: it is being installed.
    """
    with _only_one():
        # First of all the record: half an engine must not be taken for a whole one.
        (paths.engine_dir() / engine_files.RECORD).unlink(missing_ok=True)
        for folder in (paths.engine_dir(), engine_files.new_dir(), engine_files.old_dir(), engine_files.wheels_dir()):
            engine_files.delete(folder)
    yield current()


def install(request: InstallEngineRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `InstallEngineRequest`: `Progress` in bytes, then `EngineState`, also when it was stopped.

    Raises:
        InputError: something that is needed is not there; the sentence says how to get it.
        UserError: a step failed.
    """
    if not engine_files.is_needed():
        yield current(request.kind)
        return
    with _only_one():
        engine_files.settle()
        state, found = engine_files.state()
        wanted: EngineKind = found.kind if request.kind == "auto" and found is not None else request.kind
        kind, reason = engine_choice.kind_for(wanted)
        packages = engine_files.package_list(kind)
        same = found is not None and (found.packages, found.kind) == (packages.digest, kind)
        try:
            if same and state == "outdated" and not request.repair:
                yield from engine_install.update(packages)
            elif not (same and state == "installed") or request.repair:
                yield Started("install-engine", reason)
                yield from engine_install.Installation(request, packages, should_stop).run()
        except StoppedError:
            pass  # the state that follows tells what is there
        except OSError as error:
            raise engine_pip.failure(str(error)) from error
        finally:
            engine_files.delete(engine_files.new_dir())  # half an engine; the wheels stay
    yield current(kind)


def current(wanted: EngineKind = "auto") -> EngineState:
    """What there is of the engine, and what would be installed."""
    state, found = engine_files.state()
    folder = paths.engine_dir()
    free = engine_pip.free_bytes(folder)
    if state == "bundled":
        return EngineState(state=state, version=__version__, bytes_free=free, text=_TEXTS[state])
    kind, reason = engine_choice.kind_for(wanted)
    if wanted == "auto" and found is not None:
        kind, reason = found.kind, ""
    needed = download = 0
    text = _TEXTS[state]
    try:
        packages = engine_files.package_list(kind)
        download = sum(package.bytes for package in _absent(packages))
        needed = download + round(packages.unpacked * engine_install.COMPILED)
    except InputError as error:
        text = text if state == "installed" else error.sentence
    if state == "installed":
        text = f"{text[:-1]}, {'with CUDA, for the graphics card' if kind == 'cuda' else 'for the processor'}."
    version = found.version if found is not None else ""
    return EngineState(
        state=state,
        folder=str(folder),
        kind=kind,
        version=version,
        bytes_needed=needed,
        bytes_free=free,
        text=text,
        bytes_download=download,
        reason=reason,
    )


def _absent(packages: PackageList) -> list[Package]:
    """Packages whose wheel is not downloaded, going by the names."""
    names = [wheel.name for wheel in engine_files.wheels_dir().glob("*.whl")]
    return [package for package in packages.packages if not any(map(package.is_wheel, names))]


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Let no two programs change the engine at the same time.

    Raises:
        InputError: another one is at it.
    """
    folder = paths.engine_dir().parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "engine.lock").open("a", encoding="ascii") as file:
        if not _lock(file):
            raise InputError("The training engine is being installed or removed already. Wait until that has ended.")
        yield


def _lock(file: IO[str]) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def in_words(state: EngineState) -> str:
    """The state in one or two sentences, with the sizes."""
    if state.state in ("bundled", "installed") or not state.bytes_needed:
        return state.text
    down = (
        f"{size(state.bytes_download)} are to be downloaded; " if state.bytes_download else "Everything is downloaded; "
    )
    return f"{state.text} {down}{size(state.bytes_needed)} of disk space are needed; {size(state.bytes_free)} are free."
