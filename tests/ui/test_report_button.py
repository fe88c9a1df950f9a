"""The button that writes the report of a run."""

from __future__ import annotations

import threading

import pytest
from runs_made import pictures, write_run

from deskclassify.core.data_requests import RunReportRequest
from deskclassify.core.requests import ListRequest
from deskclassify.engine.client import run_in_process
from deskclassify.ui import dialogs
from deskclassify.ui.pages.evaluate import report_button
from deskclassify.ui.pages.evaluate.report_button import ReportButton


@pytest.fixture
def gate():
    made = threading.Event()
    made.set()
    yield made
    made.set()


@pytest.fixture
def session(session_on, gate):
    def stream(request, control):
        if isinstance(request, RunReportRequest | ListRequest):
            while not gate.wait(0.01) and not control.stopped:
                pass
            yield from run_in_process(request, control)

    made = session_on(stream)
    made.new_project("Insects")
    return made


@pytest.fixture
def run(session, tmp_path):
    return write_run(session.project.folder / "runs", "run-001", "abwaba", pictures(tmp_path / "p"))


@pytest.fixture
def button(session, qtbot):
    made = ReportButton(session)
    qtbot.addWidget(made)
    return made


def test_it_writes_and_opens(button, session, run, tmp_path, qtbot, monkeypatch):
    assert button.isHidden()
    session.show_run(run)
    assert not button.isHidden() and button.text() == "Report…"
    target, opened = tmp_path / "a.html", []
    monkeypatch.setattr(dialogs, "ask_target", lambda *_: target)
    monkeypatch.setattr(report_button.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or True)
    button.click()
    qtbot.waitUntil(lambda: button.text() == "Open report", timeout=10_000)
    assert "validation pictures are right" in target.read_text(encoding="utf-8")
    button.click()
    assert opened == [str(target)] and button.text() == "Report…"


def test_it_can_be_stopped(button, session, run, tmp_path, qtbot, gate):
    session.show_run(run)
    gate.clear()
    button.write(tmp_path / "a.html")
    assert button.text() == "Stop"
    button.click()
    assert button.text() == "Report…"
    qtbot.waitUntil(lambda: not any(isinstance(job.request, RunReportRequest) for job in session.owner.jobs))
    assert not (tmp_path / "a.html").exists()


def test_another_run_is_another_report(button, session, run, tmp_path, qtbot):
    session.show_run(run)
    button.write(tmp_path / "a.html")
    qtbot.waitUntil(lambda: button.text() == "Open report", timeout=10_000)
    session.show_run(None)
    assert button.isHidden() and button.text() == "Report…"
