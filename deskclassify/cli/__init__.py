"""The command line: typer commands, each of which runs one job (DESIGN section 4)."""

from __future__ import annotations


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code; typer and rich are imported only here."""
    from deskclassify.cli.app import main as run

    return run(argv)
