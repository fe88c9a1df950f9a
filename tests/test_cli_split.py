"""The command line's words for the split and the report of a run."""

from __future__ import annotations

import json

import pytest

from deskclassify.cli import main


@pytest.fixture
def bursts(tmp_path, make_pictures):
    for label in ("ant", "bee"):
        make_pictures(tmp_path / "pets" / label, {f"burst{number}": 4 for number in range(8)})
    return str(tmp_path / "pets")


def scanned(capsys, *words):
    assert main(["scan", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])["subsets"]


def test_a_share_is_kept_for_a_test(bursts, capsys):
    assert scanned(capsys, bursts) == {"train": 52, "valid": 12}
    assert scanned(capsys, bursts, "--test-pct", "0.25") == {"train": 36, "valid": 12, "test": 16}


def test_bursts_stay_on_one_side(bursts, capsys):
    assert scanned(capsys, bursts, "--group-by", "folder") == {"train": 56, "valid": 8}
    assert scanned(capsys, bursts, "--group-by", r"regex:^(burst\d+)_") == {"train": 56, "valid": 8}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--test-pct", "1"], "--test-pct must be 0 or more"),
        (["--test-pct", "0.6", "--valid-pct", "0.4"], "nothing is left to train on"),
        (["--group-by", "month"], "is no way to group pictures"),
        (["--group-by", "regex:abc"], "has no group"),
        (["--group-by", "regex:("], "not a valid regular expression"),
    ],
)
def test_what_is_wrong_gets_a_sentence(bursts, capsys, words, said):
    assert main(["scan", bursts, *words]) == 2
    told = capsys.readouterr()
    assert said in told.err and "Traceback" not in told.err


def test_one_kind_of_pictures_is_measured(bursts, capsys):
    assert main(["evaluate", bursts, bursts, "--validation-only", "--test-only"]) == 2
    assert "Give one of them" in capsys.readouterr().err


def test_a_report_needs_a_run_and_a_page(bursts, tmp_path, capsys):
    assert main(["report", bursts, str(tmp_path / "a.html")]) == 2
    assert "no run folder" in capsys.readouterr().err
    assert main(["report", bursts, str(tmp_path / "a.pdf")]) == 2
    assert "does not end in .html" in capsys.readouterr().err
