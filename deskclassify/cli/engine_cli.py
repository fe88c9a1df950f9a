"""`install-engine`; and, in the bundle, handing commands that train over to the training engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deskclassify.core import engine_choice, engine_files
from deskclassify.core.errors import InputError, UserError
from deskclassify.engine import places

if TYPE_CHECKING:  # typer and rich are slow to import, and a command that is handed over needs neither
    from deskclassify.cli.run import Runner
    from deskclassify.core.use_requests import EngineKind

NEED_TORCH = frozenset("train demo lr-find evaluate inspect export calibrate check".split())
GLAD_OF_CARD = frozenset({"predict"})
_HELP = frozenset({"-h", "--help"})
_EXIT_INPUT = 2


def hand_over(arguments: Sequence[str]) -> int | None:
    """Let the training engine run a command that this program cannot run, or not as well.

    Returns:
        the exit code; None where this process is to run it.
    """
    command = arguments[0] if arguments else ""
    if not engine_files.is_needed() or _HELP & set(arguments):
        return None
    needs = command in NEED_TORCH and not _does_without(command, arguments)
    state, found = engine_files.state()
    if state == "installed" and found is not None:
        better = command == "doctor" or (command in GLAD_OF_CARD and found.kind == "cuda")
        return _run(arguments) if needs or better else None
    if not needs:
        return None
    sentence = places.why_not(state)
    if "--json" in arguments:
        print(json.dumps({"event": "failed", "error": sentence}))  # noqa: T201
    print(sentence, file=sys.stderr)  # noqa: T201
    return _EXIT_INPUT


def _does_without(command: str, arguments: Sequence[str]) -> bool:
    if command == "evaluate":
        return any(word.lower().endswith(".onnx") for word in arguments[1:2])
    if command == "demo" and not {"--headless", "--json"} & set(arguments):
        from deskclassify.cli.demo import why_no_window

        return not why_no_window()  # the window asks for the engine by itself
    return False


def _run(arguments: Sequence[str]) -> int:
    """Become the engine, or where a process cannot become another (Windows), wait for it."""
    engine = places.engine()
    command = [*engine.command[:-1], *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(command[0], command, engine.environment)
    return subprocess.run(command, env=engine.environment, check=False).returncode


def kind(cpu: bool, cuda: bool) -> EngineKind:
    """What `--cpu` and `--cuda` say.

    Raises:
        InputError: both were given.
    """
    if cpu and cuda:
        raise InputError("Give --cpu or --cuda, not both.")
    return "cpu" if cpu else "cuda" if cuda else "auto"


def install(runner: Runner, wanted: EngineKind, wheels: str, index: str, repair: bool) -> None:
    """Run the job, and say how it ended."""
    from deskclassify.core.training_engine import in_words
    from deskclassify.core.use_events import EngineState
    from deskclassify.core.use_requests import InstallEngineRequest

    folder = str(Path(wheels).expanduser().absolute()) if wheels else ""
    state = _installing(runner).last(InstallEngineRequest(wanted, folder, index, repair), EngineState)
    if state.state not in ("installed", "bundled"):
        raise UserError(in_words(state))
    if not runner.output.as_json:
        runner.output.result(in_words(state))


def show(runner: Runner, wanted: EngineKind) -> None:
    """Tell what there is, and what an installation would take."""
    from deskclassify.core.training_engine import in_words
    from deskclassify.core.use_events import EngineState
    from deskclassify.core.use_requests import EngineStateRequest

    state = runner.last(EngineStateRequest(wanted), EngineState)
    if not runner.output.as_json:
        runner.output.result("\n".join(part for part in (in_words(state), state.reason, state.folder) if part))


def remove(runner: Runner) -> None:
    """Remove the engine and its downloads."""
    from deskclassify.core.use_events import EngineState
    from deskclassify.core.use_requests import RemoveEngineRequest

    state = runner.last(RemoveEngineRequest(), EngineState)
    if not runner.output.as_json:
        runner.output.result(state.text if state.state == "bundled" else "The training engine was removed.")


def show_list(runner: Runner, wanted: EngineKind) -> None:
    """The packages, a line each, as pip reads them: to gather the wheels on another computer."""
    packages = engine_files.package_list(engine_choice.kind_for(wanted)[0])
    for package in packages.packages:
        if runner.output.as_json:
            runner.output.json({"event": "package", "name": package.name, "version": package.version})
        else:
            runner.output.result(package.requirement)


def _installing(runner: Runner) -> Runner:
    """A runner that shows bytes in megabytes."""
    from deskclassify.cli.run import Runner
    from deskclassify.core import engine_install
    from deskclassify.core.events import Event, Progress

    titles = {
        engine_install.DOWNLOAD: "Downloading",
        engine_install.UNPACK: "Unpacking",
        engine_install.CHECK: "Trying it",
    }

    class Installing(Runner):
        def show(self, event: Event) -> None:
            if not isinstance(event, Progress) or event.stage not in titles:
                super().show(event)
            elif event.total > 1:
                done, total = round(event.done / 1e6), max(1, round(event.total / 1e6))
                self.output.progress(titles[event.stage], done, total, "MB")
            else:
                self.output.progress(titles[event.stage], event.done, event.total)

    return Installing(runner.output, runner.control)
