"""The preview of augmentation, on a job that answers with the strength it was asked for."""

import threading

import numpy as np
import pytest
from PySide6.QtWidgets import QToolButton, QWidget

from deskclassify.core.errors import InputError
from deskclassify.core.events import Augmented
from deskclassify.core.project import TrainOptions
from deskclassify.core.requests import AugmentRequest
from deskclassify.core.sources import Item, Listing
from deskclassify.ui import theme
from deskclassify.ui.pages.augment_preview import AugmentPreview, pick
from deskclassify.ui.pages.train_options import TrainOptionsPanel

ITEMS = tuple(
    Item(f"/p/{n}.png", f"{n}.png", ("ants", "bees", "wasps")[n % 3], "valid" if n < 6 else "train") for n in range(60)
)


class Mirror:
    """A stream that makes each copy as bright as the strength, 0 to 200; waits at `gate`."""

    def __init__(self):
        self.asked = []
        self.gate = threading.Event()
        self.gate.set()
        self.problem = ""

    def __call__(self, request, control):
        if not isinstance(request, AugmentRequest):
            return
        self.asked.append(request)
        while not self.gate.wait(0.01) and not control.stopped:
            pass
        if self.problem:
            raise InputError(self.problem)
        count = len(request.files)
        pictures = np.full((count, 6, 8, 8, 3), round(100 * request.strength), np.uint8)
        shares = np.repeat(np.eye(count, dtype=np.float32)[:, None], 5, axis=1)
        if request.mix != "none":
            shares = 0.75 * shares + 0.25 * np.roll(shares, 1, axis=2)
        yield Augmented(request.files, pictures, shares, np.zeros((3, 8, 8, 3), np.uint8))


@pytest.fixture
def mirror():
    made = Mirror()
    yield made
    made.gate.set()


@pytest.fixture
def session(session_on, mirror):
    session = session_on(mirror)
    session.new_project("Insects")
    session.listing = Listing(ITEMS)
    return session


@pytest.fixture
def dialog(qtbot, session):
    page = QWidget()
    qtbot.addWidget(page)  # the dialog deletes itself when it is closed
    dialog = AugmentPreview(session, page)
    dialog.show()
    qtbot.waitUntil(lambda: bool(dialog.view.rows))
    yield dialog
    assert page is not None  # alive until here, for the dialog is its child


def find(widget, name):
    found = widget.findChild(object, name)
    assert found is not None, name
    return found


def brightness(dialog):
    rows = dialog.view.rows
    return rows[0][1].toImage().pixelColor(2, 2).red() if rows else None


def test_training_pictures_of_several_classes_are_shown(dialog, mirror):
    (asked,) = mirror.asked
    assert len(asked.files) == 3
    assert {item.label for item in ITEMS if item.path in asked.files} == {"ants", "bees", "wasps"}
    assert all(item.subset == "train" for item in ITEMS if item.path in asked.files)
    assert [len(row) for row in dialog.view.rows] == [6, 6, 6]
    assert sorted(row[0] for row in dialog.view.captions()) == ["ants", "bees", "wasps"]
    assert brightness(dialog) == 100
    assert all(not find(dialog, f"{name}Button").icon().isNull() for name in ("crop", "squish", "pad"))


def test_the_slider_gives_new_pictures(dialog, qtbot):
    find(dialog, "augmentSlider").setValue(40)
    qtbot.waitUntil(lambda: brightness(dialog) == 40)
    assert dialog.strength.label.text() == "40 %"


def test_while_an_answer_is_awaited_moves_add_up_to_one_question(dialog, mirror, qtbot):
    mirror.gate.clear()
    for value in range(101, 160):
        find(dialog, "augmentSlider").setValue(value)
        qtbot.wait(1)
    assert len(mirror.asked) <= 2  # the first pictures', and one that is on its way
    mirror.gate.set()
    qtbot.waitUntil(lambda: brightness(dialog) == 159)
    assert len(mirror.asked) <= 3


def test_an_answer_about_other_settings_than_now_is_dropped(dialog, mirror, qtbot):
    mirror.gate.clear()
    find(dialog, "augmentSlider").setValue(55)
    qtbot.waitUntil(lambda: len(mirror.asked) == 2)
    find(dialog, "padButton").click()
    shown = []
    original = dialog.view.show_copies
    dialog.view.show_copies = lambda *args: (shown.append(mirror.asked[-1].resize), original(*args))
    mirror.gate.set()
    qtbot.waitUntil(lambda: len(mirror.asked) == 3 and bool(shown))
    qtbot.wait(50)
    assert shown == ["pad"] and mirror.asked[-1].strength == 0.55
    assert "bars" in dialog._resize_note.text()


def test_other_pictures(dialog, mirror, qtbot):
    first = mirror.asked[-1].files
    find(dialog, "otherPicturesButton").click()
    assert not dialog.view.rows and "Looking" in dialog.view.text
    qtbot.waitUntil(lambda: bool(dialog.view.rows))
    assert mirror.asked[-1].files != first and mirror.asked[-1].seed != mirror.asked[0].seed


def test_mixtures_are_named_by_their_classes(dialog, qtbot):
    find(dialog, "mixBox").setCurrentIndex(1)
    qtbot.waitUntil(lambda: any("25 %" in text for row in dialog.view.captions() for text in row[1:]))
    captions = dialog.view.captions()
    assert captions[0][1:] == [f"+ 25 % {captions[1][0]}"] * 5


def test_a_failure_is_a_sentence_in_place_of_the_pictures(dialog, mirror, qtbot):
    mirror.problem = "None of these pictures can be read."
    find(dialog, "otherPicturesButton").click()
    qtbot.waitUntil(lambda: dialog.view.text == mirror.problem)


def test_settings_go_to_the_page_only_when_they_are_taken(qtbot, session, mirror):
    panel = TrainOptionsPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    find(panel, "advancedButton").click()

    def open_and_change():
        find(panel, "augmentPreviewButton").click()
        dialog = panel.findChild(AugmentPreview)
        qtbot.waitUntil(lambda: bool(dialog.view.rows))
        find(dialog, "augmentSlider").setValue(175)
        find(dialog, "cropButton").click()
        find(dialog, "mixBox").setCurrentIndex(2)
        return dialog

    dialog = open_and_change()
    dialog.close()
    qtbot.waitUntil(lambda: panel.findChild(AugmentPreview) is None)
    assert session.project.options == TrainOptions()
    find(open_and_change(), "usePreviewButton").click()
    options = session.project.options
    assert (options.augment, options.resize, options.mix) == (1.75, "crop", "cutmix")
    assert find(panel, "resizeBox").currentData() == "crop"
    qtbot.waitUntil(lambda: panel.findChild(AugmentPreview) is None)


def test_closing_stops_what_is_on_its_way(dialog, mirror, session, qtbot):
    mirror.gate.clear()
    find(dialog, "augmentSlider").setValue(20)
    qtbot.waitUntil(lambda: len(mirror.asked) == 2)
    dialog.close()
    qtbot.waitUntil(lambda: not session.owner.jobs)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_it_paints_in_both_themes(dialog, qtbot, name, qapp, monkeypatch):
    monkeypatch.setattr(theme._state, "palette", theme.LIGHT if name == "light" else theme.DARK)
    image = dialog.view.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert "#646464" in colours  # the pictures, as bright as the strength


def test_buttons_explain_the_ways_of_resizing(dialog):
    for name in ("crop", "squish", "pad"):
        assert dialog.findChild(QToolButton, f"{name}Button").toolTip()
    assert dialog.findChild(QToolButton, "squishButton").isChecked()


def test_pictures_are_drawn_from_as_many_classes_as_there_are():
    items = [
        Item(f"/{label}{n}", f"{n}", label, "train") for label, count in (("a", 50), ("b", 1)) for n in range(count)
    ]
    for seed in range(5):
        files = pick(items, 3, seed)
        assert "/b0" in files and len(set(files)) == 3
    assert pick(items, 3, 1) == pick(items, 3, 1) != pick(items, 3, 2)
    assert pick(items[:1], 3, 1) == ("/a0",) and pick([], 3, 1) == ()
