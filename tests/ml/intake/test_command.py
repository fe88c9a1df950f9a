"""The command `fetch`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from intake_kit import CLASSES, Server, tar_bytes, zip_bytes

from deskclassify.__main__ import main
from deskclassify.cli import fetching
from deskclassify.core import public_sets
from deskclassify.core.data_requests import FetchRequest, PublicSetRequest, SoundsRequest, TableRequest


def test_an_archive(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "insects.zip"
    file.write_bytes(zip_bytes({**CLASSES, "set/x.bin": b"x"}))
    assert main(["fetch", str(file)]) == 0
    out = capsys.readouterr().out
    assert f"6 pictures in {home / 'pictures' / 'insects' / 'set'}, 1 other file left out." in out
    assert "Next: deskclassify train" in out


def test_an_address_as_json(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", server.put("a.tgz", tar_bytes(CLASSES)), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["event"] for line in lines} <= {"progress", "message", "finished"}
    assert lines[-1]["images"] == 6 and Path(lines[-1]["folder"]).is_dir()


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(one.name in out for one in public_sets.SETS) and "BY-SA" in out and "792 MB" in out
    assert main(["fetch", "--list", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == [one.name for one in public_sets.SETS]
    assert all(line["licence"] and line["bytes"] and line["address"] for line in lines)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["fetch"], "--list shows public sets"),
        (["fetch", "no.zip"], "There is no archive"),
        (["fetch", "no.zip", "--digest", "abc"], "is no digest"),
        (["fetch", "no.zip", "--sha256", "00"], "is no digest"),
        (["fetch", "no.zip", "--sha256", "00", "--digest", "abc"], "not both"),
        (["fetch", "pets", "--sha256", "00"], "for archives only"),
        (["fetch", "pets", "--label", "x"], "for a CSV table only"),
        (["fetch", "no.csv"], "There is no table"),
        (["fetch", "ftp://a/b.zip"], "https://"),
    ],
)
def test_wrong_calls(call: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(call) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


def test_a_download_that_fails(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", f"{server.address}/no.zip"]) == 1
    assert "404" in capsys.readouterr().err


def test_what_a_source_is(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a")
    assert fetching.request(str(tmp_path), "", "", "") == SoundsRequest(str(tmp_path))
    assert fetching.request(str(tmp_path / "t.csv"), "", "", "x") == TableRequest(str(tmp_path / "t.csv"), "x")
    assert fetching.request("pets", "", "", "") == PublicSetRequest("pets")
    assert fetching.request("https://a/t.csv", "", "", "") == FetchRequest("https://a/t.csv")
    assert fetching.request("a.zip", "", "ab", "") == FetchRequest("a.zip", "sha256:ab")
