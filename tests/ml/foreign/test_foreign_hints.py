"""What is known of a model that others wrote; what is not is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile_models
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core.errors import InputError
from deskclassify.ml.foreign import hints
from deskclassify.ml.foreign.limits import USUAL
from deskclassify.ml.foreign.trial import judge
from deskclassify.ml.foreign.verdict import Facts, Tried

ULTRALYTICS = {
    "description": "Ultralytics YOLO11n-cls model trained on my data",
    "author": "Ultralytics",
    "task": "classify",
    "imgsz": "[16, 16]",
    "names": "{0: 'ants', 1: \"bee's\", 2: 'K\\xe4fer'}",
    "stride": "1",
    "batch": "1",
}


def known(path: Path = Path("/nowhere/m.onnx"), said: Any = None, **how: Any) -> hints.Understood:
    facts, tried = parts(**how)
    return hints.understand(path, facts, tried, said)


def parts(**how: Any) -> tuple[Facts, Tried]:
    verdict = judge(hostile_models.good(**how).SerializeToString(), USUAL)
    assert verdict.facts is not None
    assert verdict.tried is not None
    return verdict.facts, verdict.tried


def test_an_export_of_ultralytics_needs_no_word() -> None:
    found = known(**ULTRALYTICS)
    assert (found.origin, found.missing, found.labels_from) == ("ultralytics", (), "metadata")
    assert found.handling.classes == ("ants", "bee's", "Käfer")
    how = found.handling.preprocess
    assert (how.resize, how.resize_to, how.size, how.interpolation) == ("crop", 16, 16, "bilinear")
    assert (how.mean, how.std) == ((0, 0, 0), (1, 1, 1))
    assert found.handling.output == "probabilities"


def test_names_alone_do_not_make_it_ultralytics() -> None:
    found = known(names="{0: 'a', 1: 'b', 2: 'c'}", task="classify", imgsz="[16, 16]")
    assert found.origin == "foreign"
    assert found.missing == ("preprocess",)


def test_a_plain_model_is_asked_about() -> None:
    found = known(softmax=False)
    assert found.missing == ("labels", "preprocess")
    assert found.handling.classes == ("class 0", "class 1", "class 2")
    assert found.handling.output == "logits"
    assert any("raw scores" in note for note in found.notes)


def test_probabilities_are_measured() -> None:
    found = known(layout="nhwc")
    assert found.handling.output == "probabilities"
    assert found.handling.layout == "nhwc"
    assert "output" not in found.missing
    assert found.handling.preprocess.mean == (0.5, 0.5, 0.5), "what the form begins with"
    assert "preprocess" in found.missing, "and asks for all the same"


def test_what_may_be_either_is_asked() -> None:
    """Sigmoids: between 0 and 1, and not adding up to 1."""
    facts, tried = parts()
    found = hints.understand(Path("m.onnx"), facts, replace(tried, sums_to_one=False), None)
    assert "output" in found.missing


@pytest.mark.parametrize(
    ("name", "text", "classes"),
    [
        ("labels.txt", "0 Cat\n1 Dog\n2 No animal\n", ("Cat", "Dog", "No animal")),
        ("classes.txt", "cat\ndog\nnone\n", ("cat", "dog", "none")),
        ("m.txt", "\ufeffcat\r\n\r\ndog\r\nnone", ("cat", "dog", "none")),
        ("labels.txt", "cat\ndog\n", None),
        ("labels.txt", "\0\1\2", None),
        ("labels.txt", "", None),
    ],
)
def test_a_text_file_beside_it(tmp_path: Path, name: str, text: str, classes: tuple[str, ...] | None) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = known(tmp_path / "m.onnx")
    if classes is None:
        assert "labels" in found.missing
    else:
        assert found.handling.classes == classes
        assert found.labels_from == str(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{0: 'a', 1: 'b'}", ("a", "b")),
        ("{1: 'b', 0: 'a'}", ("a", "b")),
        ('{"0": "a", "1": "b"}', ("a", "b")),
        ('["a", "b"]', ("a", "b")),
        ("a,b", ("a", "b")),
        ("a\nb\n", ("a", "b")),
        ("{0: 'a', 2: 'b'}", ()),
        ("{0: __import__('os').getcwd(), 1: 'b'}", ()),
        ("{0: 'a' 'x', 1: f'{1}'}", ()),
        ("{" * 50_000, ()),
        ("[" * 100_000, ()),
        ("[[1], [2]]", ()),
        ("", ()),
    ],
)
def test_class_names_in_the_metadata(text: str, expected: tuple[str, ...]) -> None:
    assert hints.names({"names": text}) == expected


@given(st.lists(st.text(max_size=20), min_size=2, max_size=6))
def test_names_as_ultralytics_writes_them_come_back(names: list[str]) -> None:
    assert hints.names({"names": repr(dict(enumerate(names)))}) == tuple(map(hints.clean, names))


@given(st.text())
def test_a_clean_name_can_be_shown(name: str) -> None:
    clean = hints.clean(name)
    assert clean
    assert len(clean) <= 255
    assert "\n" not in clean
    assert "\x1b" not in clean
    assert "\u202e" not in clean
    assert hints.clean(clean) == clean


def test_what_belongs_to_a_script_stays() -> None:
    assert hints.clean("می\u200cخواهم") == "می\u200cخواهم"
    assert hints.clean("  Käfer  🐞 ") == "Käfer 🐞"


def test_what_is_said_must_fit() -> None:
    facts, tried = parts(softmax=False)
    good = hints.understand(Path("m.onnx"), facts, tried, None).handling
    wrong = {
        "class names": replace(good, classes=("one", "two")),
        "pixels": replace(good, preprocess=replace(good.preprocess, size=32, resize_to=32)),
        "std must be": replace(good, preprocess=replace(good.preprocess, std=(1.0, 0.0, 1.0))),
        "no probabilities": replace(good, output="probabilities"),
        "resize_to": replace(good, preprocess=replace(good.preprocess, resize_to=8)),
    }
    for part, said in wrong.items():
        with pytest.raises(InputError, match=part):
            hints.understand(Path("m.onnx"), facts, tried, said)
    found = hints.understand(Path("m.onnx"), facts, tried, replace(good, layout="nhwc", classes=("a\n", "b", "c")))
    assert found.missing == ()
    assert found.handling.layout == "nchw", "the file knows better"
    assert found.handling.classes == ("a", "b", "c")
