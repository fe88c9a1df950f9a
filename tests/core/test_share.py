"""The code for other programs: complete, of the model at hand, the same as in the manual, and unable to do harm."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deskclassify.core import share
from deskclassify.core.foreign import Handling
from deskclassify.core.preprocess import Preprocess
from deskclassify.core.use_events import ModelRead

ROOT = Path(__file__).resolve().parents[2]
HOW = Preprocess("pad", 256, 192, "bicubic", 2.0, (1, 2, 3), (0.4, 0.5, 0.6), (0.1, 0.2, 0.3))
READ = ModelRead(
    model="/home/me/my secret place/bugs.onnx",
    origin="deskclassify",
    threshold=0.62,
    handling=Handling(("ants", "bees", "wasps"), HOW),
)


def code(read, key):
    return next(usage.code for usage in share.usages(read) if usage.key == key)


def test_all_languages_are_there_for_a_model_of_our_own():
    assert [usage.key for usage in share.usages(READ)] == ["python", "javascript", "browser", "csharp", "shell"]
    assert len({usage.file_name for usage in share.usages(READ)}) == 5
    assert all(usage.note.endswith((".", "photo.jpg")) for usage in share.usages(READ))


def test_the_lines_of_the_model_are_filled_in():
    for key in ("javascript", "browser"):
        text = code(READ, key)
        assert 'const MODEL = "bugs.onnx";' in text and 'const CLASSES = ["ants", "bees", "wasps"];' in text
        assert "const THRESHOLD = 0.62;" in text
        how = json.loads(re.search(r"const HOW = (.*);", text).group(1))
        assert how["resize"] == "pad" and how["size"] == 192 and how["pad_color"] == [1, 2, 3] and "mean" not in how
    sharp = code(READ, "csharp")
    assert 'var model = "bugs.onnx";' in sharp and '["ants", "bees", "wasps"]' in sharp and "threshold = 0.62f" in sharp
    assert '= ("pad", 256, 192, "bicubic")' in sharp and "FromRgb(1, 2, 3)" in sharp
    assert "deskclassify predict bugs.onnx photos/ --csv" in code(READ, "shell")


@pytest.mark.parametrize("key", ["python", "javascript", "browser", "csharp", "shell"])
def test_nothing_of_the_example_and_no_folder_is_left(key):
    text = code(READ, key)
    assert "secret" not in text and '"model.onnx"' not in text and '["ants", "bees"]' not in text
    assert share._REST_MARK not in text


def test_the_page_for_a_browser_has_all_that_it_calls():
    page = code(READ, "browser")
    script = page.split('<script type="module">')[1]
    for function in ("classify", "prepare", "middle", "scale", "reduce", "scaleRows", "cubic", "turn", "round"):
        assert script.count(f"function {function}(") == 1
    assert "sharp" not in script and "process." not in script


def test_a_foreign_model_has_its_preprocessing_in_the_code():
    read = replace(READ, origin="foreign", handling=replace(READ.handling, layout="nhwc", output="probabilities"))
    assert [usage.key for usage in share.usages(read)] == ["python", "shell"]
    values = {}
    for node in ast.parse(code(read, "python")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name | ast.Tuple):
            names = node.targets[0].elts if isinstance(node.targets[0], ast.Tuple) else node.targets
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            values.update(zip([name.id for name in names], value if len(names) > 1 else [value], strict=True))
    assert values["CLASSES"] == ["ants", "bees", "wasps"] and values["MODEL"] == "bugs.onnx"
    assert values["HOW"]["mean"] == [0.4, 0.5, 0.6] and values["HOW"]["std"] == [0.1, 0.2, 0.3]
    assert (values["LAYOUT"], values["CHANNELS"], values["OUTPUT"]) == ("nhwc", "rgb", "probabilities")


def test_a_model_that_resizes_itself_gets_whole_pictures_where_nothing_scales_as_pillow_does():
    read = replace(READ, resized="inside")
    assert '= ("inside", 256, 192' in code(read, "csharp") and code(read, "javascript") == code(READ, "javascript")


def test_class_names_cannot_break_out():
    names = ('"; process.exit(); "', "</script><script>alert(1)</script>", "line\nbreak", "\\1 \\g<0>", "Käfer")
    read = replace(READ, handling=Handling(names, HOW))
    for key in ("javascript", "browser"):
        found = re.search(r"const CLASSES = (.*);", code(read, key)).group(1)
        assert tuple(json.loads(found)) == names
    assert code(read, "browser").count("</script>") == 1
    foreign = replace(read, origin="foreign")
    assert tuple(ast.literal_eval(re.search(r"CLASSES = (.*)", code(foreign, "python")).group(1))) == names


def test_a_name_with_spaces_is_quoted_for_the_terminal():
    assert 'predict "my bugs.onnx" photos/' in code(replace(READ, model="my bugs.onnx"), "shell")


@pytest.mark.parametrize(
    ("page", "language", "text"),
    [
        ("javascript.md", "js", lambda: share.template("javascript.mjs")),
        ("javascript.md", "html", lambda: share.template("browser.html")),
        ("csharp.md", "csharp", lambda: share.template("csharp.cs")),
        ("python.md", "python", lambda: share.template("classify.py")),
    ],
)
def test_the_manual_shows_the_same_code(page, language, text):
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs/use" / page).read_text(encoding="utf-8"), re.DOTALL)
    assert text() in blocks


def test_python_is_the_script_of_the_manual():
    assert share.template("classify.py") == (ROOT / "docs/classify.py").read_text(encoding="utf-8")
