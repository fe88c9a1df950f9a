"""Label rules."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskclassify.core import labels
from deskclassify.core.errors import InputError
from deskclassify.core.labels import Labelled, Refused

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).filter(
    lambda name: name.strip() not in ("", ".", "..")  # no file can be called so
)


def test_regex_takes_the_first_group_of_the_file_name(tmp_path):
    rule = labels.parse(r"regex:^(.+)_\d+\.jpg$", tmp_path)
    assert rule(PurePosixPath("Great_Pyrenees/great_pyrenees_173.jpg")) == Labelled("great_pyrenees")
    assert isinstance(rule(PurePosixPath("cat.jpg")), Refused)


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("regex:(", "regular expression"),
        ("regex:abc", "no group"),
        ("regex:", "no group"),
        ("csv:nowhere.csv", "no table"),
        ("csv:", "no table"),
        ("breed", "not a label rule"),
        ("case:x", "not a label rule"),
        ("", "not a label rule"),
    ],
)
def test_wrong_rules_are_refused_with_a_sentence(tmp_path, rule, word):
    with pytest.raises(InputError, match=word):
        labels.parse(rule, tmp_path)


@given(NAMES)
def test_case_rule_follows_the_first_letter(name):
    answer = labels.parse("case", None)(PurePosixPath("folder") / name.replace("/", "_"))
    first = name.replace("/", "_")[0]
    if first.isupper():
        assert answer == Labelled(labels.UPPER)
    elif first.islower():
        assert answer == Labelled(labels.LOWER)
    else:
        assert isinstance(answer, Refused)


@given(st.text(st.characters(codec="utf-8")))
def test_any_pattern_gives_a_rule_or_a_sentence(pattern):
    try:
        rule = labels.parse(f"regex:{pattern}", None)
    except InputError as error:
        assert error.sentence.endswith((".", "+."))
        return
    assert re.compile(pattern).groups >= 1
    assert isinstance(rule(PurePosixPath("a_1.jpg")), Labelled | Refused)


def table_text(rows, delimiter, header):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}\.jpg", fullmatch=True),
        st.from_regex(r"[A-Za-zäöü ]{1,8}", fullmatch=True).filter(str.strip),
        min_size=1,
    ),
    st.sampled_from(",;\t"),
    st.booleans(),
)
def test_tables_are_read_whatever_their_delimiter(tmp_path_factory, rows, delimiter, swapped):
    file = tmp_path_factory.mktemp("table") / "labels.csv"
    header, cells = ("image", "breed"), list(rows.items())
    if swapped:
        header, cells = header[::-1], [(label, path) for path, label in cells]
    file.write_text(table_text(cells, delimiter, header), encoding="utf-8-sig")
    assert labels.read_table(file) == {path: Labelled(labels.normal(label.strip())) for path, label in rows.items()}


def test_table_with_subsets_paths_of_all_kinds(tmp_path):
    (tmp_path / "t.csv").write_text(
        "split,label,path\nTest,cat,./a/1.jpg\nvalidation,dog,b\\2.jpg\n,cat,3.jpg\n,,4.jpg\n"
    )
    rule = labels.parse("csv:t.csv", tmp_path)
    assert rule(PurePosixPath("a/1.jpg")) == Labelled("cat", "test")
    assert rule(PurePosixPath("b/2.jpg")) == Labelled("dog", "valid")
    assert rule(PurePosixPath("deep/3.jpg")) == Labelled("cat")
    assert isinstance(rule(PurePosixPath("4.jpg")), Refused)


@pytest.mark.parametrize("text", ["", "path,label\n", "only\none\n"])
def test_files_that_are_no_tables(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match="header row"):
        labels.read_table(tmp_path / "t.csv")


@given(NAMES)
def test_names_are_compared_in_one_normal_form(name):
    assert labels.normal(unicodedata.normalize("NFD", name)) == labels.normal(name)
