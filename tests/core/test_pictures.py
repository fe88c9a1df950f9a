"""Opening pictures of any kind."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from deskclassify.core import pictures
from deskclassify.core.pictures import PictureError, open_rgb


def saved(folder: Path, image: Image.Image, name: str, **how) -> Path:
    image.save(folder / name, **how)
    return folder / name


def pixel(file, place=(0, 0)):
    with open_rgb(file) as image:
        assert image.mode == "RGB"
        return image.getpixel(place)


def test_exif_rotation_is_undone(tmp_path):
    image = Image.new("RGB", (40, 20), "white")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    with open_rgb(saved(tmp_path, image, "a.jpg", exif=exif, quality=95)) as upright:
        assert upright.size == (20, 40)
        assert upright.getpixel((10, 5))[1] < 60 < upright.getpixel((10, 35))[1]


def test_transparency_is_laid_on_white(tmp_path):
    assert pixel(saved(tmp_path, Image.new("RGBA", (4, 4), (255, 0, 0, 0)), "a.png")) == (255, 255, 255)
    assert pixel(saved(tmp_path, Image.new("RGBA", (4, 4), (255, 0, 0, 255)), "b.png")) == (255, 0, 0)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([0, 0, 255])
    assert pixel(saved(tmp_path, palette, "c.png")) == (0, 0, 255)
    assert pixel(saved(tmp_path, palette, "d.png", transparency=0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("mode", "color", "wanted"), [("L", 100, (100,) * 3), ("1", 1, (255,) * 3), ("CMYK", (0, 255, 255, 0), (255, 0, 0))]
)
def test_grey_bilevel_and_cmyk(tmp_path, mode, color, wanted):
    assert pixel(saved(tmp_path, Image.new(mode, (4, 4), color), "a.tif")) == wanted


def test_16_bits_and_floats_are_scaled(tmp_path):
    ramp = np.array([[0, 257 * 100, 65535]], dtype=np.uint16)
    with open_rgb(saved(tmp_path, Image.fromarray(ramp), "a.png")) as image:
        assert np.asarray(image)[0, :, 0].tolist() == [0, 100, 255]
    floats = np.array([[-1.0, 0.0, 1.0]], dtype=np.float32)
    with open_rgb(saved(tmp_path, Image.fromarray(floats), "b.tif")) as image:
        assert np.asarray(image)[0, :, 0].tolist() == [0, 128, 255]


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    assert pixel(saved(tmp_path, frames[0], "a.gif", save_all=True, append_images=frames[1:])) == (255, 0, 0)


def test_truncated_file_is_refused_with_a_reason(tmp_path):
    file = saved(tmp_path, Image.effect_noise((200, 200), 90), "a.jpg")
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(PictureError, match="cut off or damaged"):
        open_rgb(file)


def test_bomb_text_and_nothing(tmp_path):
    bomb = saved(tmp_path, Image.new("1", (12000, 12000)), "bomb.png")
    with pytest.raises(PictureError, match="megapixels"):
        open_rgb(bomb)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(PictureError, match="not a picture"):
        open_rgb(tmp_path / "text.jpg")
    with pytest.raises(PictureError, match="not there"):
        open_rgb(tmp_path / "gone.jpg")


def test_a_format_that_was_not_asked_for_is_refused(tmp_path):
    file = saved(tmp_path, Image.new("RGB", (8, 8)), "a.eps")
    with pytest.raises(PictureError):
        open_rgb(file.rename(tmp_path / "a.jpg"))


def test_draft_makes_large_jpegs_smaller_and_others_not(tmp_path):
    image = Image.new("RGB", (1600, 1200), "teal")
    with open_rgb(saved(tmp_path, image, "a.jpg"), draft=224) as small:
        assert 224 <= min(small.size) < 600
    with open_rgb(saved(tmp_path, image, "a.png"), draft=224) as full:
        assert full.size == (1600, 1200)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM")), st.data())
def test_damaged_bytes_give_a_picture_or_a_sentence(kind, data):
    content = bytearray(_encoded(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    try:
        with open_rgb(io.BytesIO(bytes(content))) as image:
            assert image.mode == "RGB"
    except PictureError as error:
        assert error.sentence.endswith(".")
        assert "\n" not in error.sentence


def _encoded(kind: str) -> bytes:
    sink = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 256, (18, 24, 3), dtype=np.uint8)
    Image.fromarray(noise).save(sink, kind)
    return sink.getvalue()


def test_hostile_files_are_told_apart_as_the_manifest_says(shared_data):
    """Files that Pillow cannot decode are refused; the rest load."""
    folder = shared_data / "hostile_small"
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len(rows) > 100
    wrong = []
    for row in rows:
        path, fails = manifest(row)
        try:
            open_rgb(folder / path).close()
            refused = False
        except PictureError as error:
            refused = True
            assert error.sentence
        if refused != fails:
            wrong.append((path, "refused" if refused else "accepted"))
    assert not wrong


def manifest(row: dict[str, str]) -> tuple[str, bool]:
    return row["file"], row["decodes"] == "0"


def test_names_of_pictures():
    assert pictures.is_picture_name("A.JPG")
    assert pictures.is_picture_name("x.tar.webp")
    assert not pictures.is_picture_name("notes.txt")
    assert not pictures.is_picture_name("jpg")
