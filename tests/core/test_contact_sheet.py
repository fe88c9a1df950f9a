"""Many small pictures on one sheet."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from deskclassify.core import contact_sheet


def test_each_value_becomes_a_square_in_its_place(tmp_path):
    stack = np.stack([np.full((4, 4), value, dtype=np.uint8) for value in (10, 20, 30)])
    contact_sheet.save(contact_sheet.tile(stack, side=8, columns=2), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as sheet:
        assert sheet.size == (22, 22)
        assert [sheet.getpixel(place) for place in ((5, 5), (15, 5), (5, 15))] == [10, 20, 30]
        assert sheet.getpixel((15, 15)) == sheet.getpixel((0, 0))


def test_colours_stay_and_large_tiles_are_not_enlarged():
    stack = np.zeros((1, 100, 120, 3), dtype=np.uint8)
    stack[..., 1] = 77
    sheet = contact_sheet.tile(stack, side=96)
    assert sheet.size == (124, 104)
    assert sheet.getpixel((50, 50)) == (0, 77, 0)


@pytest.mark.parametrize("shape", [(0, 4, 4), (4, 4), (1, 4, 4, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        contact_sheet.tile(np.zeros(shape, dtype=np.uint8))


def test_a_titled_sheet_has_room_for_its_text():
    stack = np.zeros((3, 4, 4, 3), dtype=np.uint8)
    stack[1] = (250, 0, 0)
    note = "A note of so many words that it takes more than one line of a narrow sheet. " * 2
    sheet = contact_sheet.titled(stack, ["0", "1", "a caption far too long for its tile"], "Title", note, side=20)
    pixels = np.asarray(sheet)
    assert sheet.width == 640
    rows, columns = np.where((pixels == (250, 0, 0)).all(axis=2))
    assert (len(set(rows)), len(set(columns)), len(rows)) == (20, 20, 400)
    ink = np.where((pixels != 255).any(axis=(1, 2)))[0]
    assert rows.min() - ink.min() > 80  # title and two lines of the note lie above the tiles
    assert (pixels[rows.max() + 2 :, columns.max() + 40 :] == 255).all()  # the caption is cut at its tile


def test_a_row_holds_so_many_tiles():
    stack = np.full((9, 30, 40, 3), 7, dtype=np.uint8)
    sheet = np.asarray(contact_sheet.titled(stack, [""] * 9, "Title", "", side=40, columns=4))
    tops = np.diff(((sheet == 7).all(axis=2).sum(axis=1) > 0).astype(int))
    assert (tops == 1).sum() == 3
    assert ((sheet == 7).all(axis=2).sum(axis=1).max()) == 4 * 40
