"""Desktop entry, AppStream component, file types and man page agree with the definitions and with each other."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from deskclassify import __version__
from deskclassify.__main__ import COMMANDS
from deskclassify.core import project

MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


def entry(command: str = "deskclassify") -> configparser.SectionProxy:
    from installers import definitions, desktop

    parsed = configparser.RawConfigParser()
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string(desktop.entry(definitions.load(), command))
    return parsed["Desktop Entry"]


def test_the_version_is_the_programs() -> None:
    from installers import definitions

    assert definitions.load().version == __version__


def test_the_menu_entry_starts_the_program_on_the_files_given() -> None:
    assert entry()["Exec"] == "deskclassify %F"
    assert entry('"/home/me/a b"')["Exec"] == '"/home/me/a b" %F'


def test_the_entry_has_the_name_that_the_window_tells_the_desktop(qapp: object) -> None:
    from installers import definitions, desktop

    known = definitions.load()
    source = (Path(__file__).parents[2] / "deskclassify" / "ui" / "app.py").read_text(encoding="utf-8")
    assert f'setDesktopFileName("{known.name}")' in source
    assert f'<launchable type="desktop-id">{known.name}.desktop' in desktop.metainfo(known)


def test_entry_component_and_database_name_the_same_file_types() -> None:
    from installers import definitions, desktop

    known = definitions.load()
    listed = entry()["MimeType"].strip(";").split(";")
    component = ET.fromstring(desktop.metainfo(known))
    database = ET.fromstring(desktop.mime(known))
    assert [node.text for node in component.iterfind("provides/mediatype")] == listed
    assert [node.get("type") for node in database.iter(f"{MIME}mime-type")] == listed
    patterns = {node.get("pattern") for node in database.iter(f"{MIME}glob")}
    assert patterns == {f"*{project.SUFFIX}", "*.onnx"}


def test_the_component_lists_the_changes_of_this_version() -> None:
    from installers import definitions, desktop

    release = ET.fromstring(desktop.metainfo(definitions.load())).find("releases/release")
    assert release is not None and release.get("version") == __version__
    items = [node.text or "" for node in release.iter("li")]
    assert len(items) > 5 and all("\n" not in item and item for item in items)


@pytest.mark.parametrize("tool", ["desktop-file-validate", "appstreamcli", "mandoc"])
def test_the_checkers_of_the_desktop_have_nothing_to_say(tool: str, tmp_path: Path) -> None:
    from installers import definitions, desktop, manual

    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    known = definitions.load()
    file = tmp_path / {"appstreamcli": f"{known.id}.metainfo.xml", "mandoc": "deskclassify.1"}.get(
        tool, "deskclassify.desktop"
    )
    texts = {"appstreamcli": desktop.metainfo, "mandoc": lambda one: manual.write(one, manual.commands())}
    file.write_text(texts.get(tool, lambda one: desktop.entry(one, one.name))(known), encoding="utf-8")
    words = {"appstreamcli": ["validate", "--no-net"], "mandoc": ["-T", "lint", "-W", "warning"]}.get(tool, [])
    said = subprocess.run([tool, *words, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_manual_describes_each_command_and_option() -> None:
    from installers import definitions, manual

    page = manual.write(definitions.load(), manual.commands())
    assert set(re.findall(r"^\.SS \\fB([\w-]+)\\fR", page, re.MULTILINE)) == set(COMMANDS)
    assert "\\fB\\-\\-label\\-from\\fR" in page
    assert not [line for line in page.splitlines() if line.startswith("'")]


def test_text_that_looks_like_a_macro_is_text() -> None:
    from installers import manual

    assert manual._plain(".SH evil") == "\\&.SH evil"
    assert manual._plain("a\\b – “c-d”\n\n e") == "a\\eb – \\(lqc\\-d\\(rq e"


def test_the_installer_for_windows_knows_the_same_names_and_file_types(tmp_path: Path) -> None:
    from installers import definitions, windows

    script = windows.script(definitions.load(), tmp_path)
    assert f'VIProductVersion "{__version__}.0"' in script
    assert f'"Software\\Classes\\{project.SUFFIX}\\OpenWithProgids"' in script and "\\.onnx\\" in script
    assert "$name" not in script and "$$" not in script
