"""Making a training engine: a virtual environment, its packages, the program's own part, and a trial."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from deskclassify import __version__
from deskclassify.core import atomic, engine_choice, engine_files, engine_pip, paths
from deskclassify.core.codec import to_json
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.engine_files import Package, PackageList, Record
from deskclassify.core.engine_pip import StoppedError, Tools
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Message, Progress, Started, Throttle
from deskclassify.core.use_requests import InstallEngineRequest
from deskclassify.core.words import counted

DOWNLOAD, UNPACK, CHECK = "engine download", "engine unpack", "engine check"  # stages of the progress
COMPILED = 1.25  # what the compiled modules (.pyc) and pip itself add to the unpacked bytes
_GROUP_BYTES = 40_000_000  # small wheels are downloaded together: each start of pip takes a second


class Installation:
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
        """Make it, and let it take the place of the one before.

        Raises:
            StoppedError: the user stopped it; what was made is to be deleted.
            InputError, UserError: as `training_engine.install` says.
        """
        base = engine_choice.interpreter(self._packages.pythons)
        engine_files.delete(self._scratch)
        tools = Tools(self._should_stop, self._scratch, self._offline is not None)
        if self._offline is not None:
            _check_folder(self._offline, self._packages)
            missing: list[Package] = []
        else:
            missing = yield from self._look()
        unpacked = round(self._packages.unpacked * COMPILED)
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
        engine_files.delete(self._scratch)
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
        total = round(self._packages.unpacked * COMPILED)
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
        engine_files.delete(old)
        if engine.exists():
            os.replace(engine, old)
        os.replace(self._engine, engine)
        engine_files.delete(old)


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


def update(packages: PackageList) -> Iterator[Event]:
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
    engine_files.delete(scratch)
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
