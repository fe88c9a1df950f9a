"""Rows of a table as pictures."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deskclassify.core import paths
from deskclassify.core.control import never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import TableRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Message
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml.intake import columns, tables

FLOWERS = "id,petal,colour,note,same,kind\n" + "".join(
    f"{n},{n % 3 + n / 100},{('red', 'blue', 'white')[n % 3]},text {n},7,{('iris', 'rose')[n % 2]}\n"
    for n in range(1, 41)
)


def save(folder: Path, text: str, name: str = "flowers.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    return file


def draw(file: Path, label: str = "", should_stop=never) -> list:
    return list(tables.draw(TableRequest(str(file), label), should_stop))


def test_each_row_becomes_a_picture_in_the_folder_of_its_class(tmp_path: Path) -> None:
    file = save(tmp_path, FLOWERS)
    events = draw(file)
    found = events[-1]
    assert isinstance(found, Fetched)
    assert (found.images, found.rule, found.name) == (40, "folder", "flowers rows")
    assert list_data(DataSpec((Source(found.folder),))).classes() == {"iris": 20, "rose": 20}
    with Image.open(Path(found.folder) / "rose" / "row_000001.png") as image:
        assert image.size == (224, 224) and image.mode == "RGB"
    told = [event.text for event in events if isinstance(event, Message)]
    assert told == [
        "The column “id” was left out: it is the number of the row.",
        "The column “note” was left out: it has 40 different words.",
        "The column “same” was left out: it is always the same.",
    ]
    assert file.read_text(encoding="utf-8") == FLOWERS


def test_what_the_columns_come_to(tmp_path: Path) -> None:
    table = columns.read(save(tmp_path, FLOWERS), "", never)
    assert table.names == ("petal", "colour = blue", "colour = red", "colour = white")
    assert table.values.shape == (40, 4) and table.values.dtype == np.float32
    assert np.allclose(table.values.mean(axis=0), 0, atol=1e-6) and np.allclose(table.values.std(axis=0), 1, atol=1e-5)


def test_another_label_column(tmp_path: Path) -> None:
    file = save(tmp_path, FLOWERS)
    assert columns.read(file, "Colour", never).labels[:3] == ("blue", "white", "red")
    first, second = draw(file)[-1], draw(file, "colour")[-1]
    assert first.folder != second.folder
    assert draw(file)[-1].folder == first.folder


def test_missing_values_and_rows_without_label(tmp_path: Path) -> None:
    text = "a,b,kind\n1,NA,x\n2,5,y\n,7,x\n4,6,\n3,?,y\n5,1\n"
    table = columns.read(save(tmp_path, text), "", never)
    assert table.labels == ("x", "y", "x", "y") and table.numbers == (1, 2, 3, 5)
    assert table.without_label == 2
    assert table.values[2, 0] == 0 and table.values[0, 1] == 0  # the mean
    assert draw(save(tmp_path, text))[-1].left_out == 2


@pytest.mark.parametrize("text", ["a;kind\n1,5;x\n2,5;y\n3,5;x\n", "\ufeffa\tkind\n1.5\tx\n2.5\ty\n3.5\tx\n"])
def test_other_separators(tmp_path: Path, text: str) -> None:
    table = columns.read(save(tmp_path, text), "", never)
    assert table.names == ("a",) and np.allclose(table.values[:, 0], [-1.2247, 0, 1.2247], atol=1e-3)


def test_like_columns_become_neighbours() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 300))
    noise = rng.normal(size=(6, 300)) * 0.1
    values = (np.stack([one, other, one, other, -one, other]) + noise).T.astype(np.float32)
    order = tables._order(values)
    kinds = "".join("ab"[at in (1, 3, 5)] for at in order)
    assert kinds in ("aaabbb", "bbbaaa")


def test_a_high_value_looks_other_than_a_low_one() -> None:
    values = np.array([[-2.5, 2.5, 0.0], [2.5, -2.5, 0.0]], np.float32)
    made = columns.Columns(("a", "b", "c"), values, ("x", "y"), (1, 2), (), 0)
    painter = tables.Painter(made)
    first, second = (np.asarray(painter.paint(row)).astype(int) for row in (0, 1))
    assert np.abs(first - second).max(axis=2).mean() > 50
    # The field that is left over is grey in both.
    grey = (first == 127).all(axis=2)
    assert grey.mean() == pytest.approx(0.25, abs=0.02) and ((second == 127).all(axis=2) == grey).all()


@pytest.mark.parametrize("count", [1, 2, 7, 100, 1500])
def test_any_number_of_features(count: int) -> None:
    values = np.random.default_rng(0).normal(size=(4, count)).astype(np.float32)
    made = columns.Columns(tuple(map(str, range(count))), values, ("x", "y") * 2, (1, 2, 3, 4), (), 0)
    painter = tables.Painter(made)
    assert painter.paint(0).size == (224, 224)
    assert np.asarray(painter.paint(0)).tobytes() != np.asarray(painter.paint(1)).tobytes()


@pytest.mark.parametrize(
    ("text", "label", "words"),
    [
        ("", "", "header row"),
        ("a,b\n1,2\n", "", "at least two rows"),
        ("a\n1\n2\n3\n", "", "at least two columns"),
        (FLOWERS, "weight", "There is no column “weight”.*“petal”"),
        ("a,kind\n1,x\n2,x\n3,x\n", "", "two are needed"),
        ("a,price\n" + "".join(f"1,{n * 1.5}\n" for n in range(50)), "", "numbers of a scale"),
        ("a,name\n" + "".join(f"1,name {n}\n" for n in range(50)), "", "different words"),
        ("a,kind\n7,x\n7,y\n7,x\n", "", "No column of"),
        ("a\0,kind\n7,x\n7,y\n7,x\n", "", "not a CSV table"),
        ("a,kind\n1,\n2,\n", "", "tells no class"),
        (",".join("abc" * 1000) + "\n1,2\n1,2\n", "", "are the most that can be drawn"),
        ('a,kind\n"' + "x" * 200_000 + '",y\n1,x\n', "", "not a CSV table"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, label: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        draw(save(tmp_path, text), label)
    assert not paths.pictures_dir().exists() or list(paths.pictures_dir().iterdir()) == []


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_ROWS", 10)
    with pytest.raises(InputError, match="more than 10 rows"):
        draw(save(tmp_path, FLOWERS))


@pytest.mark.parametrize("source", ["", "/no/such.csv", "/"])
def test_no_file(source: str) -> None:
    with pytest.raises(InputError, match="There is no table"):
        list(tables.draw(TableRequest(source)))


def test_classes_whose_names_no_folder_can_have(tmp_path: Path) -> None:
    names = ["a/b", "a-b", "..", "train", "CON", "A-B"]
    rows = "".join(f"{random.Random(n).random()},{names[n % 6]}\n" for n in range(60))
    found = draw(save(tmp_path, f"a,kind\n{rows}"))[-1]
    classes = list_data(DataSpec((Source(found.folder),))).classes()
    assert len(classes) == len({name.casefold() for name in classes}) == 6 and set(classes.values()) == {10}
    assert found.folder == str(paths.pictures_dir() / "flowers rows")


def test_cancel_leaves_nothing_behind(tmp_path: Path) -> None:
    calls = iter(range(12))
    events = draw(save(tmp_path, FLOWERS), "", lambda: next(calls, None) is None)
    assert not any(isinstance(event, Fetched) for event in events)
    assert list(paths.pictures_dir().iterdir()) == []


CELLS = st.sampled_from(
    ["", "1", "2.5", "-3", "1e300", "-1e308", "nan", "inf", "x", "y", "1_0", "é", '"', "a,b", "0x1f"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=12))
def test_any_cells_end_in_features_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    text = "a,b,c,kind\n" + "\n".join(",".join(row) for row in rows)
    file = save(tmp_path_factory.mktemp("t"), text)
    try:
        table = columns.read(file, "", never)
    except InputError:
        return
    assert np.isfinite(table.values).all() and len(table.labels) == len(table.values)
    assert np.asarray(tables.Painter(table).paint(0)).shape == (224, 224, 3)
