"""`predict` as its own process: killed and gone on with, from lists, sorted into folders, on Ray."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from color_model import CLASSES, write_model, write_picture, write_pictures

from deskclassify.__main__ import main

LIMIT_SECONDS = 120


def call(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "deskclassify", "predict", *map(str, arguments)]


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as source:
        return list(csv.DictReader(source))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_model(tmp_path / "colours.onnx")


def kill_after(command: list[str], part: Path, size: int) -> int | None:
    """Kill a process once a file is larger than so many bytes; None where it came to its end first."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + LIMIT_SECONDS
        while process.poll() is None and time.monotonic() < until:
            if part.exists() and part.stat().st_size > size:
                process.kill()
                process.wait(LIMIT_SECONDS)
                return part.stat().st_size
            time.sleep(0.0005)
        process.kill()
        assert process.wait(LIMIT_SECONDS) == 0
        return None


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_at_any_point_every_file_is_there_once(tmp_path: Path, model: Path) -> None:
    made = write_pictures(tmp_path / "p", 3000)
    made.append(write_picture(tmp_path / "p" / 'odd "name"\n, é.png', 1))
    bad = tmp_path / "p" / "bad.png"
    bad.write_bytes(b"no picture")
    table, copies = tmp_path / "t.csv", tmp_path / "copies"
    command = call(model, tmp_path / "p", "--csv", table, "--sort-into", copies, "--resume", "--json")
    dice, size, kills = random.Random(), 0, 0
    for _ in range(4):
        size = kill_after(command, tmp_path / "t.csv.part", size + dice.randint(1, 50_000))
        if size is None:
            break
        kills += 1
        assert not table.exists()
    if size is not None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS)
        assert done.returncode == 0, done.stderr
        assert "Goes on after" in done.stderr
    assert kills >= 1
    rows = rows_of(table)
    assert Counter(row["path"] for row in rows) == Counter(map(str, [*made, bad]))
    said = {row["path"]: row["label"] for row in rows}
    assert all(said[str(path)] == CLASSES[at % 3] for at, path in enumerate(made[:3000]))
    assert [row["path"] for row in rows if row["error"]] == [str(bad)]
    assert not list(tmp_path.glob("t.csv.*"))
    assert len([one for one in copies.rglob("*.png") if " (" not in one.name]) == len(made), "each copied once"


def test_a_list_from_standard_input(tmp_path: Path, model: Path) -> None:
    made = write_pictures(tmp_path / "p", 3)
    odd = os.fsencode(tmp_path) + b"/\xff.png"
    if sys.platform == "linux":
        Path(os.fsdecode(odd)).write_bytes(made[2].read_bytes())
    listed = b"\0".join([os.fsencode(made[1]), odd, os.fsencode(made[1]), b"/gone.png"])
    command = call(model, "--files-from", "-", "--null", "--json", "--csv", tmp_path / "t.csv")
    done = subprocess.run(command, input=listed, capture_output=True, timeout=LIMIT_SECONDS)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [os.fsencode(row["path"]) for row in rows] == [os.fsencode(made[1]), odd, b"/gone.png"]
    assert rows[0]["label"] == "green" and "not there" in rows[2]["error"]
    assert [os.fsencode(row["path"]) for row in rows_of(tmp_path / "t.csv")] == [os.fsencode(r["path"]) for r in rows]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--resume"], "--csv"),
        (["--null"], "--files-from"),
        (["--ray-address", "auto"], "--engine ray"),
        (["--engine", "spark"], "--engine"),
        (["--files-from", "/gone.txt"], "/gone.txt"),
    ],
)
def test_calls_that_make_no_sense(tmp_path: Path, model: Path, more: list[str], said: str, capsys) -> None:
    write_picture(tmp_path / "a.png", 0)
    assert main(["predict", str(model), str(tmp_path / "a.png"), *more]) == 2
    assert said in capsys.readouterr().err


def test_without_ray_a_sentence_says_how_to_get_it(tmp_path: Path, model: Path, monkeypatch, capsys) -> None:
    write_pictures(tmp_path / "p", 3)
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["predict", str(model), str(tmp_path / "p"), "--engine", "ray", "--csv", str(tmp_path / "t.csv")]) == 2
    assert "pip install" in capsys.readouterr().err
    assert not list(tmp_path.glob("t.csv*"))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra “ray” is not installed")
def test_ray_gives_what_one_process_gives(tmp_path: Path, model: Path) -> None:
    """Also where it goes on with a table that was cut off; and with names that Arrow could not hold as text."""
    write_pictures(tmp_path / "p", 400)
    (tmp_path / "p" / "bad.png").write_bytes(b"no picture")
    if sys.platform == "linux":
        write_picture(Path(os.fsdecode(os.fsencode(tmp_path / "p") + b"/\xff.png")), 2)
    alone, ray = tmp_path / "alone.csv", tmp_path / "ray.csv"
    assert main(["predict", str(model), str(tmp_path / "p"), "--csv", str(alone)]) == 0
    command = call(model, "p", "--csv", ray, "--engine", "ray", "--resume")
    (tmp_path / "ray.csv.part").write_bytes(alone.read_bytes()[:2000].replace(os.fsencode(tmp_path) + b"/", b""))
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    assert b"(Ray, " in done.stderr
    assert ray.read_bytes() == alone.read_bytes().replace(os.fsencode(tmp_path) + b"/", b"")
