"""The command line: typer commands, each of which runs one job (DESIGN section 4)."""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code; typer and rich are imported only here."""
    from deskclassify.cli.engine_cli import hand_over

    handed_over = hand_over(sys.argv[1:] if argv is None else argv)
    if handed_over is not None:
        return handed_over

    from deskclassify.cli.app import main as run

    return run(argv)
