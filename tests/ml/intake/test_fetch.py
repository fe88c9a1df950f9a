"""From an archive or an address to a folder in its place, and nothing anywhere else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from intake_kit import CLASSES, KINDS, Server, has_come, pack, picture, tar_bytes, zip_bytes

from deskclassify.core import paths
from deskclassify.core.control import never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import FetchRequest
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Message, Progress
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml.intake import download, places
from deskclassify.ml.intake.fetch import fetch

Save = Callable[[str, bytes], Path]


def get(source: object, digest: str = "", should_stop=never) -> Fetched:
    *_, last = fetch(FetchRequest(str(source), digest), should_stop)
    assert isinstance(last, Fetched)
    return last


def contents() -> list[str]:
    return sorted(path.name for path in paths.pictures_dir().iterdir())


def classes(found: Fetched) -> dict[str, int]:
    return list_data(DataSpec((Source(found.folder),), rule=found.rule)).classes()


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_becomes_a_folder_of_class_folders(save: Save, kind: str) -> None:
    file = save(f"garden insects.{kind}", pack(kind, {**CLASSES, "set/notes.doc": b"x"}))
    before = file.read_bytes()
    found = get(file)
    assert classes(found) == {"ant": 3, "bee": 3}
    assert (found.images, found.left_out, found.name, found.rule) == (6, 1, "garden insects", "folder")
    assert Path(found.folder) == paths.pictures_dir() / "garden insects" / "set"
    assert contents() == ["garden insects"] and file.read_bytes() == before


def test_the_same_archive_is_unpacked_once(save: Save, tmp_path: Path) -> None:
    first = get(save("one.zip", zip_bytes(CLASSES)))
    again = get(save("another name.zip", zip_bytes(CLASSES)))
    assert again.folder == first.folder and contents() == ["one"]
    next(Path(first.folder).rglob("*.png")).unlink()  # what is not whole any more is not used again
    third = get(tmp_path / "one.zip")
    assert third.images == 6 and contents() == ["one", "one (2)"]


def test_another_archive_of_the_same_name_has_its_own_place(save: Save) -> None:
    first = get(save("one.zip", zip_bytes(CLASSES)))
    second = get(save("one.zip", zip_bytes({"x/cat/1.png": picture(9), "x/dog/1.png": picture(8)})))
    assert first.folder != second.folder and classes(second) == {"cat": 1, "dog": 1}
    assert classes(first) == {"ant": 3, "bee": 3}


def test_a_table_at_the_top_is_found(save: Save) -> None:
    table = b"file,species\n" + b"".join(b"images/%d.png,%s\n" % (n, b"cat" if n % 2 else b"dog") for n in range(6))
    members = {f"set/images/{n}.png": picture(n) for n in range(6)}
    found = get(save("t.zip", zip_bytes({**members, "set/train.csv": table})))
    assert found.rule == f"csv:{Path(found.folder) / 'train.csv'}"
    assert classes(found) == {"cat": 3, "dog": 3}


def test_classes_in_names_are_found(save: Save) -> None:
    members = {f"images/{name}_{n}.png": picture(n) for name in ("great_tit", "wren") for n in range(4)}
    found = get(save("t.tar", tar_bytes(members, "")))
    assert found.rule == r"regex:^(.+)_\d+"
    assert classes(found) == {"great_tit": 4, "wren": 4}


def test_real_photos(shared_data: Path, tmp_path: Path) -> None:
    import tarfile

    source = shared_data / "tiny_fork_scissors"
    with tarfile.open(tmp_path / "tools.tar.gz", "w:gz") as archive:
        archive.add(source, "tools")
    found = get(tmp_path / "tools.tar.gz")
    assert sum(classes(found).values()) == sum(list_data(DataSpec((Source(str(source)),))).classes().values()) > 0


@pytest.mark.parametrize("stops_at", [0, 1, 3, 6])
def test_cancel_leaves_nothing_behind(save: Save, stops_at: int) -> None:
    file = save("one.tar.gz", tar_bytes(CLASSES))
    calls = iter(range(stops_at))
    events = list(fetch(FetchRequest(str(file)), lambda: next(calls, None) is None))
    assert not any(isinstance(event, Fetched) for event in events)
    assert contents() == []


def test_a_job_that_is_dropped_leaves_nothing_behind(save: Save) -> None:
    steps = fetch(FetchRequest(str(save("one.tar.gz", tar_bytes(CLASSES)))))
    for event in steps:
        if isinstance(event, Progress) and event.stage == "unpack":
            break
    steps.close()  # type: ignore[attr-defined]
    assert contents() == []


def test_a_damaged_archive_leaves_nothing_behind(save: Save) -> None:
    with pytest.raises(InputError, match="damaged"):
        get(save("one.tar.gz", tar_bytes(CLASSES)[:-40]))
    assert contents() == []


def test_what_a_killed_process_left_is_cleared_away_after_a_day(save: Save) -> None:
    old, new = (paths.pictures_dir() / f"{places._UNDER_WAY}{name}" for name in ("old", "new"))
    for folder in (old, new):
        (folder / "a").mkdir(parents=True)
    os.utime(old, (0, 0))
    get(save("one.zip", zip_bytes(CLASSES)))
    assert contents() == [new.name, "one"]


def test_digests_of_archives_on_the_disk(save: Save) -> None:
    data = zip_bytes(CLASSES)
    file = save("one.zip", data)
    assert get(file, f"md5:{hashlib.md5(data).hexdigest()}").images == 6
    with pytest.raises(InputError, match="not the file that was meant"):
        get(file, f"sha256:{'0' * 64}")


@pytest.mark.parametrize(
    ("source", "words"),
    [("", "No archive is given"), ("no/such.zip", "There is no archive"), ("{home}", "is a folder"),
     ("a\0b", "There is no archive"), ("x" * 5000, "There is no archive"), ("~nobody/x.zip", "There is no archive"),
     ("ftp://example.org/a.zip", "https://"), ("file:///etc/passwd", "https://"), ("{home}/a.png", "is a picture")],
)  # fmt: skip
def test_what_is_no_source(home: Path, source: str, words: str) -> None:
    home.mkdir()
    (home / "a.png").write_bytes(picture())
    with pytest.raises(InputError, match=words):
        get(source.format(home=home))


def test_an_address_is_downloaded_and_nothing_of_it_is_kept(server: Server) -> None:
    found = get(server.put("insects.tgz", tar_bytes(CLASSES), etag='"1"'))
    assert classes(found) == {"ant": 3, "bee": 3} and found.name == "insects"
    assert list(paths.downloads_dir().iterdir()) == []


def test_the_same_address_is_downloaded_once(server: Server) -> None:
    address = server.put("insects.zip", zip_bytes(CLASSES), etag='"1"')
    first = get(address)
    server.files["/insects.zip"].tricks = ["stall:1"]  # a second download would not end
    server.release.set()
    assert get(address).folder == first.folder
    other = zip_bytes({"x/cat/1.png": picture(9), "x/dog/1.png": picture(8)})
    assert classes(get(server.put("insects.zip", other, etag='"2"'))) == {"cat": 1, "dog": 1}
    assert contents() == ["insects", "insects (2)"]


def test_the_same_content_of_another_address_is_unpacked_once(server: Server) -> None:
    first = get(server.put("a.zip", zip_bytes(CLASSES)))
    assert get(server.put("b.zip", zip_bytes(CLASSES))).folder == first.folder


def test_without_a_network_what_was_there_is_used(server: Server) -> None:
    address = server.put("insects.zip", zip_bytes(CLASSES), etag='"1"')
    first = get(address)
    del server.files["/insects.zip"]
    events = list(fetch(FetchRequest(address)))
    assert isinstance(events[0], Message) and "could not be asked" in events[0].text
    assert events[-1].folder == first.folder


def test_with_a_digest_nothing_is_asked_twice(server: Server) -> None:
    data = zip_bytes(CLASSES)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    address = server.put("insects.zip", data)
    first = get(address, digest)
    server.requests.clear()
    assert get(address, digest).folder == first.folder and server.requests == []


def test_a_wrong_digest_of_a_download(server: Server) -> None:
    with pytest.raises(UserError, match="hash is wrong"):
        get(server.put("a.zip", zip_bytes(CLASSES)), f"md5:{'0' * 32}")
    assert contents() == [] and list(paths.downloads_dir().iterdir()) == []


def test_a_damaged_download_is_not_kept(server: Server) -> None:
    address = server.put("a.zip", zip_bytes(CLASSES)[:-60], etag='"1"')
    with pytest.raises(InputError, match="damaged"):
        get(address)
    assert contents() == [] and list(paths.downloads_dir().iterdir()) == []
    assert get(server.put("a.zip", zip_bytes(CLASSES), etag='"1"')).images == 6


def test_a_web_page_instead_of_an_archive(server: Server) -> None:
    with pytest.raises(InputError, match="is a web page"):
        get(server.put("download", b"<!doctype html><title>Log in</title>"))


def test_cancelled_while_it_unpacks_it_is_not_downloaded_again(server: Server) -> None:
    members = {f"s/{n % 2}/{n}.png": os.urandom(4000) for n in range(60)}
    address = server.put("a.tar", tar_bytes(members, ""), etag='"1"')
    steps = fetch(FetchRequest(address))
    for event in steps:
        if isinstance(event, Progress) and event.stage == "unpack":
            break
    steps.close()  # type: ignore[attr-defined]
    assert contents() == []
    server.requests.clear()
    assert get(address).images == 60
    assert server.ranges == [f"bytes={len(server.files['/a.tar'].body)}-"]  # which brings nothing


def test_a_download_that_is_cancelled_leaves_nothing_but_its_part(server: Server) -> None:
    address = server.put("a.zip", zip_bytes({"a/b.png": os.urandom(900_000)}), etag='"1"', tricks=["stall:400000"])
    events = list(fetch(FetchRequest(address), has_come(paths.downloads_dir(), 400_000)))
    assert not any(isinstance(event, Fetched) for event in events)
    assert contents() == []
    assert {path.suffix for path in paths.downloads_dir().iterdir()} == {".part", ".json"}


def test_a_server_that_gives_bombs(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from deskclassify.ml.intake.unpacking import Limits

    monkeypatch.setattr(Limits, "most_bytes", lambda *_: 200_000)
    with pytest.raises(InputError, match="may be a trap"):
        get(server.put("a.tar.xz", tar_bytes({"a/b.png": bytes(9_000_000)}, "xz")))
    assert contents() == [] and list(paths.downloads_dir().iterdir()) == []


def test_odd_names_of_files_in_addresses(server: Server) -> None:
    server.put("", zip_bytes(CLASSES))
    server.files["/a%20b%2F..%2Fc.zip"] = server.files["/"]
    server.files["/?x=/../../evil"] = server.files["/"]
    for end in ("", "a%20b%2F..%2Fc.zip", "?x=/../../evil"):
        get(f"{server.address}/{end}")
    assert all(path.parent == paths.pictures_dir() for path in paths.pictures_dir().iterdir())
    assert download.MOST_BYTES > 5_000_000_000  # the largest public set
