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
