"""What goes into the bundle: plugins that are wanted, libraries that something needs, none of the desktop's own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIB = "PySide6/Qt/lib/"


@pytest.fixture
def linked(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Which file needs which library."""
    from installers import bundle

    table: dict[str, list[str]] = {}
    monkeypatch.setattr(bundle, "needed", lambda file: table.get(Path(file).name, []))
    return table


def test_plugins_that_nobody_wants_take_their_libraries_with_them(linked: dict[str, list[str]]) -> None:
    from installers import bundle, definitions

    linked |= {
        "libqxcb.so": ["libQt6XcbQpa.so.6"],
        "libqpdf.so": ["libQt6Pdf.so.6"],
        "libQt6XcbQpa.so.6": ["libQt6Gui.so.6"],
    }
    plugins = ["PySide6/Qt/plugins/platforms/libqxcb.so", "PySide6/Qt/plugins/imageformats/libqpdf.so"]
    libraries = [f"{LIB}libQt6{name}.so.6" for name in ("XcbQpa", "Gui", "Pdf")]
    binaries = [(name, f"/venv/{name}", "BINARY") for name in (*plugins, *libraries)]
    links = [(Path(name).name, name, "SYMLINK") for name in libraries]
    stay, data = bundle.kept(binaries, [*links, ("resources/a.svg", "/a.svg", "DATA")], definitions.load())
    assert {Path(one[0]).name for one in stay} == {"libqxcb.so", "libQt6XcbQpa.so.6", "libQt6Gui.so.6"}
    assert [one[0] for one in data] == ["libQt6XcbQpa.so.6", "libQt6Gui.so.6", "resources/a.svg"]


def test_libraries_of_the_desktop_stay_outside_and_those_of_python_travel(linked: dict[str, list[str]]) -> None:
    from installers import bundle, definitions

    names = ["libX11.so.6", "libGL.so.1", "libssl.so.3", "libsqlite3.so.0", "libzstd.so.1", "libz.so.1"]
    entries = [(name, f"/usr/lib/nowhere/{name}", "BINARY") for name in names]
    module = "python3.11/lib-dynload/_contextvars.cpython-311-x86_64-linux-gnu.so"
    entries.append((module, f"/usr/lib/{module}", "EXTENSION"))
    stay, _ = bundle.kept(entries, [], definitions.load())
    assert [one[0] for one in stay] == ["libssl.so.3", "libsqlite3.so.0", "libz.so.1", module]


def test_each_thing_in_the_list_has_one_version_and_a_digest() -> None:
    text = (REPOSITORY / "packaging" / "bundle" / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE)
    blocks = re.split(r"^(?=[A-Za-z0-9])", text.split("\n", 1)[1], flags=re.MULTILINE)[1:]
    assert len(pins) == len(blocks) > 25 and len({name.lower() for name, _ in pins}) == len(pins)
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", block) for block in blocks)
    assert not {"torch", "torchvision", "timm", "scipy", "scikit-learn"} & {name.lower() for name, _ in pins}


def test_the_window_in_the_bundle_is_the_one_that_was_tested() -> None:
    exact = dict(re.findall(r"^([\w.-]+)==(\S+)", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE))
    listed = (REPOSITORY / "packaging" / "bundle" / "requirements.txt").read_text(encoding="utf-8")
    pins = {
        name.lower().replace("_", "-"): version
        for name, version in re.findall(r"^([\w.-]+)==(\S+)", listed, re.MULTILINE)
    }
    for name in ("PySide6-Essentials", "pyqtgraph", "numpy", "Pillow", "onnx"):
        wanted = {key.lower().replace("_", "-"): value for key, value in exact.items()}[name.lower()]
        assert pins[name.lower()] == wanted, name


def test_no_file_of_the_package_is_missing_in_wheel_and_source_package() -> None:
    lines = (REPOSITORY / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    grafted = {line.split()[1] for line in lines if line.startswith("graft ")}
    named = {word for line in lines if line.startswith("include ") for word in line.split()[1:]}
    ignored = set("build dist shared .git .venv .make".split())
    present = {
        one.name
        for one in REPOSITORY.iterdir()
        if not one.name.endswith(("_cache", ".egg-info")) and one.name not in ignored
    }
    assert present - grafted - named <= {".hypothesis", "MANIFEST.in", ".import_linter_cache", "__pycache__"}


def test_the_bundle_tries_its_window_without_an_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    from deskclassify.cli import demo

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.delenv("QT_QPA_PLATFORM")
    monkeypatch.setattr(demo.subprocess, "run", lambda *words, **more: pytest.fail("a bundle knows no -c"))
    assert demo.why_no_window() == ""
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "no display" in demo.why_no_window()
