"""Entry point: the window, the command line, or an engine child."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

COMMANDS = frozenset(
    "demo fetch scan check copy train lr-find evaluate compare calibrate inspect report export describe predict doctor "
    "install-engine".split()
)


def main(argv: list[str] | None = None) -> int:
    """Start what the arguments ask for.

    The imports are here because each of the three kinds of process must stay free of what the
    others need: the window of torch, the command line of Qt, the engine of both where it can.

    Returns:
        the exit code, see DESIGN section 4.
    """
    multiprocessing.freeze_support()
    arguments = sys.argv[1:] if argv is None else argv
    first = arguments[0] if arguments else ""
    if first == "engine":
        from deskclassify.engine.host import main as serve

        return serve()
    if first == "trial" and len(arguments) > 1:
        from deskclassify.ml.foreign.trial import main as try_out

        return try_out(arguments[1:])
    # A folder that is called like a command is meant when it is given as a path: ./demo
    is_option = first.startswith("-") and first != "--in-process" and not Path(first).exists()
    if first in COMMANDS or is_option:
        from deskclassify.cli import main as command

        return command(arguments)
    from deskclassify.ui.app import main as window

    return window(arguments)


if __name__ == "__main__":
    sys.exit(main())
