"""Class names in text files."""

from __future__ import annotations

import pytest

from deskclassify.core import label_lines
from deskclassify.core.errors import InputError
from deskclassify.core.foreign import Handling
from deskclassify.core.foreign_presets import PRESETS, preset_of
from deskclassify.core.preprocess import Preprocess


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ants\nbees\n", ("ants", "bees")),
        ("\n  ants \r\n\r\nbees", ("ants", "bees")),
        ("0 ants\n1 bees", ("ants", "bees")),
        ("1: ants\n2: bees", ("ants", "bees")),
        ("0 ants\n2 bees", ("0 ants", "2 bees")),
        ("7 up\n0 ants", ("7 up", "0 ants")),
        ("2 euro\nants", ("2 euro", "ants")),
        ("", ()),
    ],
)
def test_lines_are_names_and_their_own_numbers_are_not(text, names):
    assert label_lines.split(text) == names


def test_a_file_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "labels.txt"
    file.write_text("Käfer\nbees", encoding="utf-8-sig")
    assert label_lines.read(file) == ("Käfer", "bees")


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\x89PNG\r\n\0\0", b"a\n" * 600_000])
def test_what_is_no_list_of_names_is_refused(tmp_path, data):
    file = tmp_path / "labels.txt"
    file.write_bytes(data)
    with pytest.raises(InputError, match=r"labels\.txt"):
        label_lines.read(file)


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        label_lines.read(tmp_path / "no.txt")


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_keeps_what_the_file_says_and_is_known_again(name):
    before = Handling(("a", "b"), Preprocess("pad", 7, 128, "bicubic"), "nhwc", "bgr", "logits")
    after = PRESETS[name].apply(before, keep_output=True)
    assert preset_of(after) == name and preset_of(before) == ""
    assert (after.classes, after.layout, after.channels, after.output) == (("a", "b"), "nhwc", "bgr", "logits")
    assert after.preprocess.size == 128 and after.preprocess.interpolation == "bicubic"
    assert PRESETS[name].apply(before, keep_output=False).output == PRESETS[name].output
