"""The fields for changes to pictures, rare classes and the course of a training."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt

from deskclassify.core.project import TrainOptions
from deskclassify.core.sources import Item, Listing
from deskclassify.ui.pages.train_options import TrainOptionsPanel


@pytest.fixture
def session(session_on, script):
    session = session_on(script)
    session.new_project("Insects")
    return session


@pytest.fixture
def panel(qtbot, session):
    panel = TrainOptionsPanel(session)
    qtbot.addWidget(panel)
    return panel


def find(panel, name):
    found = panel.findChild(object, name)
    assert found is not None, name
    return found


def listing(**counts):
    return Listing(
        tuple(
            Item(f"/p/{label}{n}.png", f"{label}{n}.png", label, "train" if n else "valid")
            for label, count in counts.items()
            for n in range(count + 1)
        )
    )


def test_what_is_not_touched_is_the_usual(panel, session):
    find(panel, "advancedButton").click()
    assert session.project.options == TrainOptions()
    assert find(panel, "patienceSpin").text() == "never"


def test_fields_become_options(panel, session):
    find(panel, "augmentSlider").setValue(150)
    find(panel, "mixBox").setCurrentIndex(2)
    find(panel, "balanceBox").setCurrentIndex(3)
    find(panel, "gradualBox").click()
    find(panel, "progressiveBox").click()
    find(panel, "ttaBox").click()
    find(panel, "patienceSpin").setValue(4)
    options = session.project.options
    assert (options.augment, options.mix, options.balance) == (1.5, "cutmix", "weights")
    assert options.gradual and options.progressive and options.tta
    assert options.patience == 4
    find(panel, "patienceSpin").setValue(0)
    assert session.project.options.patience is None


def test_options_are_shown_and_come_back_as_they_were(panel, session):
    options = TrainOptions(
        augment=1 / 3, mix="mixup", balance="sampling", gradual=True, progressive=True, patience=9, tta=True, epochs=5
    )
    session.change_options(options)
    panel.fill()
    assert find(panel, "augmentSlider").value() == 33
    assert panel.options() == options == session.project.options
    find(panel, "epochsSpin").setValue(6)
    assert session.project.options == replace(options, epochs=6)
    find(panel, "augmentSlider").setValue(34)
    assert session.project.options.augment == 0.34


def test_while_the_slider_is_dragged_nothing_is_saved(panel, session, qtbot, monkeypatch):
    panel.show()
    find(panel, "advancedButton").click()
    slider, saved = find(panel, "augmentSlider"), []
    original = session.change_options
    monkeypatch.setattr(session, "change_options", lambda options: (saved.append(options), original(options)))
    x = slider.width() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(x, slider.height() // 2))
    for step in (5, 15, 30):
        qtbot.mouseMove(slider, QPoint(x + step, slider.height() // 2))
    assert slider.isSliderDown() and slider.value() > 100 and not saved
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(x + 30, slider.height() // 2))
    assert len(saved) == 1 and session.project.options.augment == slider.value() / 100
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert session.project.options.augment == 0.0 and panel.advanced.strength.label.text() == "0 %"


def test_what_is_done_about_rare_classes_is_said_before_training(panel, session):
    note, box = find(panel, "balanceNote"), find(panel, "balanceBox")
    assert note.isHidden()
    session.listing = listing(ants=40, bees=10)
    session.listing_changed.emit()
    assert not note.isHidden()
    assert note.text().startswith("“ants” has 4.0 times as many training pictures as “bees” (40 to 10).")
    assert note.text().endswith("rarer classes weigh more.")
    box.setCurrentText("Show more often")
    assert note.text().endswith("shown more often.")
    box.setCurrentText("Leave as they are")
    assert note.text().endswith("Each picture counts alike.")


def test_quick_says_what_it_does_not_use(panel):
    note = find(panel, "unusedNote")
    assert not note.isHidden()
    find(panel, "presetBox").setCurrentText("Thorough")
    assert note.isHidden()


def test_every_field_says_what_it_is_for(panel):
    for (
        name
    ) in "augmentSlider mixBox balanceBox gradualBox progressiveBox patienceSpin ttaBox augmentPreviewButton".split():
        assert find(panel, name).toolTip()


def test_the_preview_needs_pictures(panel, session):
    button = find(panel, "augmentPreviewButton")
    assert not button.isEnabled() and "Data page" in button.toolTip()
    session.listing = listing(ants=4, bees=4)
    session.listing_changed.emit()
    assert button.isEnabled()
