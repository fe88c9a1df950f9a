"""Saving the view, and writing a report: what is asked for, told, stopped and opened."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from layers_double import LAYERS, Engine
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QLabel

from deskclassify.core.errors import UserError
from deskclassify.core.events import Progress
from deskclassify.core.layer_events import ReportWritten
from deskclassify.core.layer_requests import ReportRequest
from deskclassify.ui.pages.layers.looking import Looking
from deskclassify.ui.pages.layers.take_along import TakeAlongButton
from deskclassify.ui.session import Session


@pytest.fixture
def gate(engine: Engine):
    """Holds the report at its half."""
    made = threading.Event()

    def report(request: ReportRequest):
        yield Progress("report", 1, 4)
        made.wait(5)
        yield ReportWritten(request.target, 2_100_000, 5)

    engine.answers[ReportRequest] = report
    yield made
    made.set()


@pytest.fixture
def view(qtbot):
    made = QLabel("A view")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def looking(session: Session, picture: Path, qtbot):
    made = Looking(session)
    made.set_image(str(picture))
    with qtbot.waitSignal(made.listed_changed):
        made.open("run")
    return made


@pytest.fixture
def take(looking: Looking, view: QLabel, qtbot):
    made = TakeAlongButton(looking, lambda: view)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def told(session: Session):
    lines: list[str] = []
    session.status.connect(lines.append)
    return lines


@pytest.fixture
def failures(session: Session):
    found: list[str] = []
    session.failed.connect(lambda failure: found.append(failure.sentence))
    return found


@pytest.fixture
def answer(monkeypatch):
    """`answer(path, kind)` answers the next questions for a file; returns what was suggested."""

    def give(path: Path | str, kind: str = "") -> list[str]:
        starts: list[str] = []

        def ask(parent, title, start, kinds):
            starts.append(Path(start).name)
            return str(path), kind

        monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
        return starts

    return give


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("a", "PNG picture (*.png)", "a.png"),
        ("a", "SVG drawing (*.svg)", "a.svg"),
        ("a.svg", "PNG picture (*.png)", "a.svg"),
        ("a.b", "", "a.b.png"),
    ],
)
def test_the_view_is_saved_as_what_was_chosen(take, looking, answer, told, failures, tmp_path, given, kind, name):
    looking.set_layer(LAYERS[0])
    starts = answer(tmp_path / given, kind)
    take.view_action.trigger()
    assert failures == []
    assert starts == [f"Vögel-{LAYERS[0].name}.png"]
    assert (tmp_path / name).stat().st_size > 100
    assert told == [f"{name} was saved"]
    assert take.follow_button.text() == "Open picture"
    looking.stop()


def test_thinking_better_of_it_does_nothing(take, answer, engine, tmp_path):
    answer("")
    take.view_action.trigger()
    take.report_action.trigger()
    assert engine.of(ReportRequest) == []
    assert take.follow_button.isHidden()


def test_the_users_picture_is_not_written_over(take, answer, failures, picture):
    before = picture.read_bytes()
    answer(picture)
    take.view_action.trigger()
    assert "your picture itself" in failures[0]
    assert picture.read_bytes() == before


def test_a_report_is_asked_for_told_of_and_opened(
    take, answer, engine, gate, told, tmp_path, picture, monkeypatch, qtbot
):
    starts = answer(tmp_path / "walk", "Web pages (*.html)")
    take.report_action.trigger()
    qtbot.waitUntil(lambda: take.follow_button.text() == "Report: 25 %")
    assert starts == ["Vögel-walk.html"]
    assert engine.of(ReportRequest) == [ReportRequest("run", str(picture), str(tmp_path / "walk.html"))]
    assert told[-1] == "Writing the report … 25 %"
    take.button.menu().aboutToShow.emit()
    assert not take.report_action.isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: not take.is_busy)
    assert told[-1] == "walk.html was written (2.1 MB)"
    assert take.follow_button.text() == "Open report"
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    take.follow_button.click()
    assert opened == [(tmp_path / "walk.html").as_posix()]


def test_a_report_can_be_stopped(take, answer, engine, gate, told, tmp_path, qtbot):
    answer(tmp_path / "walk.html")
    take.report_action.trigger()
    qtbot.waitUntil(lambda: len(engine.of(ReportRequest)) == 1)
    take.follow_button.click()
    assert not take.is_busy
    assert engine.controls[-1].stopped
    assert take.follow_button.isHidden()
    assert told[-1] == "The report was stopped; nothing was written."
    gate.set()
    take.button.menu().aboutToShow.emit()
    assert take.report_action.isEnabled()


def test_saving_the_view_leaves_the_report_alone(take, answer, gate, tmp_path, qtbot):
    answer(tmp_path / "walk.html")
    take.report_action.trigger()
    qtbot.waitUntil(lambda: take.follow_button.text() == "Report: 25 %")
    answer(tmp_path / "view.png")
    take.view_action.trigger()
    assert (tmp_path / "view.png").is_file()
    assert take.follow_button.text() == "Report: 25 %"


def test_a_failed_report_is_told(take, answer, engine, failures, tmp_path, qtbot):
    engine.errors[ReportRequest] = UserError("The disk is full.")
    answer(tmp_path / "walk.html")
    take.report_action.trigger()
    qtbot.waitUntil(lambda: failures == ["The disk is full."])
    assert take.follow_button.isHidden() and not take.is_busy


def test_no_program_for_it(take, answer, failures, monkeypatch, tmp_path):
    answer(tmp_path / "a.png")
    take.view_action.trigger()
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    take.follow_button.click()
    assert "No program opens “a.png”" in failures[0]


def test_without_a_picture_there_is_no_report(take, looking, answer, engine, tmp_path):
    looking.set_image("")
    take.button.menu().aboutToShow.emit()
    assert not take.report_action.isEnabled()
    assert take.report_action.toolTip() == "Choose a picture first"
    answer(tmp_path / "walk.html")
    take.report_action.setEnabled(True)
    take.report_action.trigger()
    assert engine.of(ReportRequest) == []
