from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from deskclassify.cli.app import main
from deskclassify.core.sample import make_sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = make_sample(tmp_path_factory.mktemp("check") / "sample", per_class=5)
    shutil.copy(made / "cup" / "cup-001.jpg", made / "cup" / "again.jpg")
    return made


def test_table_and_json(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(folder), "--csv", str(tmp_path / "found.csv")]) == 0
    shown = capsys.readouterr().out
    assert "Looked at 26 pictures" in shown
    assert "The same picture several times (1)" in shown
    with (tmp_path / "found.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "duplicate"]
    assert {Path(row["path"]).name for row in rows} == {"again.jpg", "cup-001.jpg"}
    assert len({row["group"] for row in rows}) == 1

    assert main(["check", str(folder), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["event"] == "finished"
    assert lines[-1]["images"] == 26
    assert "duplicate" in {problem["kind"] for problem in lines[-1]["problems"]}


@pytest.mark.parametrize("arguments", [["nowhere"], ["{}", "--run", "nowhere"], ["{}", "--csv", "{}"]])
def test_wrong_calls_end_in_a_sentence(arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *(text.format(folder) for text in arguments)]) == 2
    assert "Traceback" not in capsys.readouterr().err
