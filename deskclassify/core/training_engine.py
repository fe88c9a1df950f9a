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
import json
import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import IO

from deskclassify import __version__
from deskclassify.core import atomic, engine_choice, engine_files, engine_pip, paths
from deskclassify.core.codec import to_json
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.engine_files import Package, PackageList, Record
from deskclassify.core.engine_pip import StoppedError, Tools
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Message, Progress, Started, Throttle
from deskclassify.core.use_events import EngineState
from deskclassify.core.use_requests import EngineKind, EngineStateRequest, InstallEngineRequest, RemoveEngineRequest
from deskclassify.core.words import counted, size

DOWNLOAD, UNPACK, CHECK = "engine download", "engine unpack", "engine check"  # stages of the progress
_GROUP_BYTES = 40_000_000  # small wheels are downloaded together: each start of pip takes a second
_COMPILED = 1.25  # what the compiled modules (.pyc) add to the unpacked bytes
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
            _delete(folder)
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
                yield from _update(packages)
            elif not (same and state == "installed") or request.repair:
                yield Started("install-engine", reason)
                yield from _Installation(request, packages, should_stop).run()
        except StoppedError:
            pass  # the state that follows tells what is there
        except OSError as error:
            raise engine_pip.failure(str(error)) from error
        finally:
            _delete(engine_files.new_dir())  # half an engine; the wheels stay
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
        needed = download + round(packages.unpacked * _COMPILED)
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


class _Installation:
    """Makes an engine anew, beside the one that may be there."""

    def __init__(self, request: InstallEngineRequest, packages: PackageList, should_stop: ShouldStop) -> None:
        self._packages = packages
        self._offline = Path(request.wheels).expanduser().absolute() if request.wheels else None
        self._index = request.index
        self._wheels = engine_files.wheels_dir()
        self._engine = engine_files.new_dir()
        self._python = engine_files.python_of(self._engine)
        self._own_wheel = engine_files.own_wheel()
        self._should_stop = should_stop
        self._scratch = self._wheels / "partial"
        self._throttle = Throttle(0.2)

    def run(self) -> Iterator[Event]:
        base = engine_choice.interpreter(self._packages.pythons)
        _delete(self._scratch)
        tools = Tools(self._should_stop, self._scratch, self._offline is not None)
        if self._offline is not None:
            _check_folder(self._offline, self._packages)
            missing: list[Package] = []
        else:
            missing = yield from self._look()
        unpacked = round(self._packages.unpacked * _COMPILED)
        engine_pip.check_room(self._engine.parent, unpacked + sum(package.bytes for package in missing))
        yield Message(f"Python {base.version} is at {base.path}.")
        self._engine.parent.mkdir(parents=True, exist_ok=True)
        for _ in tools.run([base.path, "-I", "-m", "venv", "--clear", str(self._engine)]):
            pass
        yield from self._download(tools, missing)
        yield from self._unpack(tools)
        yield Progress(CHECK, 0, 1)
        _check(tools, self._python)
        wheel = engine_files.digest_of(self._own_wheel)
        made = Record(__version__, self._packages.kind, self._packages.digest, wheel, base.version)
        atomic.write_json(self._engine / engine_files.RECORD, to_json(made))
        self._take_its_place()
        _delete(self._scratch)
        yield Progress(CHECK, 1, 1)

    def _look(self) -> Generator[Event, None, list[Package]]:
        """Read the wheels that are there; what is not as it was published goes. Returns what is missing."""
        self._wheels.mkdir(parents=True, exist_ok=True)
        total = self._packages.download_bytes
        missing, here = [], 0
        for package in self._packages.packages:
            if self._should_stop():
                raise StoppedError
            good = False
            for wheel in [wheel for wheel in self._wheels.glob("*.whl") if package.is_wheel(wheel.name)]:
                if engine_files.digest_of(wheel) in package.digests:
                    good = True
                else:
                    wheel.unlink()
            here += package.bytes if good else 0
            if not good:
                missing.append(package)
            if self._throttle.ready():
                yield Progress(DOWNLOAD, here, total)
        return missing

    def _download(self, tools: Tools, missing: Sequence[Package]) -> Iterator[Event]:
        total = self._packages.download_bytes
        done = total - sum(package.bytes for package in missing)
        for group in _groups(missing):
            amount = sum(package.bytes for package in group)
            before = engine_pip.folder_bytes(self._wheels)
            target = ("download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", self._wheels)
            index = ("--index-url", self._index) if self._index else ()
            # Only for the builds that PyPI lacks: an index more is asked for every package.
            is_special = any("+" in package.version or package.name == "torchvision" for package in group)
            more = ("--extra-index-url", self._packages.index) if self._packages.index and is_special else ()
            listed = ("--requirement", self._requirements(group))

            def measure(before: int = before) -> int:
                return engine_pip.folder_bytes(self._wheels) - before

            for grown in tools.pip(self._python, *target, *index, *more, *listed, measure=measure):
                if self._throttle.ready():
                    yield Progress(DOWNLOAD, done + max(0, min(grown, amount)), total)
            done += amount
            yield Progress(DOWNLOAD, done, total)

    def _unpack(self, tools: Tools) -> Iterator[Event]:
        total = round(self._packages.unpacked * _COMPILED)
        measure = engine_pip.Steady(lambda: engine_pip.folder_bytes(engine_files.site_of(self._engine)))
        source = ("--no-index", "--find-links", self._offline or self._wheels)
        listed = ("--require-hashes", "--requirement", self._requirements(self._packages.packages))
        for done in tools.pip(self._python, "install", "--no-deps", *source, *listed, measure=measure):
            if self._throttle.ready():
                yield Progress(UNPACK, min(done, total), total)
        for _ in tools.pip(self._python, "install", "--no-deps", "--no-index", self._own_wheel):
            pass
        yield Progress(UNPACK, total, total)

    def _requirements(self, packages: Sequence[Package]) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        file = self._scratch / "requirements.txt"
        file.write_text("".join(f"{package.requirement}\n" for package in packages), encoding="ascii")
        return file

    def _take_its_place(self) -> None:
        engine, old = paths.engine_dir(), engine_files.old_dir()
        _delete(old)
        if engine.exists():
            os.replace(engine, old)
        os.replace(self._engine, engine)
        _delete(old)


def _groups(packages: Sequence[Package]) -> Iterator[list[Package]]:
    """Large ones alone, small ones together; those that need another index, by themselves."""
    group: list[Package] = []
    for package in sorted(packages, key=lambda one: ("+" in one.version or one.name == "torchvision", one.bytes)):
        special = "+" in package.version or package.name == "torchvision"
        if group and (special or sum(one.bytes for one in group) + package.bytes > _GROUP_BYTES):
            yield group
            group = []
        group.append(package)
    if group:
        yield group


def _check_folder(folder: Path, packages: PackageList) -> None:
    """Look whether a folder has all wheels.

    Raises:
        InputError: it has not; names those that are missing.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder “{folder}”. Give the folder that holds the wheels (.whl).")
    names = [wheel.name for wheel in folder.glob("*.whl")]
    missing = [
        f"{package.name} {package.version}" for package in packages.packages if not any(map(package.is_wheel, names))
    ]
    if missing:
        some = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise InputError(
            f"The folder “{folder}” lacks {counted(len(missing), 'wheel')}: {some}. The list of all is shown by "
            "“deskclassify install-engine --list”.",
            "\n".join(missing),
        )


def _update(packages: PackageList) -> Iterator[Event]:
    """Put this version of the program into an engine whose other packages are right already.

    It takes some seconds, and is not stopped: half an exchange would leave no engine at all.
    """
    engine = paths.engine_dir()
    wheel = engine_files.own_wheel()
    before = engine_files.record(engine)
    yield Started("install-engine", "Only the program's own part is exchanged.")
    (engine / engine_files.RECORD).unlink()
    scratch = engine_files.wheels_dir() / "partial"
    tools = Tools(never, scratch)
    python = engine_files.python_of(engine)
    for _ in tools.pip(python, "install", "--no-deps", "--no-index", "--force-reinstall", wheel):
        pass
    yield Progress(CHECK, 0, 1)
    _check(tools, python)
    made = Record(
        __version__, packages.kind, packages.digest, engine_files.digest_of(wheel), before.python if before else ""
    )
    atomic.write_json(engine / engine_files.RECORD, to_json(made))
    _delete(scratch)
    yield Progress(CHECK, 1, 1)


def _check(tools: Tools, python: Path) -> None:
    """Let the engine examine itself.

    Raises:
        UserError: it does not answer as it should.
    """
    said = tools.answer([str(python), "-I", "-X", "utf8", "-c", _PROBE])
    try:
        told = json.loads(next(line for line in reversed(said.splitlines()) if line.startswith("{")))
    except (StopIteration, ValueError) as error:
        raise UserError("The training engine was installed but does not answer. Repair it.", said[-4000:]) from error
    if "torch" not in told.get("versions", {}):
        raise UserError("The training engine was installed but cannot find PyTorch. Repair it.", said[-4000:])


# `doctor` ends with 1 where something wants a look, which is no reason to refuse an engine that works.
_PROBE = "import sys; from deskclassify.__main__ import main; main(['doctor', '--json']); sys.exit(0)"


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


def _delete(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def in_words(state: EngineState) -> str:
    """The state in one or two sentences, with the sizes."""
    if state.state in ("bundled", "installed") or not state.bytes_needed:
        return state.text
    down = (
        f"{size(state.bytes_download)} are to be downloaded; " if state.bytes_download else "Everything is downloaded; "
    )
    return f"{state.text} {down}{size(state.bytes_needed)} of disk space are needed; {size(state.bytes_free)} are free."
