"""Contact sheets: all pictures are on them, whole files or none, in the memory of a page."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deskclassify.core import answer_sheet
from deskclassify.core.answer_sheet import COLORS, layout, page_count, write
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.events import Prediction, Progress
from deskclassify.core.use_events import SheetWritten
from deskclassify.core.use_requests import SheetRequest
from deskclassify.ui import theme

COLOR_OF = {"blue": (0, 0, 255), "lime": (0, 255, 0), "red": (255, 0, 0)}


@pytest.fixture
def rows(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    made = []
    for number in range(12):
        name = list(COLOR_OF)[number % 3]
        path = folder / f"größe {number:02d}.png"
        Image.new("RGB", (60, 40) if number % 2 else (40, 60), name).save(path)
        made.append(Prediction(str(path), name, 0.5 + number / 25))
    return made


def sheet(rows, file, should_stop=never, **more):
    return list(write(SheetRequest(tuple(rows), str(file), "Title", **more), should_stop))


def loaded(file):
    with Image.open(file) as image:
        return image.convert("RGB")


def has(page, color):
    return bool((np.abs(np.asarray(page, int) - color).max(axis=2) < 30).any())


def test_png_shows_the_pictures_their_classes_and_what_could_not_be_read(rows, tmp_path):
    rows[1] = Prediction("/not/there.png", error="It is gone.")
    rows[2] = Prediction(str(tmp_path / "gone since.png"), "red", 0.9)
    *_, told, done = sheet(rows, tmp_path / "s.png", classes=tuple(COLOR_OF), columns=4)
    assert done == SheetWritten((str(tmp_path / "s.png"),), 12, 1) and isinstance(told, Progress)
    page = loaded(tmp_path / "s.png")
    assert page.size == answer_sheet.PAGE
    where = layout(4)
    for number, row in enumerate(rows):
        left, top = where.place(number)
        middle = page.getpixel((left + where.wide // 2, top + where.high - 30))
        assert middle == (answer_sheet._BLANK if number in (1, 2) else COLOR_OF[row.label]), number
    assert has(page, tuple(int(COLORS[0][i : i + 2], 16) for i in (1, 3, 5)))


def test_pages_and_layout_fit_the_paper():
    for columns in (0, 1, 3, 5, 8, 99):
        where = layout(columns)
        left, top = where.place(where.count - 1)
        assert left + where.wide <= answer_sheet.PAGE[0] - answer_sheet._MARGIN
        assert top + where.high + answer_sheet._LINES <= answer_sheet.PAGE[1] - answer_sheet._MARGIN
        assert page_count(where.count, columns) == 1 and page_count(where.count + 1, columns) == 2


def test_pdf_has_a_page_for_each_and_an_exact_table_of_objects(rows, tmp_path):
    many = rows * 10
    done = sheet(many, tmp_path / "s.pdf", columns=5)[-1]
    assert done.pages == page_count(120, 5) > 1
    data = (tmp_path / "s.pdf").read_bytes()
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    entries = re.findall(rb"(\d{10}) 00000 n \n", data[start:])
    for number, place in enumerate(entries, 1):
        assert data[int(place) :].startswith(b"%d 0 obj\n" % number)
    assert data.count(b"/Type /Page ") == done.pages and b"/Count %d " % done.pages in data
    length = int(re.search(rb"/DCTDecode /Length (\d+)", data)[1])
    begin = data.index(b"stream\n") + 7
    (tmp_path / "page.jpg").write_bytes(data[begin : begin + length])
    page = loaded(tmp_path / "page.jpg")
    assert page.size == answer_sheet.PAGE and all(has(page, color) for color in COLOR_OF.values())
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_several_pages_are_several_files_and_none_is_overwritten(rows, tmp_path):
    done = sheet(rows * 10, tmp_path / "s.jpg")[-1]
    assert len(done.files) == done.pages > 1 and all(Path(path).read_bytes()[:2] == b"\xff\xd8" for path in done.files)
    before = {path: path.read_bytes() for path in tmp_path.glob("s*.jpg")}
    with pytest.raises(InputError, match="there already"):
        sheet(rows * 10, tmp_path / "s.jpg")
    assert {path: path.read_bytes() for path in tmp_path.glob("s*.jpg")} == before


@pytest.mark.parametrize("name", ["s.pdf", "s.png", "s.jpg"])
def test_stopping_or_failing_leaves_nothing(rows, tmp_path, name, monkeypatch):
    asked = iter([False] * 40)
    events = sheet(rows * 10, tmp_path / name, lambda: next(asked, True))
    assert not any(isinstance(event, SheetWritten) for event in events)
    real, calls = answer_sheet._empty, []

    def breaks(*args):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(*args)

    monkeypatch.setattr(answer_sheet, "_empty", breaks)
    with pytest.raises(OSError, match="space"):
        sheet(rows * 10, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_bad_requests_are_sentences(rows, tmp_path):
    with pytest.raises(InputError, match="no answer"):
        sheet([], tmp_path / "s.pdf")
    with pytest.raises(InputError, match="no kind"):
        sheet(rows, tmp_path / "s.docx")


def test_memory_does_not_grow_with_the_pages(rows, tmp_path):
    def peak(count):
        tracemalloc.start()
        sheet((rows * 100)[:count], tmp_path / f"{count}.pdf", columns=6)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(12)  # fonts
    assert peak(240) < peak(48) + 2_000_000


def test_names_that_no_font_can_draw_and_long_ones(rows, tmp_path):
    odd = [Prediction(rows[0].path, "b\udcff" + "ü" * 400, 0.9), Prediction("/x/" + "y" * 5000, "\n\n", 0.1)]
    assert list(write(SheetRequest(tuple(odd), str(tmp_path / "s.png"), "T" * 999, note="\ud800"), never))[-1].pictures


def test_the_colours_are_those_of_the_window():
    assert COLORS == theme.CLASS_COLORS
