"""Pictures given to a class by hand: copies that overwrite nothing, and an undo that is exact."""

from __future__ import annotations

import errno
import string
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from deskclassify.core import labels, own_pictures, project
from deskclassify.core.control import never
from deskclassify.core.errors import InputError
from deskclassify.core.own_pictures import KeepRequest, Kept, found_name, keep, safe_name, with_addition
from deskclassify.core.pictures import open_rgb
from deskclassify.core.sources import DataSpec, Source, list_data


@pytest.fixture
def made(tmp_path):
    return project.create("pets", tmp_path)


def pixels(value=200, size=(6, 8), channels=3):
    return np.full((*size, channels), value, np.uint8)


def kept(request, should_stop=never):
    events = list(keep(request, should_stop))
    assert isinstance(events[-1], Kept)
    return events[-1]


def photo(path, color="gold"):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 10), color).save(path)
    return path


def test_pixels_become_a_png_and_photos_of_the_camera_a_jpeg(made):
    pasted = kept(KeepRequest(str(made.folder), "cats", (pixels(channels=4),)))
    taken = kept(KeepRequest(str(made.folder), "cats", (pixels(120),), "camera"))
    first, second = Path(pasted.files[0]), Path(taken.files[0])
    assert first.suffix == ".png" and second.suffix == ".jpg"
    assert first.parent == made.folder / "pictures" / "cats" / "pasted 1"
    assert open_rgb(first).size == (8, 6)
    assert abs(open_rgb(second).getpixel((3, 3))[0] - 120) < 3


def test_a_file_keeps_its_name_and_its_bytes(made, tmp_path):
    file = photo(tmp_path / "from" / "Vögel & Käfer.jpg")
    before = file.read_bytes()
    copy = Path(kept(KeepRequest(str(made.folder), "Vögel", (str(file),), "copied")).files[0])
    assert copy.name == file.name and copy.read_bytes() == before == file.read_bytes()


def test_nothing_is_overwritten_and_names_differ_across_additions(made, tmp_path):
    one, two = photo(tmp_path / "a" / "x.png", "red"), photo(tmp_path / "b" / "x.png", "blue")
    first = kept(KeepRequest(str(made.folder), "cats", (str(one), str(two))))
    again = kept(KeepRequest(str(made.folder), "cats", (str(two),)))
    names = [Path(file).name for file in (*first.files, *again.files)]
    assert names == ["x.png", "x 2.png", "x 3.png"]
    assert open_rgb(first.files[0]).getpixel((0, 0)) == (255, 0, 0)
    data = with_addition(with_addition(DataSpec(), first.folder, "cats"), again.folder, "cats")
    listing = list_data(data)
    assert listing.classes() == {"cats": 3} and not listing.problems


def test_a_folder_gives_its_pictures_and_what_is_none_is_told(made, tmp_path):
    folder = tmp_path / "many"
    photo(folder / "a.png")
    photo(folder / "deeper" / "b.png")
    (folder / "notes.txt").write_text("no")
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff nothing")
    result = kept(KeepRequest(str(made.folder), "cats", (str(folder), str(bad), str(tmp_path / "gone.png"))))
    assert sorted(Path(file).name for file in result.files) == ["a.png", "b.png"]
    assert [Path(problem.path).name for problem in result.refused] == ["bad.jpg", "gone.png"]
    assert "not there any more" in result.refused[1].reason


def test_a_picture_without_a_suffix_gets_the_one_of_its_format(made, tmp_path):
    file = photo(tmp_path / "photo.png").rename(tmp_path / "download")
    result = kept(KeepRequest(str(made.folder), "cats", (str(file),)))
    assert Path(result.files[0]).name == "download.png"
    assert list_data(with_addition(DataSpec(), result.folder, "cats")).classes() == {"cats": 1}


def test_where_all_is_refused_no_folder_is_left(made, tmp_path):
    result = kept(KeepRequest(str(made.folder), "cats", (str(tmp_path / "gone.png"),)))
    assert result.folder == "" and result.files == () and len(result.refused) == 1
    assert not (made.folder / "pictures").exists()


def test_a_stop_takes_the_copies_back(made, tmp_path):
    files = tuple(str(photo(tmp_path / f"{number}.png")) for number in range(5))
    asked = iter([False, False, True, True, True])
    events = list(keep(KeepRequest(str(made.folder), "cats", files), lambda: next(asked)))
    assert not any(isinstance(event, Kept) for event in events)
    assert not list((made.folder / "pictures").rglob("*.png"))


def test_a_full_disk_takes_the_copies_back(made, tmp_path, monkeypatch):
    files = tuple(str(photo(tmp_path / f"{number}.png")) for number in range(3))
    whole = Path.open

    def full(path, *args, **kwargs):
        if path.name == "2.png" and "x" in str(args):
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space"):
        list(keep(KeepRequest(str(made.folder), "cats", files), never))
    assert not [path for path in (made.folder / "pictures").rglob("*") if path.is_file()]
    assert all(Path(file).is_file() for file in files)


def test_a_series_goes_on_in_its_folder(made):
    folder = own_pictures.new_folder(made.folder, "cats", "camera")
    for value in (10, 20, 30):
        kept(KeepRequest(str(made.folder), "cats", (pixels(value),), "camera", str(folder)))
    assert len(list(folder.iterdir())) == 3
    assert own_pictures.new_folder(made.folder, "cats", "camera").name == "camera 2"


def test_undo_to_the_start_gives_the_first_project_file_to_the_byte(made, tmp_path):
    states = [made]
    made.save()
    written = [made.file.read_bytes()]
    for place, label in enumerate(("cats", "cats", "dogs", "cats")):
        result = kept(KeepRequest(str(made.folder), label, (pixels(20 * place),), data=states[-1].data))
        states.append(states[-1].with_data(with_addition(states[-1].data, result.folder, label)))
        states[-1].save()
        written.append(made.file.read_bytes())
    counts = [list_data(state.data).classes() for state in states]
    assert counts == [{}, {"cats": 1}, {"cats": 2}, {"cats": 2, "dogs": 1}, {"cats": 3, "dogs": 1}]
    for state, before, count in zip(reversed(states), reversed(written), reversed(counts), strict=True):
        state.save()
        assert made.file.read_bytes() == before
        assert list_data(project.load(made.file).data).classes() == count, "a copy of a later addition is counted"
    assert len(list((made.folder / "pictures").rglob("*.png"))) == 4, "undo must leave the copies"


def test_a_copy_is_not_left_out_with_an_older_picture_of_its_name(made, tmp_path):
    file = photo(tmp_path / "x.png")
    data = DataSpec(excluded=("cats/x.png",), relabelled={"cats/x 2.png": "dogs"})
    result = kept(KeepRequest(str(made.folder), "cats", (str(file),), data=data))
    assert Path(result.files[0]).name == "x 3.png"
    assert list_data(with_addition(data, result.folder, "cats")).classes() == {"cats": 1}


def test_a_renamed_class_is_found_under_the_name_that_is_shown(made):
    data = DataSpec(renamed={"cats": "felines"})
    result = kept(KeepRequest(str(made.folder), "felines", (pixels(),), data=data))
    assert list_data(with_addition(data, result.folder, "felines")).classes() == {"felines": 1}
    swapped = DataSpec(renamed={"cats": "dogs", "dogs": "cats"})
    result = kept(KeepRequest(str(made.folder), "cats", (pixels(),), data=swapped))
    assert with_addition(swapped, result.folder, "cats").sources[-1] == Source(result.folder, "dogs")
    assert list_data(with_addition(swapped, result.folder, "cats")).classes() == {"cats": 1}


def test_a_name_that_was_given_up_is_refused(made):
    data = DataSpec(renamed={"cats": "felines"})
    with pytest.raises(InputError, match="was renamed “felines”"):
        kept(KeepRequest(str(made.folder), "cats", (pixels(),), data=data))
    assert not (made.folder / "pictures").exists()


def test_decomposed_names_are_one_class():
    assert found_name(DataSpec(), "Vo\u0308gel ") == "Vögel"


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))) | st.text(alphabet=string.punctuation + " ."))
def test_safe_names_are_taken_by_every_file_system(name):
    safe = safe_name(name)
    assert safe and not safe.startswith(".") and safe == safe.strip(" ")
    assert not set(safe) & set('<>:"/\\|?*') and len(safe.encode()) <= 121
    assert safe == labels.normal(safe) and safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [("../../x", "-..-x"), ("CON", "CON_"), ("nul.txt", "nul.txt_"), ("..", "class"), ("Äpfel", "Äpfel")],
)
def test_safe_names(name, safe):
    assert safe_name(name) == safe


def test_two_classes_that_share_a_safe_name_stay_apart(made):
    one = kept(KeepRequest(str(made.folder), "a/b", (pixels(),)))
    two = kept(KeepRequest(str(made.folder), "a-b", (pixels(),)))
    data = with_addition(with_addition(replace(DataSpec(), sources=()), one.folder, "a/b"), two.folder, "a-b")
    assert list_data(data).classes() == {"a-b": 1, "a/b": 1}
