"""The advice beneath a training's result, on the page and by itself."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QTabBar, QToolButton, QWidget
from test_train_page import LISTING, done, epoch

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.events import Finding, Suggestion
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec
from deskclassify.ui import theme
from deskclassify.ui.pages import train_words as words
from deskclassify.ui.pages.train import TrainPage
from deskclassify.ui.pages.train_advice import AdvicePanel

HIGH = Finding("learning_rate_high", "Learning rate too high", "It was 12 % off.", "Less.", "warning",
               Suggestion(learning_rate=3e-4))  # fmt: skip
FEW = Finding("few_validation", "Too little validation data", "On 4 pictures.", "Add some.")
GOOD = Finding("good", "Went well", "All is well.", "Look.", "good", Suggestion(preset="balanced"))
SAVED = Finding("more_epochs", "More epochs would help", "Still falling.", "Go on.", "info", Suggestion(epochs=40))


@pytest.fixture
def session(session_on, script):
    session = session_on(script)
    session.new_project("Insects")
    session.listing = LISTING
    return session


@pytest.fixture
def page(qtbot, session):
    page = TrainPage(session)
    qtbot.addWidget(page)
    return page


@pytest.fixture
def panel(qtbot):
    panel = AdvicePanel()
    qtbot.addWidget(panel)
    return panel


def find(page, kind, name):
    found = page.findChild(kind, name)
    assert found is not None, name
    return found


def test_nothing_to_say_takes_no_room(panel):
    assert panel.isHidden()
    panel.show_findings([HIGH])
    assert not panel.isHidden()
    panel.show_findings([])
    assert panel.isHidden()


def test_one_tab_a_finding_with_its_next_step(panel, qtbot):
    panel.show_findings([HIGH, FEW, GOOD])
    tabs, button = find(panel, QTabBar, "findingTabs"), find(panel, QPushButton, "adviceButton")
    assert [tabs.tabText(at) for at in range(tabs.count())] == [one.title for one in (HIGH, FEW, GOOD)]
    assert find(panel, QLabel, "findingLabel").text() == "It was 12\u00a0% off."
    assert find(panel, QLabel, "adviceLabel").text() == "Next: Less."
    assert button.text() == "Use learning rate 0.0003"
    with qtbot.waitSignal(panel.suggestion_taken) as taken:
        button.click()
    assert taken.args == [HIGH.suggestion] and not button.isEnabled()
    tabs.setCurrentIndex(1)
    assert button.isEnabled() and button.text() == "Go to Data"
    assert find(panel, QLabel, "findingLabel").text() == "On 4 pictures."
    with qtbot.waitSignal(panel.data_wanted):
        button.click()


def test_it_can_be_folded_and_a_tab_unfolds_it(panel):
    panel.show_findings([HIGH, FEW])
    fold, seen = find(panel, QToolButton, "adviceFoldButton"), find(panel, QLabel, "findingLabel")
    fold.click()
    assert not seen.isVisibleTo(panel) and not find(panel, QPushButton, "adviceButton").isVisibleTo(panel)
    find(panel, QTabBar, "findingTabs").tabBarClicked.emit(1)
    assert fold.isChecked() and seen.isVisibleTo(panel)


def test_names_of_classes_are_shown_as_they_are(panel):
    panel.show_findings([Finding("imbalance", "Unequal classes", "“<b>ants</b>” has 3.", "Add.", "info")])
    assert "<b>ants</b>" in find(panel, QLabel, "findingLabel").text()
    assert "&lt;b&gt;" in find(panel, QTabBar, "findingTabs").tabToolTip(0)


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK])
def test_icons_follow_the_theme(panel, monkeypatch, palette):
    monkeypatch.setattr(theme, "current", lambda: palette)
    panel.show_findings([HIGH])
    theme.notifier().changed.emit()
    image = find(panel, QTabBar, "findingTabs").tabIcon(0).pixmap(32).toImage()
    colors = {
        image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
    }
    assert palette.warn in colors


def test_advice_after_a_training_and_what_its_button_sets(page, session, script, qtbot):
    session.listing_changed.emit()
    script.events = [epoch(1, 0.5), epoch(2, 0.75), done(findings=(HIGH, GOOD))]
    panel = find(page, QWidget, "advicePanel")
    assert panel.isHidden()
    page.controls.train.click()
    qtbot.waitUntil(lambda: session.train_state == "idle")
    assert panel.findings == (HIGH, GOOD) and not panel.isHidden()
    find(page, QPushButton, "adviceButton").click()
    assert session.project.options.learning_rate == 3e-4
    assert page.findChild(QWidget, "learningRateEdit").text() == "0.0003"
    assert find(page, QToolButton, "advancedButton").isChecked(), "the field that was filled in is shown"
    page.findChild(QWidget, "epochsSpin").setValue(60)
    find(page, QTabBar, "findingTabs").setCurrentIndex(1)
    find(page, QPushButton, "adviceButton").click()
    options = session.project.options
    assert (options.preset, options.epochs, options.learning_rate) == ("balanced", None, 3e-4)
    script.events = [epoch(1), None]
    page.controls.train.click()
    assert panel.isHidden(), "the advice of the training before is gone"
    session.stop_training()
    qtbot.waitUntil(lambda: session.train_state == "idle")


def write_run(session, name, **result):
    run = RunFolder(session.project.folder / "runs" / name)
    run.path.mkdir(parents=True)
    run.write_history([epoch(1, 0.75, loss=0.65), epoch(2, 0.75, loss=0.3)])
    run.write_split(LISTING.items)
    raw = {"classes": ["ants", "bees"], "architecture": "resnet18", "request": FitRequest(DataSpec(), str(run.path))}
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    result = {"accuracy": 0.75, "valid_images": 4, "best_epoch": 2, "stopped": False, **result}
    run.write_info({**raw, "preprocess": preprocess, "result": result})
    return run


def test_advice_of_a_run_that_is_shown(page, session, qtbot):
    panel = find(page, QWidget, "advicePanel")
    session.run = write_run(session, "run-001", findings=[SAVED])
    session.run_changed.emit()
    assert panel.findings == (SAVED,)
    session.run = write_run(session, "run-002")  # by a program that knew no findings
    session.run_changed.emit()
    assert [one.kind for one in panel.findings] == ["few_validation", "more_epochs"]
    with qtbot.waitSignal(session.page_wanted) as wanted:
        find(page, QPushButton, "adviceButton").click()
    assert wanted.args == ["data"]
    session.run = None
    session.run_changed.emit()
    assert panel.isHidden()


def test_a_low_page_folds_the_advice_away(page, session):
    session.run = write_run(session, "run-001", findings=[SAVED])
    session.run_changed.emit()
    fold = find(page, QToolButton, "adviceFoldButton")
    page.resize(1000, 900)
    page.show()
    assert fold.isChecked()
    page.resize(1000, 600)
    assert not fold.isChecked()
    page.resize(1000, 590)
    fold.click()
    page.resize(1000, 580)
    assert fold.isChecked(), "what the user unfolds stays so"


def test_buttons_of_suggestions():
    def text(**values):
        return words.next_step(Finding("k", "t", "t", "a", suggestion=Suggestion(**values)))[0]

    assert text(learning_rate=1e-05) == "Use learning rate 1e-05"
    assert text(epochs=1) == "Use 1 epoch"
    assert text(preset="balanced") == "Use preset Balanced"
    assert text(balance="auto") == "Use balancing"
    assert words.next_step(Finding("no_gain", "t", "t", "a")) == ("", "")
