"""Which program runs a kind of process: this one, or the training engine that is installed in the user's folder.

| process                              | in a checkout, or by pip | in the bundle                           |
| ------------------------------------ | ------------------------ | --------------------------------------- |
| trainer, viewer, explorer, mender    | this Python              | the engine; without it, a sentence      |
| the same, asked for `doctor` or to   | this Python              | the engine if it is there, else itself  |
| measure a model file                 |                          |                                         |
| predictor, looker                    | this Python              | the engine if it has CUDA, else itself  |
| scanner, fetcher                     | this Python              | itself                                  |
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from deskclassify.core import engine_files, paths
from deskclassify.core.errors import EngineMissingError
from deskclassify.core.requests import DoctorRequest, EvaluateRequest, Request

WITH_TORCH = frozenset({"trainer", "viewer", "explorer", "mender"})
WITH_CARD = frozenset({"predictor", "looker"})
_MODEL_SUFFIX = ".onnx"
_ISOLATED = ("-I", "-X", "utf8", "-m", "deskclassify")  # nothing of the folder that the program was started in


@dataclass(frozen=True)
class Place:
    """A program that can run jobs.

    Attributes:
        name: tells places apart; empty for the usual one.
        command: of a child that serves jobs.
        environment: all of it.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(hash=False)


def place(request: Request) -> Place:
    """Where the job of a request runs.

    Raises:
        EngineMissingError: it needs the training engine, which is not there or not whole.
    """
    if not engine_files.is_needed():
        return Place("", (sys.executable, "-m", "deskclassify", "engine"), _same())
    state, found = engine_files.state()
    if state == "installed" and found is not None:
        has_card = found.kind == "cuda"
        if request.process in WITH_TORCH or (request.process in WITH_CARD and has_card):
            return engine()
    elif request.process in WITH_TORCH and not works_without(request):
        raise EngineMissingError(why_not(state))
    return bundle()


def works_without(request: Request) -> bool:
    """Whether a job of a kind of process that has torch can do without it."""
    if isinstance(request, EvaluateRequest):
        return Path(request.model).suffix.lower() == _MODEL_SUFFIX
    return isinstance(request, DoctorRequest)


def why_not(state: engine_files.State) -> str:
    """The sentence for an engine that cannot be used."""
    if state == "outdated":
        return (
            "The training engine belongs to another version of this program. Bring it up to date in the preferences, "
            "or type: deskclassify install-engine"
        )
    if state == "damaged":
        return (
            "The training engine is damaged. Repair it in the preferences, or type: deskclassify install-engine "
            "--repair"
        )
    return (
        "This needs the training engine (PyTorch), which is not installed yet: predicting works without it. Install "
        "the training engine in the preferences, or type: deskclassify install-engine"
    )


def bundle() -> Place:
    """This very program."""
    command = (sys.executable,) if getattr(sys, "frozen", False) else (sys.executable, "-m", "deskclassify")
    return Place("", (*command, "engine"), _same())


def engine() -> Place:
    """The training engine, which has its own deskclassify: never the files of the bundle."""
    python = str(engine_files.python_of(paths.engine_dir()))
    return Place("engine", (python, *_ISOLATED, "engine"), {**engine_files.environment(), "PYTHONUNBUFFERED": "1"})


def _same() -> dict[str, str]:
    """The environment of a child that runs the same code as this process."""
    package_parent = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    search = os.pathsep.join(part for part in (package_parent, known) if part)
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": search}
