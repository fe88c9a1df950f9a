"""The device badge: neutral where all is as wanted, amber with the reason where a graphics card is not used."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWhatsThis

from deskclassify.core.events import Examined, PredictDone
from deskclassify.ui import theme
from deskclassify.ui.status import StatusBar

WHY = "The graphics card is not used: its driver (470.82.01) is too old. Install a newer driver."


@pytest.fixture
def session(session_on):
    return session_on(lambda request, control: iter(()))


@pytest.fixture
def bar(qtbot, session):
    made = StatusBar(session)
    qtbot.addWidget(made)
    made.show()
    return made


def examined(session, warning=""):
    session.examined = Examined(
        "CPU, 8 cores", "The processor is used.", "CPUExecutionProvider", "", {}, warning=warning
    )
    session.examined_changed.emit()


def done(note=""):
    return PredictDone(3, 0, 0.1, "CPUExecutionProvider", provider_note=note)


def luminance(color):
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_it_is_neutral_where_all_is_as_wanted(bar, session):
    examined(session)
    assert bar.device.text() == "CPU, 8 cores" and bar.device.property("role") == "badge"
    assert "CPUExecutionProvider" in bar.device.toolTip()


def test_it_is_amber_and_says_why_where_the_card_is_not_used(bar, session):
    examined(session, WHY)
    assert bar.device.property("role") == "badgeWarn"
    assert "GPU not used" in bar.device.text()
    assert WHY in bar.device.toolTip() and WHY in bar.device.accessibleDescription()


def test_a_prediction_that_fell_back_turns_it_amber_and_one_that_did_not_turns_it_back(bar, session):
    examined(session)
    session.predict_done.emit(done(WHY))
    assert bar.device.property("role") == "badgeWarn" and WHY in bar.device.toolTip()
    session.predict_done.emit(done())
    assert bar.device.property("role") == "badge" and WHY not in bar.device.toolTip()


def test_a_click_tells_the_story(bar, session, qtbot, monkeypatch):
    examined(session, WHY)
    told = []
    monkeypatch.setattr(QWhatsThis, "showText", lambda place, text, widget: told.append(text))
    qtbot.mouseClick(bar.device, Qt.MouseButton.LeftButton)
    assert len(told) == 1 and WHY in told[0]


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_the_amber_badge_can_be_read(palette):
    from PySide6.QtGui import QColor

    text, ground = sorted((luminance(QColor(palette.window)), luminance(QColor(palette.warn))), reverse=True)
    assert (text + 0.05) / (ground + 0.05) >= 4.5
