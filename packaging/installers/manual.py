"""The man page, written from the command line's own help, so that neither says what the other does not."""

from __future__ import annotations

import re
import time
from typing import Any

from installers.definitions import Definitions, epoch

_SIGNS = {"\\": "\\e", "-": "\\-", "…": "...", "“": "\\(lq", "”": "\\(rq", "’": "\\(cq", "→": "to", "±": "\\(+-"}
_SECTIONS = """
.SH FILES
.TP
.I $XDG_CONFIG_HOME/deskclassify
Preferences and the state of the window.
.TP
.I $XDG_DATA_HOME/deskclassify
Downloaded weights, unpacked pictures and the training engine.
.TP
.I $XDG_CACHE_HOME/deskclassify
Decoded pictures and features; may be deleted at any time.
.SH ENVIRONMENT
.TP
.B DESKCLASSIFY_HOME
Puts preferences, cache, logs, weights and projects under this one folder.
.TP
.B DESKCLASSIFY_WEIGHTS_URL
Replaces the address that weights are downloaded from.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
It failed.
.TP
.B 2
The input or the call is wrong; a sentence on standard error says how to mend it.
.TP
.B 130
Interrupted; what was reached is saved.
"""


def commands() -> Any:
    """The command line as typer's tree of commands."""
    import typer

    from deskclassify.cli.app import app

    return typer.main.get_command(app)


def write(known: Definitions, tree: Any) -> str:
    """The page in the man macros, section 1.

    Args:
        known: the definitions.
        tree: a group of commands, as click and typer describe them.
    """
    date = time.strftime("%Y-%m-%d", time.gmtime(epoch()))
    head = [
        f'.TH {known.name.upper()} 1 "{date}" "{known.name} {known.version}" "User Commands"',
        ".SH NAME",
        f"{known.name} \\- {_plain(known.summary[0].lower() + known.summary[1:])}",
        ".SH SYNOPSIS",
        f".B {known.name}\n.RI [ PATH ...]\n.br\n.B {known.name}\n.I COMMAND\n.RI [ OPTION ...]",
        ".SH DESCRIPTION",
    ]
    for paragraph in known.description:
        head += [_plain(paragraph), ".PP"]
    head.append(
        "Without a command the window opens; with paths it opens on a project, a folder of pictures, or an ONNX model "
        "and pictures to classify."
    )
    head.append(".SH COMMANDS")
    return "\n".join([*head, *_commands(tree)]) + _SECTIONS


def _commands(tree: Any) -> list[str]:
    lines: list[str] = []
    for name, command in sorted(tree.commands.items()):
        if command.hidden:
            continue
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        words = " ".join(f"\\fI{_plain(_metavar(one))}\\fR" for one in arguments)
        lines += [f".SS \\fB{name}\\fR {words}".rstrip(), _plain(command.help or "")]
        for one in command.params:
            text = _plain(getattr(one, "help", "") or "")
            if one.param_type_name == "option" and not getattr(one, "hidden", False):
                names = ", ".join(f"\\fB{_plain(option)}\\fR" for option in one.opts)
                value = "" if one.is_flag else f" \\fI{_plain(_metavar(one))}\\fR"
                lines += [".TP", names + value, text]
            elif text:
                lines += [".TP", f"\\fI{_plain(_metavar(one))}\\fR", text]
    return lines


def _metavar(one: Any) -> str:
    return str(one.metavar or (one.human_readable_name or one.name).upper())


def _plain(text: str) -> str:
    """Text that the man macros take as it is: one paragraph, hyphens as such, no line that begins like a macro."""
    text = re.sub(r"\s+", " ", text.replace("\f", " ")).strip()
    for sign, code in _SIGNS.items():
        text = text.replace(sign, code)
    return "\\&" + text if text.startswith((".", "'")) else text
