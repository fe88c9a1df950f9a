"""A finished model elsewhere: what its file contains, in words, and the code that uses it from other languages.

The code lies in `resources/share`, where it can be run as it is; the lines that belong to one model are filled in here.
The metadata of an ONNX file cannot be read by ONNX Runtime for JavaScript, so there they become part of the code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePath

import resources
from deskclassify.core.codec import to_json
from deskclassify.core.use_events import ModelRead

_FOLDER = Path(resources.__file__).parent / "share"
_REST = "// From here on"  # begins the part of javascript.mjs that a browser needs as well
_REST_MARK = "/* the rest of javascript.mjs */"
_CLASSIFY = "/** The likeliest class"  # likewise, with its two functions before it
_INSIDE = ("mean", "std")  # applied by the graph itself


@dataclass(frozen=True)
class Usage:
    """How a model is used from one language.

    Attributes:
        key: of the language: `python`, `javascript`, `browser`, `csharp`, `shell`.
        title: its name.
        note: what is needed, and how near the answers are to those of the window.
        code: complete, and ready to be saved.
        file_name: under which it is usually saved; empty for what is typed.
    """

    key: str
    title: str
    note: str
    code: str
    file_name: str = ""


def usages(read: ModelRead) -> tuple[Usage, ...]:
    """How to use a model from Python, JavaScript, C# and a terminal.

    One that deskclassify did not write says nothing of its preprocessing: then it stands in the code, for Python only.
    """
    name = PurePath(read.model).name
    if read.origin == "deskclassify":
        usual: tuple[Usage, ...] = (
            Usage("python", "Python", _PYTHON_NOTE.format(name=name), template("classify.py"), "classify.py"),
            Usage("javascript", "Node.js", _NODE_NOTE, _filled(template("javascript.mjs"), read), "classify.mjs"),
            Usage("browser", "Browser", _BROWSER_NOTE, _filled(browser(), read), "classify.html"),
            Usage("csharp", "C#", _CSHARP_NOTE, _filled(template("csharp.cs"), read), "Program.cs"),
        )
    else:
        usual = (Usage("python", "Python", _FOREIGN_NOTE, _filled(template("python_foreign.py"), read), "classify.py"),)
    return (*usual, Usage("shell", "Command line", _SHELL_NOTE, _shell(name)))


def template(name: str) -> str:
    """The code of one language, for a model of the classes ants and bees that is called `model.onnx`."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def browser() -> str:
    """The page for a browser, complete."""
    script = template("javascript.mjs")
    return template("browser.html").replace(_REST_MARK, script[script.index(_CLASSIFY) :].rstrip())


_PYTHON_NOTE = (
    "Needs onnxruntime, Pillow and numpy. The answers are those of this window. "
    "Run it with: python classify.py {name} photo.jpg"
)
_NODE_NOTE = (
    "Needs Node 20 or newer, and onnxruntime-node and sharp from npm. It resizes as Pillow does: the answers are those "
    "of this window."
)
_BROWSER_NOTE = (
    "A page that classifies on the visitor's own computer: put it on a web server, beside the model. Browsers decode "
    "pictures in their own way, which may change a probability a little."
)
_CSHARP_NOTE = (
    "Needs .NET 8 and two packages of NuGet. ImageSharp resizes in its own way, so probabilities differ a little. A "
    "model that was exported with “Resize inside the model” takes whole pictures instead; how near its answers are was "
    "measured then. This code has not been tried on a computer yet."
)
_FOREIGN_NOTE = (
    "Needs onnxruntime, Pillow and numpy. Classes and preprocessing are those that you gave for this file: it does not "
    "say them itself."
)
_SHELL_NOTE = "With deskclassify installed. The CSV file opens in a spreadsheet program."


def _shell(name: str) -> str:
    quoted = f'"{name}"' if re.search(r"[^\w.\-]", name) else name
    return "\n".join(
        (
            "# files and folders; the likeliest three classes of each picture",
            f"deskclassify predict {quoted} photos/ --top 3",
            "",
            "# into a table",
            f"deskclassify predict {quoted} photos/ --csv answers.csv",
            "",
            "# copies, sorted into a folder for each class; no file is moved",
            f"deskclassify predict {quoted} photos/ --sort-into sorted/",
            "",
            "# one JSON object a line, for other programs",
            f"deskclassify predict {quoted} photos/ --json",
            "",
        )
    )


def _filled(code: str, read: ModelRead) -> str:
    """The code with the lines of one model in place of those of the example."""
    how = read.handling
    values: dict[str, str] = {'"model.onnx"': _text(PurePath(read.model).name)}
    lines: dict[str, str] = {r"(const THRESHOLD = )[\d.]+": _number(read.threshold)}
    lines[r"(var threshold = )[\d.]+f"] = f"{_number(read.threshold)}f"
    if how is not None:
        p, resize = how.preprocess, "inside" if read.resized == "inside" else how.preprocess.resize
        prepared: dict[str, object] = to_json(p)  # what has the right size passes through a model that resizes itself
        values['["ants", "bees"]'] = f"[{', '.join(map(_text, how.classes))}]"
        lines[r"(const HOW = ).*(?=;)"] = json.dumps({key: prepared[key] for key in prepared if key not in _INSIDE})
        lines[r"(?m)^(HOW = ).*?(?=  #)"] = json.dumps(prepared)
        lines[r"(LAYOUT, CHANNELS, OUTPUT = ).*"] = ", ".join(map(_text, (how.layout, how.channels, how.output)))
        lines[r"(interpolation\) = )\(.*?\)"] = f"({_text(resize)}, {p.resize_to}, {p.size}, {_text(p.interpolation)})"
        lines[r"(Color.FromRgb)\(.*?\)"] = f"({', '.join(map(str, p.pad_color))})"
    for old, new in values.items():
        code = code.replace(old, new)
    for pattern, new in lines.items():
        escaped = new.replace("\\", r"\\")  # in what takes the place of a pattern, a backslash means something
        code = re.sub(pattern, rf"\g<1>{escaped}", code)
    return code


def _text(value: str) -> str:
    """A string literal of Python, JavaScript and C# alike, which cannot end the page that it stands in."""
    literal = json.dumps(value, ensure_ascii=False)
    for sign in "<\u2028\u2029":
        literal = literal.replace(sign, f"\\u{ord(sign):04x}")
    return literal


def _number(value: float) -> str:
    return f"{value:.6g}"
