"""`install-engine`, and commands that the bundle hands over to the training engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine_made import make_engine

from deskclassify.__main__ import COMMANDS, main
from deskclassify.cli import engine_cli
from deskclassify.core import engine_choice, engine_files, engine_install, paths, training_engine
from deskclassify.core.events import Progress
from deskclassify.core.use_events import EngineState


@pytest.fixture
def bundle(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(engine_choice, "DRIVER_FILE", tmp_path / "no driver")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


def test_a_checkout_needs_none(capsys):
    assert main(["install-engine"]) == 0
    assert "Nothing more is needed" in capsys.readouterr().out
    assert main(["install-engine", "--show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "bundled"
    assert engine_cli.hand_over(["train", "x"]) is None


@pytest.mark.usefixtures("bundle")
def test_a_bundle_says_what_it_takes(capsys):
    assert main(["install-engine", "--show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["state"], told["kind"]) == ("finished", "missing", "cpu")
    assert told["bytes_needed"] > 1e9 > told["bytes_download"] > 3e8
    assert main(["install-engine", "--show"]) == 0
    shown = capsys.readouterr().out
    assert "364 MB are to be downloaded" in shown and "No NVIDIA graphics card" in shown


@pytest.mark.usefixtures("bundle")
def test_the_packages_are_listed_as_pip_reads_them(capsys):
    assert main(["install-engine", "--list", "--cpu"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 50 and all("==" in line and "--hash=sha256:" in line for line in lines)


@pytest.mark.usefixtures("bundle")
def test_options_that_contradict_each_other(capsys):
    for words in (["--cpu", "--cuda"], ["--remove", "--show"], ["--repair", "--list"]):
        assert main(["install-engine", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main(["install-engine", "--wheels", "/no/such/folder"]) == 2


def test_an_installation_is_shown_and_one_that_was_not_finished_fails(monkeypatch, capsys):
    asked = []

    def install(request, should_stop):
        asked.append(request)
        yield Progress(engine_install.DOWNLOAD, 1_000_000, 2_000_000)
        yield Progress(engine_install.CHECK, 0, 1)
        yield EngineState(state="unfinished" if request.repair else "installed", text="So it is.")

    monkeypatch.setattr(training_engine, "install", install)
    assert main(["install-engine", "--cuda", "--wheels", "w", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["progress", "progress", "finished"]
    assert asked[0].kind == "cuda" and asked[0].wheels == str(Path("w").absolute())
    assert main(["install-engine", "--repair"]) == 1
    assert "So it is." in capsys.readouterr().err


@pytest.mark.usefixtures("bundle")
def test_without_an_engine_commands_that_train_say_so(capsys, tmp_path):
    for command in sorted(engine_cli.NEED_TORCH - {"demo"}):
        assert main([command, "x", "y"]) == 2
        assert "install-engine" in capsys.readouterr().err
    assert main(["train", "x", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["event"] == "failed"
    assert main(["train", "--help"]) == 0 and "--preset" in capsys.readouterr().out
    for words in (["scan", "x"], ["predict", "m.onnx", "x"], ["evaluate", "m.onnx", "x"], ["doctor"], ["--version"]):
        assert engine_cli.hand_over(words) is None
    assert engine_cli.hand_over(["demo", "--headless"]) == 2
    assert engine_cli.NEED_TORCH <= COMMANDS


@pytest.mark.usefixtures("bundle")
def test_with_cuda_the_engine_predicts(monkeypatch):
    ran = []
    monkeypatch.setattr(engine_cli, "_run", lambda words: ran.append(words[0]) or 7)
    for kind, wanted in (("cpu", ["train", "doctor"]), ("cuda", ["train", "doctor", "predict"])):
        ran.clear()
        monkeypatch.setattr(
            engine_files, "state", lambda kind=kind: ("installed", engine_files.Record("1", kind, "", ""))
        )
        for command in ("train", "doctor", "predict", "scan", "install-engine", "compare"):
            assert engine_cli.hand_over([command, "x"]) in (None, 7)
        assert ran == wanted


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_the_engine_runs_the_command_and_its_exit_code_comes_back(tmp_path):
    make_engine()
    words = ["lr-find", str(tmp_path / "nowhere"), "--json"]
    code = f"import sys; sys.frozen = True; from deskclassify.__main__ import main; sys.exit(main({words!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["event"] == "failed" and "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("bundle")
def test_it_is_removed(capsys):
    paths.engine_dir().mkdir(parents=True)
    assert main(["install-engine", "--remove"]) == 0
    assert "was removed" in capsys.readouterr().out and not paths.engine_dir().exists()
