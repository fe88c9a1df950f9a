"""Downloads from a server that stalls, cuts off, lies, changes its file and sends on."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from intake_kit import Server, drain, has_come

from deskclassify.core.control import never
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Progress
from deskclassify.ml.intake import download, line
from deskclassify.ml.intake.digests import Digest
from deskclassify.ml.intake.download import DamagedError, DownloadError, Wanted
from deskclassify.ml.intake.stopping import StoppedError

BODY = bytes(range(256)) * 4000
OTHER = bytes(reversed(BODY))
DIGEST = Digest("sha256", hashlib.sha256(BODY).hexdigest())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "file.zip"


def get(address: str, target: Path, digest: Digest | None = None, should_stop=never, **more):
    return drain(download.download(Wanted(address, target, "The archive", digest, **more), should_stop))


def start_and_cancel(server: Server, name: str, target: Path, digest: Digest | None = None) -> None:
    """Have a part of a file downloaded."""
    server.files[f"/{name}"].tricks.insert(0, "stall:300000")
    with pytest.raises(StoppedError):
        get(f"{server.address}/{name}", target, digest, has_come(target.parent, 300_000))
    server.release.set()
    server.requests.clear()


def names(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def test_a_download_tells_how_far_it_is_and_leaves_only_the_file(server: Server, target: Path) -> None:
    events, said = get(server.put("a.zip", BODY, etag='"1"'), target)
    assert target.read_bytes() == BODY and names(target) == ["file.zip"]
    assert said.etag == '"1"' and said.total == len(BODY)
    assert [type(event) for event in events] == [Progress] * len(events)
    assert events[-1].done == events[-1].total == len(BODY)


def test_without_a_length_the_total_is_not_known(server: Server, target: Path) -> None:
    events, said = get(server.put("a.zip", BODY, tricks=["chunked"]), target)
    assert target.read_bytes() == BODY and said.total is None
    assert all(event.total == 0 for event in events)


def test_a_broken_connection_goes_on_where_it_ended(server: Server, target: Path) -> None:
    address = server.put("a.zip", BODY, etag='"1"', tricks=["cut:300000", "cut:200000"])
    get(address, target)
    assert target.read_bytes() == BODY
    assert server.ranges == ["", "bytes=300000-", "bytes=500000-"]


def test_cancel_ends_a_stalled_download_at_once_and_keeps_the_part(server: Server, target: Path) -> None:
    address = server.put("a.zip", BODY, etag='"1"', tricks=["stall:300000"])
    begun = time.monotonic()
    with pytest.raises(StoppedError):
        get(address, target, None, has_come(target.parent, 300_000))
    assert time.monotonic() - begun < 5
    assert not target.exists() and "file.zip.part" in names(target)
    assert not [thread for thread in threading.enumerate() if thread.name == "download"]


def test_cancel_ends_the_wait_for_a_server_that_says_nothing(server: Server, target: Path) -> None:
    with pytest.raises(StoppedError):
        get(server.put("a.zip", BODY, tricks=["silent"]), target, None, server.was_silent.is_set)
    assert names(target) == []


def test_a_cancelled_download_goes_on_next_time(server: Server, target: Path) -> None:
    address = server.put("a.zip", BODY, etag='"1"')
    start_and_cancel(server, "a.zip", target)
    get(address, target)
    assert target.read_bytes() == BODY and server.ranges == ["bytes=300000-"]


@pytest.mark.parametrize("takes_if_range", [True, False])
@pytest.mark.parametrize("more", [{"etag": '"1"'}, {"modified": "Mon, 01 Jan 2024 00:00:00 GMT"}])
def test_a_changed_file_is_never_glued(
    server: Server, target: Path, takes_if_range: bool, more: dict[str, str]
) -> None:
    server.put("a.zip", BODY, **more)
    start_and_cancel(server, "a.zip", target)
    changed = {"etag": '"2"'} if "etag" in more else {"modified": "Tue, 02 Jan 2024 00:00:00 GMT"}
    # A server that does not know If-Range tells by another ETag or another length.
    new = OTHER if "etag" in more else OTHER + b"more"
    get(server.put("a.zip", new, takes_if_range=takes_if_range, **changed), target)
    assert target.read_bytes() == new


def test_without_etag_date_and_digest_a_part_is_thrown_away(server: Server, target: Path) -> None:
    server.put("a.zip", BODY)
    start_and_cancel(server, "a.zip", target)
    get(server.put("a.zip", OTHER), target)
    assert target.read_bytes() == OTHER and server.ranges == [""]


def test_a_part_of_another_address_is_thrown_away(server: Server, target: Path) -> None:
    server.put("a.zip", BODY, etag='"1"')
    start_and_cancel(server, "a.zip", target)
    get(server.put("b.zip", OTHER, etag='"1"'), target)
    assert target.read_bytes() == OTHER and server.ranges == [""]


def test_what_was_glued_all_the_same_is_found_by_the_digest(server: Server, target: Path) -> None:
    server.put("a.zip", OTHER)
    start_and_cancel(server, "a.zip", target, DIGEST)
    get(server.put("a.zip", BODY), target, DIGEST)
    assert target.read_bytes() == BODY
    assert server.ranges == ["bytes=300000-", ""]


def test_a_misplaced_part_is_not_glued(server: Server, target: Path) -> None:
    server.put("a.zip", BODY, etag='"1"')
    start_and_cancel(server, "a.zip", target)
    get(server.put("a.zip", BODY, etag='"1"', tricks=["misplaced"]), target)
    assert target.read_bytes() == BODY and server.ranges == ["bytes=300000-", ""]


def test_a_part_without_a_place_is_taken_only_where_a_digest_checks_it(server: Server, target: Path) -> None:
    address = server.put("a.zip", BODY, etag='"1"', tricks=["cut:300000", "bare"])
    get(address, target)
    assert target.read_bytes() == BODY and server.ranges == ["", "bytes=300000-", ""]


@pytest.mark.parametrize("digest", [None, DIGEST])
def test_a_part_that_is_whole_already(server: Server, target: Path, digest: Digest | None) -> None:
    address = server.put("a.zip", BODY, etag='"1"')
    _, said = get(address, target, digest)
    download.put_back(Wanted(address, target, "The archive"), said)
    assert not target.exists()
    server.requests.clear()
    get(address, target, digest)
    assert target.read_bytes() == BODY
    assert server.ranges == ([] if digest else [f"bytes={len(BODY)}-"])


def test_a_longer_length_than_there_is_ends_in_a_sentence(server: Server, target: Path) -> None:
    address = server.put("a.zip", BODY, etag='"1"', tricks=["lie:500"] * 9)
    with pytest.raises(DownloadError, match="could not be downloaded") as caught:
        get(address, target)
    assert address in caught.value.sentence and not target.exists()
    assert len(server.requests) <= 5


def test_a_shorter_length_than_there_is_is_found_by_the_digest(server: Server, target: Path) -> None:
    address = server.put("a.zip", BODY, tricks=["lie:-1000"] * 9)
    with pytest.raises(DamagedError, match="hash is wrong"):
        get(address, target, DIGEST)
    assert names(target) == []


def test_a_wrong_digest_removes_the_file(server: Server, target: Path) -> None:
    with pytest.raises(DamagedError, match="hash is wrong"):
        get(server.put("a.zip", OTHER), target, DIGEST)
    assert names(target) == [] and len(server.requests) == 1


def test_a_silent_server_is_given_up(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "SILENT_SECONDS", 0.2)
    with pytest.raises(DownloadError, match="does not answer"):
        get(server.put("a.zip", BODY, tricks=["silent"] * 9), target)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "tries", "words"),
    [(404, 1, "no such file"), (410, 1, "no such file"), (403, 1, "in the browser"), (500, 3, "500"), (503, 3, "503")],
)
def test_refusals(server: Server, target: Path, status: int, tries: int, words: str) -> None:
    address = server.put("a.zip", BODY, tricks=[f"status:{status}"] * 9)
    with pytest.raises(DownloadError, match=words):
        get(address, target)
    assert len(server.requests) == tries and not target.exists()


def test_a_server_that_is_busy_for_a_while(server: Server, target: Path) -> None:
    get(server.put("a.zip", BODY, tricks=["status:503", "status:429"]), target)
    assert target.read_bytes() == BODY


def test_a_range_that_is_refused_without_reason_begins_anew(server: Server, target: Path) -> None:
    server.put("a.zip", BODY, etag='"1"')
    start_and_cancel(server, "a.zip", target)
    server.files["/a.zip"].tricks = ["status:416"]
    get(f"{server.address}/a.zip", target)
    assert target.read_bytes() == BODY and server.ranges[-1] == ""


def test_redirections_are_followed(server: Server, target: Path) -> None:
    server.put("b.zip", BODY)
    get(server.put("a.zip", b"", tricks=["redirect:/b.zip"]), target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("place", ["file:///etc/hostname", "ftp://127.0.0.1/x", "data:,x", "/a.zip"])
def test_redirections_that_are_refused(server: Server, target: Path, place: str) -> None:
    address = server.put("a.zip", b"", tricks=[f"redirect:{place}"] * 40)
    with pytest.raises(DownloadError, match="sends on"):
        get(address, target)
    assert not target.exists() and len(server.requests) < 20


def test_no_way_from_https_to_http() -> None:
    import http.client
    import io
    import urllib.error
    import urllib.request

    request = urllib.request.Request("https://example.org/a.zip")
    with pytest.raises(urllib.error.HTTPError, match="sends on to http://") as caught:
        line._Redirections().redirect_request(
            request, io.BytesIO(), 302, "Found", http.client.HTTPMessage(), "http://example.org/a.zip"
        )
    caught.value.close()


@pytest.mark.parametrize("trick", [f"lie:{10**17}", "endless"])
def test_a_file_that_is_too_large(server: Server, target: Path, trick: str) -> None:
    with pytest.raises(InputError, match="larger than"):
        get(server.put("a.zip", BODY, tricks=[trick]), target, None, most_bytes=3_000_000)
    assert not target.exists()


def test_a_disk_without_room_is_told_before(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(UserError, match="no room on the disk"):
        get(server.put("a.zip", BODY), target)
    assert not target.exists() and len(server.requests) == 1


def test_a_disk_that_fills_up_is_no_fault_of_the_connection(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UserError, match="no room on the disk"):
        download._write(Full(), b"x", Wanted("http://x", target, "The archive"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    ["", "file:///etc/passwd", "ftp://a/b.zip", "https://", "http://[::1", "http://a:b/c", "http://exa mple.org/",
     "javascript:alert(1)", "http://" + "a" * 300 + ".org/x\n"],
)  # fmt: skip
def test_what_is_no_web_address(target: Path, address: str) -> None:
    with pytest.raises((InputError, DownloadError)):
        get(address, target)
    assert not target.exists()


def test_addresses_are_tidied() -> None:
    assert line.tidy(" https://müller.example/Äpfel und Birnen.zip?a=ü#top ") == (
        "https://xn--mller-kva.example/%C3%84pfel%20und%20Birnen.zip?a=%C3%BC"
    )
    assert line.tidy("http://127.0.0.1:80/a%20b.zip") == "http://127.0.0.1:80/a%20b.zip"


def test_old_parts_are_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "old.part", tmp_path / "new.part"
    for file in (old, new):
        file.write_bytes(b"x")
    os.utime(old, (0, 0))
    download.forget_old(tmp_path)
    assert not old.exists() and new.exists()


@pytest.mark.parametrize("text", ["sha256", "sha256:12", "md5:" + "g" * 32, "sha1:" + "0" * 40, "0" * 64])
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InputError, match="no digest"):
        Digest.parse(text)


def test_digests_are_read_in_any_case() -> None:
    assert str(Digest.parse(" MD5:" + "AB" * 16)) == "md5:" + "ab" * 16
