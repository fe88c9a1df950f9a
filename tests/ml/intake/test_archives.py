"""Archives that are made to do harm, and such that only look odd."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_kit import CLASSES, KINDS, drain, pack, picture, tar_bytes, zip_bytes

from deskclassify.core.control import never
from deskclassify.core.errors import InputError, UserError
from deskclassify.ml.intake import archives, names
from deskclassify.ml.intake.stopping import StoppedError
from deskclassify.ml.intake.unpacking import Limits, Unpacked

Save = Callable[[str, bytes], Path]


def unpack(data: bytes, folder: Path, should_stop=never, **more) -> tuple[Path, Unpacked]:
    file = folder / "archive"
    file.write_bytes(data)
    target = folder / "target"
    target.mkdir()
    _, found = drain(archives.unpack(file, target, should_stop, **more))
    return target, found


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_and_tables_come_out(tmp_path: Path, kind: str) -> None:
    more = {"set/labels.csv": b"path,label\n", "set/model.pkl": b"x", "set/.hidden/a.png": b"x", "__MACOSX/a.png": b"x"}
    target, found = unpack(pack(kind, {**CLASSES, **more}), tmp_path)
    assert tree(target) == sorted([*CLASSES, "set/labels.csv"])
    assert found.left_out == 3 and len(found.pictures) == 6
    assert (target / "set/ant/1.png").read_bytes() == CLASSES["set/ant/1.png"]
    # Nothing of another archive, mode or owner: plain files of this user.
    assert all(path.stat().st_mode & 0o111 == 0 for path in target.rglob("*.png"))


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.parametrize(
    "name",
    ["../evil.png", "a/../../evil.png", "/evil.png", "//host/evil.png", "C:/evil.png", "c:evil.png", "..\\evil.png",
     "a\\..\\..\\evil.png", "\\evil.png", "a/..", "D:\\evil.png"],
)  # fmt: skip
def test_a_way_out_refuses_all(tmp_path: Path, kind: str, name: str) -> None:
    with pytest.raises(InputError, match="outside of its folder"):
        unpack(pack(kind, {"ok/a.png": picture(), name: picture()}), tmp_path)
    assert not list(tmp_path.rglob("evil*"))


def special(kind: bytes, name: str, to: str = "") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, to
        archive.addfile(info)
        for other, data in CLASSES.items():
            info = tarfile.TarInfo(other)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        inside = tarfile.TarInfo("link/passwd.png")
        inside.size = 1
        archive.addfile(inside, io.BytesIO(b"x"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "to"),
    [(tarfile.SYMTYPE, "/etc"), (tarfile.SYMTYPE, "../.."), (tarfile.LNKTYPE, "/etc/passwd"), (tarfile.CHRTYPE, ""),
     (tarfile.BLKTYPE, ""), (tarfile.FIFOTYPE, ""), (tarfile.SYMTYPE, "set/ant/1.png")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["link", "link.png"])
def test_links_and_devices_are_left_out(tmp_path: Path, kind: bytes, to: str, name: str) -> None:
    target, found = unpack(special(kind, name, to), tmp_path)
    assert tree(target) == sorted([*CLASSES, "link/passwd.png"])
    assert found.left_out == 1
    assert not any(path.is_symlink() for path in target.rglob("*"))
    assert (target / "link/passwd.png").read_bytes() == b"x"  # in a folder of its own, not through the link


def test_links_in_zip_files_are_left_out(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("a/b.png", picture())
    target, found = unpack(file.getvalue(), tmp_path)
    assert tree(target) == ["a/b.png"] and found.left_out == 1


def test_sparse_files_are_left_out(tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("sparse.png")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40),
                            "GNU.sparse.name": "sparse.png"}  # fmt: skip
        body = b"0\n".ljust(512, b"\0")
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
        info = tarfile.TarInfo("a/b.png")
        info.size = len(picture())
        archive.addfile(info, io.BytesIO(picture()))
    target, found = unpack(data.getvalue(), tmp_path)
    assert tree(target) == ["a/b.png"] and found.left_out == 1


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_differ_in_case_are_kept_apart(tmp_path: Path, kind: str) -> None:
    members = {"a/x.png": picture(1), "a/X.png": picture(2), "A/x.PNG": picture(3), "a/x (2).png": picture(4)}
    target, found = unpack(pack(kind, members), tmp_path)
    files = tree(target)
    assert len(files) == len({name.casefold() for name in files}) == 4
    assert found.left_out == 0
    assert {(target / name).read_bytes() for name in files} == set(members.values())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_of_the_same_name_the_first_is_kept(tmp_path: Path, kind: str) -> None:
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            for shade in (1, 2):
                archive.writestr("a/x.png", picture(shade))
    else:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for shade in (1, 2):
                info = tarfile.TarInfo("a/x.png")
                info.size = len(picture(shade))
                archive.addfile(info, io.BytesIO(picture(shade)))
    target, found = unpack(file.getvalue(), tmp_path)
    assert (target / "a/x.png").read_bytes() == picture(1) and found.left_out == 1


@pytest.mark.parametrize("members", [("a.png", "a.png/b.png"), ("a.png/b.png", "a.png"), ("A.png", "a.PNG/b.png")])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_file_in_the_way_of_a_folder(tmp_path: Path, kind: str, members: tuple[str, str]) -> None:
    target, found = unpack(pack(kind, {name: picture() for name in members}), tmp_path)
    assert len(tree(target)) == 1 and found.left_out == 1


def test_a_password_is_told(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a/b.png": picture()}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    with pytest.raises(InputError, match="password"):
        unpack(bytes(data), tmp_path)


def test_an_unknown_way_of_packing_is_told(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a/b.png": picture()}))
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(mark) + at, 9)  # Deflate64
    with pytest.raises(InputError, match="cannot be read here"):
        unpack(bytes(data), tmp_path)


SMALL = Limits(entries=50, harmless_bytes=100_000, growth=20)


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_bombs_are_refused_while_they_unpack(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="may be a trap that fills the disk"):
        unpack(pack(kind, {"a/b.png": bytes(5_000_000)}), tmp_path, limits=SMALL)
    written = sum(path.stat().st_size for path in (tmp_path / "target").rglob("*") if path.is_file())
    assert written <= 100_000


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_bombs_that_would_be_left_out_cost_no_time_either(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="may be a trap"):
        unpack(pack(kind, {"zeros.bin": bytes(5_000_000), "a/b.png": picture()}), tmp_path, limits=SMALL)


def test_many_small_files_add_up(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="may be a trap"):
        unpack(zip_bytes({f"a/{n}.png": bytes(9_000) for n in range(40)}), tmp_path, limits=SMALL)


def test_photos_are_no_bombs(tmp_path: Path) -> None:
    members = {f"a/{n}.png": os.urandom(50_000) for n in range(40)}
    _, found = unpack(zip_bytes(members), tmp_path, limits=SMALL)
    assert len(found.pictures) == 40


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_too_many_entries(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="more than 50 files"):
        unpack(pack(kind, {f"a/{n}.png": b"x" for n in range(51)}), tmp_path, limits=SMALL)


def lying(claimed: int) -> bytes:
    """A zip file with a picture of 5,000 bytes and another size in its headers."""
    data = bytearray(zip_bytes({"a/b.png": bytes(range(250)) * 20}, zipfile.ZIP_STORED))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(mark) + at, claimed)
    return bytes(data)


def test_a_zip_file_that_claims_less_than_it_holds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged"):
        unpack(lying(10), tmp_path)


def test_a_zip_file_that_claims_more_than_it_holds_is_not_believed(tmp_path: Path) -> None:
    target, _ = unpack(lying(4_000_000_000), tmp_path, limits=SMALL)
    assert (target / "a/b.png").stat().st_size == 5000


def test_archives_within_are_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds other archives"):
        unpack(zip_bytes({"a/b.zip": zip_bytes({"c.png": picture()})}), tmp_path)


def test_a_wrong_checksum_is_found(tmp_path: Path) -> None:
    data = bytearray(zip_bytes({"a/b.png": picture()}, zipfile.ZIP_STORED))
    data[data.index(b"\x89PNG") + 20] ^= 0xFF
    with pytest.raises(InputError, match="damaged"):
        unpack(bytes(data), tmp_path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_end_is_found(tmp_path: Path, kind: str, share: float) -> None:
    data = pack(kind, {f"a/{n}.png": os.urandom(3000) for n in range(30)})
    if kind == "tar":
        data = data.rstrip(b"\0")  # the end is a run of zeros
    with pytest.raises(InputError, match="damaged"):
        unpack(data[: int(len(data) * share)], tmp_path)


def test_a_plain_tar_that_ends_between_two_members_is_found(tmp_path: Path) -> None:
    data = tar_bytes({"a/b.png": bytes(512), "a/c.png": bytes(512)}, "", tarfile.USTAR_FORMAT)
    with pytest.raises(InputError, match="damaged"):
        unpack(data[:1024], tmp_path)


def test_a_damaged_header_within_does_not_end_in_silence(tmp_path: Path) -> None:
    data = bytearray(tar_bytes({"a/b.png": bytes(512), "a/c.png": bytes(512)}, "", tarfile.USTAR_FORMAT))
    data[1024 + 148 : 1024 + 156] = b"\xff" * 8
    with pytest.raises(InputError, match="damaged"):
        unpack(bytes(data), tmp_path)


def test_a_damaged_stream_end_is_found(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(tar_bytes(CLASSES, "")))
    data[-6] ^= 0xFF  # of the checksum
    with pytest.raises(InputError, match="damaged"):
        unpack(bytes(data), tmp_path)


def test_a_header_that_would_fill_the_memory(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
    with pytest.raises(InputError, match="damaged"):
        unpack(info.tobuf(tarfile.GNU_FORMAT) + bytes(100_000), tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "is empty"), (b"<!DOCTYPE html><html>", "web page"), (b"7z\xbc\xaf\x27\x1c" + bytes(600), "7z, RAR"),
     (b"Rar!\x1a\x07" + bytes(600), "7z, RAR"), (os.urandom(2000) + b"PK", "not an archive"),
     (gzip.compress(b"no tar at all"), "damaged"), (bz2.compress(b"x" * 600), "damaged"),
     (lzma.compress(b"x" * 600), "damaged"), (b"PK\x05\x06" + bytes(18), "no pictures"),
     (bytes(1024), "not an archive"),
     (b"PK\x03\x04" + bytes(600), "damaged"), (b"BZh", "damaged"), (b"\x1f\x8b", "damaged")],
)  # fmt: skip
def test_what_is_no_archive(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        unpack(data, tmp_path)


def test_names_of_other_code_pages(tmp_path: Path) -> None:
    data = zip_bytes({"K\u00e4fer/1.png": picture(1)})
    flagless = bytearray(data)  # the same bytes, but the flag for UTF-8 is missing, as some programs write it
    for mark, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        flagless[flagless.index(mark) + at] &= ~0x08
    old = bytearray(zip_bytes({"K?fer/1.png": picture(1)}))
    while b"K?fer" in old:
        old[old.index(b"K?fer") + 1] = 0x84  # ä in code page 437
    for number, one in enumerate((data, bytes(flagless), bytes(old))):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert tree(unpack(one, folder)[0]) == ["K\u00e4fer/1.png"]


def test_names_that_are_no_utf8_become_readable(tmp_path: Path) -> None:
    data = tar_bytes({"K\udce4fer/1.png": picture()}, "gz", tarfile.GNU_FORMAT)
    assert tree(unpack(data, tmp_path)[0]) == ["K\u00e4fer/1.png"]


def test_folders_are_renamed(tmp_path: Path) -> None:
    data = zip_bytes({"s/n01/n01.png": picture(1), "s/n02/x.png": picture(2)})
    target, _ = unpack(data, tmp_path, renamed={"n01": "tench", "n02": "French horn"})
    assert tree(target) == ["s/French horn/x.png", "s/tench/n01.png"]


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_cancelled_unpacking_ends_soon(tmp_path: Path, kind: str) -> None:
    calls = iter(range(5))
    with pytest.raises(StoppedError):
        unpack(pack(kind, CLASSES), tmp_path, lambda: next(calls, None) is None)


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    data = zip_bytes(CLASSES)
    (tmp_path / "archive").write_bytes(data)
    (tmp_path / "target").mkdir()
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(UserError, match="is full"):
        drain(archives.unpack(tmp_path / "archive", tmp_path / "target", never))


PARTS = st.one_of(
    st.sampled_from(["..", ".", "", "a", "A", "b.png", "B.PNG", "CON", "nul.png", "c:", " ", "..png", "é", "e\u0301"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=6),
    st.just("n" * 300 + ".png"),
)  # fmt: skip
NAMES = st.builds(
    lambda start, parts, joint, end: start + joint.join(parts) + end,
    st.sampled_from(["", "", "", "/", "\\", "C:", "./"]),
    st.lists(PARTS, min_size=1, max_size=5),
    st.sampled_from(["/", "/", "\\"]),
    st.sampled_from(["", ".png", ".jpg", "/"]),
)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NAMES, min_size=1, max_size=6), st.booleans())
def test_no_name_leads_out(tmp_path_factory: pytest.TempPathFactory, found: list[str], as_tar: bool) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    members = dict.fromkeys(found, b"x")
    data = tar_bytes(members, "gz") if as_tar else zip_bytes(members, zipfile.ZIP_STORED)
    before = set(folder.parent.iterdir())
    try:
        target, unpacked = unpack(data, folder)
    except InputError:
        target = folder / "target"
    else:
        files = tree(target)
        assert sorted(map(str, unpacked.pictures + unpacked.tables)) == files
        assert len(files) + unpacked.left_out <= len(members)
        assert len({name.casefold() for name in files}) == len(files)
    assert set(folder.parent.iterdir()) == before
    assert {path.name for path in folder.iterdir()} == {"archive", "target"}
    assert all(path.resolve().is_relative_to(target.resolve()) and not path.is_symlink() for path in target.rglob("*"))


@given(st.text(max_size=400))
def test_any_text_becomes_a_name(text: str) -> None:
    name = names.one(text)
    assert name and name not in (".", "..") and len(name.encode()) <= 215
    assert not set(name) & set('<>:"/\\|?*\0\n') and name == name.rstrip(" .")
    assert names.one(name) == name


@pytest.mark.parametrize(
    ("paths", "tables", "root"),
    [
        (["s/a/1.png", "s/b/2.png"], [], "s"),
        (["a/1.png", "b/2.png"], [], ""),
        (["a/1.png"], [], ""),
        (["s/a/1.png"], [], "s"),
        (["x/s/a/1.png", "x/s/b/2.png"], ["x/readme.txt"], "x/s"),
        (["x/s/a/1.png", "x/s/b/2.png"], ["x/labels.csv"], "x"),
        (["x/images/a/1.png", "x/images/b/2.png"], ["x/meta/train.txt"], "x/images"),
        (["s/train/a/1.png", "s/valid/a/2.png"], [], "s"),
        (["s/a/1.png", "s/2.png"], [], ""),
        (["1.png"], [], ""),
    ],
)
def test_class_folders_lie_at_the_top(paths: list[str], tables: list[str], root: str) -> None:
    found = Unpacked([PurePosixPath(path) for path in paths], [PurePosixPath(path) for path in tables])
    assert archives.common_root(found) == PurePosixPath(root)
