"""The window with one picture: its heat map, what is like it, and the class that it gets there."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from deskclassify.core.data_events import NeighboursFound
from deskclassify.core.data_requests import NeighboursRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Listed, Progress, Verdict
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import ExplainRequest
from deskclassify.core.requests import ListRequest
from deskclassify.core.sources import arrange, find
from deskclassify.core.standing import judged
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages import picture_words
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.pages.picture_facts import PictureFacts, size_text
from deskclassify.ui.pages.picture_heat import PictureHeat
from deskclassify.ui.pages.picture_labels import PictureLabels
from deskclassify.ui.pages.picture_neighbours import PictureNeighbours
from deskclassify.ui.widgets.heat_view import HeatView
from deskclassify.ui.widgets.picture_strip import PictureStrip
from deskclassify.ui.widgets.probability_bars import ProbabilityBars

SIZE = 16


@pytest.fixture
def verdicts(tmp_path):
    rows = []
    for name, actual, predicted in (("a", "ants", "bees"), ("b", "bees", "bees"), ("c", "wasps", "ants")):
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (40, 30), "#c03030").save(path)
        rows.append(Verdict(str(path), actual, predicted, 0.8, 2.0))
    return rows


class Answers:
    """Explains; the picture whose name is in `held` waits until the gate is opened, whatever is told."""

    def __init__(self):
        self.held = ""
        self.gate = threading.Event()

    def __call__(self, request):
        if self.held and request.image.endswith(self.held):
            self.gate.wait(5)
        heat = np.eye(SIZE, dtype=np.float32)
        picture = np.full((SIZE, SIZE, 3), 90, dtype=np.uint8)
        yield Explained(request.image, request.method, request.target, heat, picture, ((request.target, 1.0),), "")


@pytest.fixture
def answers(engine):
    made = engine.answers[ExplainRequest] = Answers()
    yield made
    made.gate.set()


@pytest.fixture
def dialog(qtbot, session, verdicts, answers):
    made = PictureDialog(verdicts, 0, session=session, model="runs/one")
    qtbot.addWidget(made)
    made.show()
    return made


def button(dialog, name):
    return dialog.findChild(QPushButton, name)


def stopped(engine, kind):
    """Whether the first request of a kind was told to stop."""
    at = next(at for at, request in enumerate(engine.requests) if isinstance(request, kind))
    return engine.controls[at].stopped


def heat(dialog):
    """The heat that is seen; None without."""
    view = dialog.findChild(HeatView)
    return view.heat if view.isVisible() else None


def test_nothing_is_asked_before_it_is_wanted(dialog, engine, qtbot):
    button(dialog, "nextButton").click()
    qtbot.wait(30)
    assert not engine.of(ExplainRequest) and heat(dialog) is None


def test_the_heat_map_is_of_what_the_network_said_and_then_of_the_label(dialog, engine, qtbot, verdicts):
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    assert engine.of(ExplainRequest) == [ExplainRequest("runs/one", verdicts[0].path, "gradcam", "bees")]
    assert heat(dialog).high == "speaks for “bees”"
    assert button(dialog, "explainActualButton").text() == "What speaks for “ants”?"
    button(dialog, "explainActualButton").click()
    qtbot.waitUntil(lambda: heat(dialog).high == "speaks for “ants”")
    button(dialog, "heatMapButton").click()
    assert heat(dialog) is None


def test_the_next_picture_has_its_own(dialog, engine, qtbot, verdicts):
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    button(dialog, "explainActualButton").click()
    button(dialog, "nextButton").click()
    assert heat(dialog) is None  # the picture itself, until the answer is there
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    assert engine.of(ExplainRequest)[-1] == ExplainRequest("runs/one", verdicts[1].path, "gradcam", "bees")
    assert not button(dialog, "explainActualButton").isVisible()  # it was right: there is one class only


def test_a_late_answer_is_dropped(dialog, engine, qtbot, verdicts, answers, session):
    answers.held = "a.png"
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: len(engine.of(ExplainRequest)) == 1)
    button(dialog, "nextButton").click()
    assert stopped(engine, ExplainRequest)
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    button(dialog, "nextButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None and heat(dialog).high == "speaks for “ants”")
    answers.gate.set()
    qtbot.waitUntil(lambda: not session.owner.jobs)
    assert heat(dialog).high == "speaks for “ants”"


def test_closing_stops_what_is_at_work(dialog, engine, qtbot, answers):
    answers.held = "a.png"
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: len(engine.of(ExplainRequest)) == 1)
    dialog.hide()
    assert stopped(engine, ExplainRequest)


def test_a_failure_is_a_sentence(dialog, engine, qtbot):
    engine.errors[ExplainRequest] = InputError("The network has no class “ants”.")
    button(dialog, "heatMapButton").click()
    trouble = dialog.findChild(PictureHeat).trouble_label
    qtbot.waitUntil(trouble.isVisible)
    assert trouble.text() == "The network has no class “ants”." and heat(dialog) is None
    engine.errors.clear()
    button(dialog, "nextButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    assert not trouble.isVisible()


def test_without_a_session_it_is_not_offered(qtbot, verdicts):
    dialog = PictureDialog(verdicts, 0, remarks=["one", "two", "three"])
    qtbot.addWidget(dialog)
    assert button(dialog, "heatMapButton") is None


def test_the_value_under_the_cursor_is_told(dialog, qtbot):
    button(dialog, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(dialog) is not None)
    panel = dialog.findChild(PictureHeat).panel
    panel.view.hovered.emit(1.0)
    assert panel.value_label.text() == "100 % of the strongest"


# -- a picture of the project ---------------------------------------------------------

CLASSES = ("ants", "bees", "wasps")


@pytest.fixture
def folder(tmp_path):
    for name in CLASSES:
        (tmp_path / "insects" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (40, 30), "#3060c0").save(tmp_path / "insects" / name / f"{number}.png")
    return tmp_path / "insects"


def listed(request):
    found = request.found or find(request.data)
    yield Listed(arrange(found, request.data), found)


@pytest.fixture
def open_session(session, engine, folder, qtbot):
    engine.answers[ListRequest] = listed
    session.add_folder(folder)
    qtbot.waitUntil(lambda: session.listing is not None)
    return session


@pytest.fixture
def scored(open_session):
    """What a network says of the validation pictures: each is taken for the next class."""
    items = [item for item in open_session.listing.items if item.subset == "valid"]
    said = [(CLASSES.index(item.label) + 1) % 3 for item in items]
    chances = np.array([[0.7 if at == row else 0.2 if at == (row + 1) % 3 else 0.1 for at in range(3)] for row in said])
    return judged(CLASSES, [item.path for item in items], [item.label for item in items], chances.astype(np.float32))


class Alike:
    """Finds the first pictures of the project, in their order; the picture itself is left out."""

    def __init__(self, items):
        self.items = items
        self.before = ()

    def __call__(self, request):
        yield from self.before
        items = [item for item in self.items if item.path != request.path][: request.count]
        shares = tuple(0.9 - 0.01 * at for at in range(len(items)))
        columns = zip(*((item.path, item.label, item.subset) for item in items), strict=True)
        yield NeighboursFound(request.path, *columns, shares)


@pytest.fixture
def alike(engine, open_session):
    made = engine.answers[NeighboursRequest] = Alike(open_session.listing.items)
    return made


@pytest.fixture
def evaluation(open_session, scored, qtbot):
    made = Evaluation(open_session)
    made._given, made._classes = (scored, scored.verdicts, 0, 0.0), scored.classes
    made._run_data, made._run_classes = open_session.project.data, CLASSES
    made._is_of_project = lambda: True
    made._set_view(made._view_now())
    yield made
    made.deleteLater()


@pytest.fixture
def window(qtbot, open_session, evaluation, alike, answers):
    parent = QWidget()
    parent.resize(1280, 800)
    qtbot.addWidget(parent)
    made = PictureDialog(evaluation.view.verdicts, 0, parent, (), open_session, "runs/one", evaluation)
    made.show()
    yield made  # the parent lives as long
    made.hide()


def part(window, kind):
    return window.findChild(kind)


def present(window):
    """The class that is marked."""
    return [one.name for one in part(window, PictureLabels)._buttons if one.isChecked()]


def press(window, name):
    next(one for one in part(window, PictureLabels)._buttons if one.name == name).click()


def entries(window):
    strip = part(window, PictureStrip)
    return [strip.model_.entry(row) for row in range(strip.model_.rowCount())]


def label_of(session, path):
    return next((item.label for item in session.listing.items if item.path == path), None)


def test_the_probabilities_are_bars_in_their_order(window):
    bars = part(window, ProbabilityBars).bars
    assert [(bar.name, bar.text, bar.strong) for bar in bars] == [
        ("bees", "70.0 %", True),
        ("wasps", "20.0 %", False),
        ("ants", "10.0 %", False),
    ]
    assert bars[0].color == theme.class_color(1)
    assert window._answer.text() == "Taken for “bees”, but labelled “ants”"


def test_of_many_classes_the_likeliest_and_the_label_have_a_bar():
    names = tuple(f"class {at:02d}" for at in range(40))
    chances = np.linspace(0.001, 0.05, 40, dtype=np.float32)[None]
    scored = judged(names, ["a.png"], ["class 00"], chances)
    view = type("View", (), {"scored": scored, "verdicts": scored.verdicts})()
    view.evaluated = type("Evaluated", (), {"classes": names})()
    assert [bar.name for bar in picture_words.Answers(view).bars("a.png", "class 00", 3)] == [
        "class 39",
        "class 38",
        "class 00",
    ]
    assert [bar.name for bar in picture_words.Answers(view).bars("a.png", "new", 3)] == [
        "class 39",
        "class 38",
        "class 37",
    ]
    assert (
        picture_words.Answers(view).bars("b.png", "class 00", 3) == ()
        and picture_words.Answers(None).bars("a.png", "x", 3) == ()
    )


def test_a_click_on_a_class_relabels_and_undo_takes_it_back(window, open_session, qtbot):
    path = window.path
    assert present(window) == ["ants"]
    press(window, "bees")
    assert label_of(open_session, path) == "bees" and present(window) == ["bees"]
    assert window._answer.text() == "Recognised as “bees”"
    assert window._moved.text() == "Accuracy 0.0 → 33.3 %" and window._moved.property("role") == "good"
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert label_of(open_session, path) == "ants" and present(window) == ["ants"]
    assert window._moved.text() == "Accuracy 0.0 %" and window.path == path
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert label_of(open_session, path) == "bees"


def test_a_click_on_the_present_class_changes_nothing(window, open_session):
    before = open_session.undo_stack.count()
    press(window, "ants")
    assert present(window) == ["ants"] and open_session.undo_stack.count() == before


def test_digits_give_a_class_and_delete_leaves_out(window, open_session, qtbot):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    path = window.path
    qtbot.keyClick(window, Qt.Key.Key_3)
    assert label_of(open_session, path) == "wasps" and present(window) == ["wasps"]
    qtbot.keyClick(window, Qt.Key.Key_9)  # there is no such class
    assert label_of(open_session, path) == "wasps"
    qtbot.keyClick(window, Qt.Key.Key_Delete)
    assert label_of(open_session, path) is None
    assert window._answer.text() == "Left out; it was labelled “wasps”" and window.path == path
    assert button(window, "leaveOutButton").text() == "Put back"
    qtbot.keyClick(window, Qt.Key.Key_1)
    assert label_of(open_session, path) is None, "what is left out gets no class"
    button(window, "leaveOutButton").click()
    assert label_of(open_session, path) == "wasps" and button(window, "leaveOutButton").text() == "Leave out"


def test_a_new_class_can_be_made_here(window, open_session, monkeypatch):
    monkeypatch.setattr(dialogs, "ask_name", lambda *given: "flies")
    button(window, "newClassButton").click()
    assert label_of(open_session, window.path) == "flies" and present(window) == ["flies"]
    assert window._answer.text() == "Taken for “bees”, but labelled “flies”"
    assert not button(window, "explainActualButton").isEnabled(), "the network does not know it"


def test_with_very_many_classes_the_likeliest_have_a_button(qtbot, monkeypatch):
    labels = PictureLabels()
    qtbot.addWidget(labels)
    names = [f"class {at:03d}" for at in range(200)]
    labels.show_label(names, "class 150", [names[9], names[7], *names[20:]], False)
    assert [one.name for one in labels._buttons] == [names[7], names[9], *names[20:23], "class 150"]
    assert [one.name for one in labels._buttons if one.isChecked()] == ["class 150"]
    assert not labels.all_button.isHidden()
    monkeypatch.setattr(dialogs, "ask_choice", lambda *given: given[-1][42])
    with qtbot.waitSignal(labels.chosen) as chosen:
        labels.all_button.click()
    assert chosen.args == ["class 042"]
    labels.show_label(names[:4], "class 001", [], False)
    assert labels.all_button.isHidden() and len(labels._buttons) == 4


def test_the_neighbours_come_with_class_and_similarity(window, alike, qtbot):
    qtbot.waitUntil(lambda: len(entries(window)) > 0)
    first = entries(window)[0]
    assert (first.title, first.subtitle, first.bad) == ("ants", "90 %", False)
    assert first.color == theme.class_color(0)
    assert {entry.bad for entry in entries(window) if entry.title != "ants"} == {True}, "of another class: framed"


def test_a_neighbour_is_looked_at_and_an_arrow_leads_back(window, open_session, alike, qtbot):
    home = window.path
    learned = next(item for item in open_session.listing.items if item.subset == "train")
    qtbot.waitUntil(lambda: len(entries(window)) > 0)
    part(window, PictureStrip).chosen.emit(learned.path)
    assert window.path == learned.path and window._answer.text() == f"Labelled “{learned.label}”"
    assert "learned from this picture" in window._numbers.text() and part(window, ProbabilityBars).isHidden()
    assert "leads back" in window._place.text()
    press(window, "wasps")
    assert label_of(open_session, learned.path) == "wasps", "it can be mended as well"
    qtbot.waitUntil(lambda: window._neighbours._found is not None and window._neighbours._found.path == learned.path)
    button(window, "previousButton").click()
    assert window.path == home and window._place.text() == "1 of 3"
    known = window._verdicts[2].path
    window.show_picture(known)
    assert window.path == known and window._place.text() == "3 of 3", "one of the pictures: no detour"


def test_the_first_look_at_all_pictures_is_told(window, alike, qtbot):
    alike.before = (Progress("Looking at the pictures", 120, 2000),)
    told = []
    note = part(window, PictureNeighbours).note_label
    window._neighbours._ask.received.connect(lambda event: told.append(note.whole_text))
    button(window, "nextButton").click()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[0] == "Only the first time: looking at the pictures, 120 of 2,000"
    assert note.isHidden() and entries(window)


def test_neighbours_that_cannot_be_found_are_a_sentence(window, engine, qtbot):
    engine.errors[NeighboursRequest] = InputError("There are no neighbours to be found: it is gone.")
    button(window, "nextButton").click()
    note = part(window, PictureNeighbours).note_label
    qtbot.waitUntil(lambda: note.whole_text.startswith("There are no neighbours"))
    assert not entries(window)


def test_leafing_on_quickly_asks_for_the_last_neighbours_only(window, engine, qtbot):
    for _ in range(2):
        button(window, "nextButton").click()
    qtbot.waitUntil(lambda: len(entries(window)) > 0)
    assert [request.path for request in engine.of(NeighboursRequest)] == [window.path]


def test_a_row_shows_as_many_as_fit(window, qtbot):
    qtbot.waitUntil(lambda: len(entries(window)) > 0)
    strip = part(window, PictureStrip)
    wide = len(entries(window))
    window.resize(700, 640)
    qtbot.waitUntil(lambda: len(entries(window)) < wide)
    assert strip.height() < 2 * strip.gridSize().height()
    assert len(part(window, ProbabilityBars).bars) == 3


def test_the_answers_follow_a_last_layer_that_was_learned_anew(window, evaluation, scored, open_session):
    path = window.path
    chances = np.full((3, 3), 0.1, np.float32)
    chances[:, 0] = 0.8
    paths = [one.path for one in scored.verdicts]
    anew = judged(CLASSES, paths, [one.label for one in scored.verdicts], chances)
    evaluation._given = (anew, anew.verdicts, 0, 0.0)
    evaluation._set_view(evaluation._view_now(), keep_choice=True)
    assert window.path == path and window._answer.text() == "Recognised as “ants”"
    assert part(window, ProbabilityBars).bars[0].text == "80.0 %"


def test_a_class_that_was_renamed_is_explained_by_its_old_name(window, open_session, engine, qtbot):
    window._mender.rename_class("bees", "honeybees")
    assert window._answer.text() == "Taken for “honeybees”, but labelled “ants”"
    button(window, "heatMapButton").click()
    qtbot.waitUntil(lambda: bool(engine.of(ExplainRequest)))
    assert engine.of(ExplainRequest)[-1].target == "bees"


def test_the_heat_of_a_picture_that_gets_another_label_stays(window, open_session, engine, qtbot):
    button(window, "heatMapButton").click()
    qtbot.waitUntil(lambda: heat(window) is not None)
    press(window, "wasps")
    assert heat(window) is not None and len(engine.of(ExplainRequest)) == 1
    assert button(window, "explainActualButton").text() == "What speaks for “wasps”?"


def test_the_file_is_described(window, open_session, tmp_path):
    facts = part(window, PictureFacts).values
    assert facts["File"].whole_text.endswith(".png") and facts["File"].toolTip() == window.path
    assert facts["Size"].whole_text.startswith("40 × 30 pixels, ") and facts["Written"].whole_text
    assert facts["Subset"].whole_text == "validation: it is measured on"
    assert size_text(str(tmp_path / "gone.png")) == "The file is not there any more."
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    assert "not a picture" in size_text(str(broken))


def test_a_picture_that_is_none_of_the_project_cannot_be_mended(dialog):
    assert part(dialog, PictureLabels).isHidden() and part(dialog, PictureFacts).values["Subset"].isHidden()


def test_colours_follow_the_theme(window, qapp):
    theme.apply(qapp, "dark")
    try:
        assert theme.DARK.bad in window._answer.styleSheet()
    finally:
        theme.apply(qapp, "light")
    assert theme.LIGHT.bad in window._answer.styleSheet()
