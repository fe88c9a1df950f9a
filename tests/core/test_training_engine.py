"""The training engine: installed from tiny wheels by the real pip; stopped, gone on with, brought up to date."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace

import pytest
from wheels_made import listed, make_index, make_wheel

from deskclassify import __version__
from deskclassify.core import engine_choice, engine_files, engine_install, engine_pip, paths, training_engine
from deskclassify.core.control import Control, never
from deskclassify.core.engine_files import Package, PackageList
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Message, Progress
from deskclassify.core.use_events import EngineState
from deskclassify.core.use_requests import EngineStateRequest, InstallEngineRequest, RemoveEngineRequest

ANSWERS = """
import json
def main(argv):
    import torch
    print(json.dumps({"versions": {"torch": torch.VERSION}, "said": argv}))
"""


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A bundle whose engine is made of two tiny wheels; returns the folder that holds them."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "bundle"), raising=False)
    monkeypatch.setenv("DESKCLASSIFY_PYTHON", sys.executable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # no index but the test's own
    for name in [name for name in os.environ if name.startswith("PIP_") and name != "PIP_CONFIG_FILE"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(engine_choice, "DRIVER_FILE", tmp_path / "no driver")
    own = {"deskclassify/__init__.py": "", "deskclassify/__main__.py": ANSWERS}
    make_wheel(tmp_path / "bundle" / "engine", "deskclassify", __version__, own)
    wheels = tmp_path / "wheels"
    torch = make_wheel(wheels, "torch", "2.0+cpu", {"torch/__init__.py": "VERSION = '2.0+cpu'\n"})
    helper = make_wheel(wheels, "some-helper", "1.5", {"some_helper.py": "x = 1\n"})
    packages = (listed("torch", "2.0+cpu", torch), listed("some-helper", "1.5", helper))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    made = PackageList("cpu", packages, "", (version,), 10_000, 0, "list 1")
    monkeypatch.setattr(engine_files, "package_list", lambda kind: replace(made, kind=kind))
    return wheels


def install(control=never, **options):
    return list(training_engine.install(InstallEngineRequest(**options), control))


def state():
    (found,) = training_engine.examine(EngineStateRequest(), never)
    return found


def test_it_is_installed_from_a_folder_brought_up_to_date_and_removed(made, tmp_path):
    assert (state().state, state().kind) == ("missing", "cpu")
    assert "processor" in state().reason and state().bytes_needed > state().bytes_download > 0
    got = install(wheels=str(made))
    assert isinstance(got[-1], EngineState) and got[-1].state == "installed", got[-1]
    stages = [event.stage for event in got if isinstance(event, Progress)]
    assert stages.index(engine_install.UNPACK) < stages.index(engine_install.CHECK)
    site = engine_files.site_of(paths.engine_dir())
    assert (site / "some_helper.py").is_file() and (site / "torch").is_dir()
    assert not engine_files.new_dir().exists() and not list(engine_files.wheels_dir().glob("*.whl"))
    assert engine_files.record(paths.engine_dir()).version == __version__

    begun = (site / "torch" / "__init__.py").stat().st_ino
    assert install(wheels=str(made))[-1].state == "installed"  # nothing to do
    newer = {"deskclassify/__init__.py": "NEW = 1\n", "deskclassify/__main__.py": ANSWERS}
    make_wheel(tmp_path / "bundle" / "engine", "deskclassify", __version__, newer)
    assert state().state == "outdated" and "up to date" in state().text
    assert install()[-1].state == "installed"
    assert "NEW" in (site / "deskclassify" / "__init__.py").read_text()
    assert (site / "torch" / "__init__.py").stat().st_ino == begun  # only the own part was exchanged

    assert list(training_engine.remove(RemoveEngineRequest(), never))[-1].state == "missing"
    assert not paths.engine_dir().exists()


def test_what_was_altered_is_refused_and_what_is_there_is_not_fetched_again(made, tmp_path):
    altered = make_wheel(tmp_path / "other", "torch", "2.0+cpu", {"torch/__init__.py": "VERSION = 'evil'\n"})
    index = make_index(tmp_path / "simple", [altered, made / "some_helper-1.5-py3-none-any.whl"])
    with pytest.raises(UserError, match="not the one that was published"):
        install(index=index)
    assert not engine_files.new_dir().exists()
    assert state().state == "unfinished" and "goes on" in state().text
    assert [wheel.name for wheel in engine_files.wheels_dir().glob("*.whl")] == ["some_helper-1.5-py3-none-any.whl"]
    assert not paths.engine_dir().exists()

    make_index(tmp_path / "simple", [made / "torch-2.0+cpu-py3-none-any.whl"])
    (tmp_path / "simple" / "some-helper" / "index.html").unlink()  # whoever asks for it again fails
    got = install(index=index)
    assert got[-1].state == "installed" and len(list(engine_files.wheels_dir().glob("*.whl"))) == 2
    assert not engine_files.new_dir().exists() and state().bytes_download == 0


def test_it_is_stopped_at_any_moment(made):
    control, got = Control(), []
    for event in training_engine.install(InstallEngineRequest(wheels=str(made)), control):
        got.append(event)
        if isinstance(event, Message):
            control.stop()  # the environment is being made
    assert isinstance(got[-1], EngineState) and got[-1].state == "missing"
    assert not engine_files.new_dir().exists() and not paths.engine_dir().exists()


def test_damaged_downloads_are_thrown_away(made, monkeypatch):
    engine_files.wheels_dir().mkdir(parents=True)
    broken = engine_files.wheels_dir() / "some_helper-1.5-py3-none-any.whl"
    broken.write_bytes(b"half of it")
    monkeypatch.setattr(engine_pip, "free_bytes", lambda folder: 0)  # it ends before anything is downloaded
    with pytest.raises(InputError, match="room"):
        install()
    assert not broken.exists()


def test_a_folder_that_lacks_a_wheel_is_named(made):
    (made / "some_helper-1.5-py3-none-any.whl").unlink()
    with pytest.raises(InputError, match=r"lacks 1 wheel: some-helper 1\.5"):
        install(wheels=str(made))
    with pytest.raises(InputError, match="There is no folder"):
        install(wheels=str(made / "nowhere"))


def test_without_room_nothing_is_begun(made, monkeypatch):
    monkeypatch.setattr(engine_pip, "free_bytes", lambda folder: 5_000)
    with pytest.raises(InputError, match="not enough room"):
        install(wheels=str(made))
    assert not engine_files.new_dir().exists()


def test_a_full_disk_on_the_way_is_told(made, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(engine_choice, "interpreter", full)
    with pytest.raises(UserError, match="The disk is full"):
        install(wheels=str(made))


@pytest.mark.usefixtures("made")
def test_two_at_a_time_are_refused():
    with training_engine._only_one(), pytest.raises(InputError, match="already"):
        install()


def test_a_python_is_looked_for(monkeypatch, tmp_path):
    found = {"python3": ("3.9", True), "python3.12": ("3.12", False), "python3.11": ("3.11", True)}

    def examine(name):
        return engine_choice.Interpreter(f"/usr/bin/{name}", *found[name]) if name in found else None

    monkeypatch.setattr(engine_choice, "examine", examine)
    assert engine_choice.interpreter(("3.11", "3.12")).path == "/usr/bin/python3.11"
    with pytest.raises(InputError, match=r"sudo apt install python3\.12-venv"):
        engine_choice.interpreter(("3.12",))
    with pytest.raises(InputError, match="sudo apt install python3 python3-venv"):
        engine_choice.interpreter(("3.13",))


def test_a_python_is_asked_what_it_is(tmp_path):
    here = engine_choice.examine(sys.executable)
    assert here.version == f"{sys.version_info.major}.{sys.version_info.minor}" and here.has_pip
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    assert engine_choice.examine(str(broken)) is None
    assert engine_choice.examine("no-such-python") is None


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun", "cuda", "graphics card"),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.10  Release", "cuda", "graphics card"),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun", "cpu", "535.*too old.*580"),
        ("something else", "cuda", "graphics card"),
        (None, "cpu", "No NVIDIA"),
    ],
)
def test_cuda_is_chosen_by_what_is_there(monkeypatch, tmp_path, text, kind, said):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    file = tmp_path / "version"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(engine_choice, "DRIVER_FILE", file)
    got, reason = engine_choice.kind_for("auto")
    assert got == kind
    assert __import__("re").search(said, reason)
    assert engine_choice.kind_for("cpu")[0] == "cpu" and engine_choice.kind_for("cuda")[0] == "cuda"


@pytest.mark.parametrize(
    ("said", "offline", "sentence"),
    [
        ("NewConnectionError: Name or service not known\nERROR: No matching distribution found for torch==2", False,
         "cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0+cpu", True, r"torch==2\.13\.0\+cpu .* the folder"),
        ("ERROR: No matching distribution found for torch==2", False, "not in the package index"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", False, "digest differs"),
        ("OSError: [Errno 28] No space left on device", False, "disk is full"),
        ("The virtual environment was not created successfully because ensurepip is not available", False, "venv"),
        ("blah\nERROR: something odd\nblah", False, "something odd"),
        ("", False, "ended without a word"),
    ],
)  # fmt: skip
def test_failures_of_pip_in_plain_words(said, offline, sentence):
    with pytest.raises(UserError, match=sentence):
        raise engine_pip.failure(said, offline)


def test_the_lists_that_are_shipped(monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for kind, torch in (("cpu", "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl"), ("cuda", "torch-2.15.0-x")):
        packages = engine_files.package_list(kind)
        names = {package.name for package in packages.packages}
        assert {"torch", "torchvision", "timm", "onnx", "typer", "psutil", "scikit-learn", "scipy"} <= names
        assert not {"pyside6-essentials", "pyqtgraph", "deskclassify", "pytest"} & names
        assert len(names & {"onnxruntime", "onnxruntime-gpu"}) == 1  # they overwrite each other
        assert ("nvidia-cublas" in names) == (kind == "cuda")
        assert "3.11" in packages.pythons and packages.unpacked > packages.download_bytes > 3e8
        assert any(package.is_wheel(torch) for package in packages.packages)
    assert packages.driver >= 580
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(InputError, match="linux-riscv64"):
        engine_files.package_list("cpu")


def test_a_damaged_list_is_noticed():
    with pytest.raises(ValueError, match="not a package"):
        engine_files.parse("cpu", b"# pythons: 3.11\n# unpacked: 1 bytes\ntorch>=2\n")


def test_wheels_are_known_by_name_and_version():
    package = Package("torchvision", "0.28.0", frozenset(), 1)
    assert package.is_wheel("torchvision-0.28.0-cp311-cp311-linux_x86_64.whl")
    assert package.is_wheel("torchvision-0.28.0+cpu-cp311-cp311-linux_x86_64.whl")
    assert not package.is_wheel("torchvision-0.28.1-cp311-cp311-linux_x86_64.whl")
    assert not package.is_wheel("torch-0.28.0-cp311-cp311-linux_x86_64.whl")
    exact = Package("torch", "2.13.0+cpu", frozenset(), 1)
    assert not exact.is_wheel("torch-2.13.0-cp311-cp311-linux_x86_64.whl")


def test_a_change_that_was_cut_off_between_two_renames_is_finished(monkeypatch):
    new = engine_files.new_dir()
    new.mkdir(parents=True)
    engine_files.settle()
    assert new.exists()  # half made: it is no engine
    (new / "engine.json").write_text('{"version": "1", "kind": "cpu", "packages": "", "wheel": ""}')
    engine_files.settle()
    assert not new.exists() and engine_files.record(paths.engine_dir()).version == "1"


def test_in_words(made):
    assert "MB" in training_engine.in_words(state())
