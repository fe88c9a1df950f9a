"""What a command comes to: a plan, which runs once all arguments are known to be right."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deskclassify.cli.run import CommandInterruptedError, Runner
from deskclassify.core import requests
from deskclassify.core.errors import InputError

EXIT_FAILED, EXIT_INPUT = 1, 2
Plan = Callable[[Runner], int | None]  # None means done


def job(request: requests.Request, kind: type[Any], show: Callable[[Any], Any]) -> Plan:
    """Run a job and show its result."""

    def plan(runner: Runner) -> None:
        try:
            result = runner.last(request, kind)
        except CommandInterruptedError as stopped:
            if stopped.result is not None and not runner.output.as_json:
                runner.output.result(show(stopped.result))
            raise
        if not runner.output.as_json:
            runner.output.result(show(result))

    return plan


def target(option: str, value: str) -> str:
    """A path to write to.

    Raises:
        InputError: it is empty.
    """
    if not value.strip():
        raise InputError(f"{option} is empty. Give the path to write to.")
    return os.path.abspath(Path(value).expanduser())
