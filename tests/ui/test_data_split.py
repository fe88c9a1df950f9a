"""The card of the Data page for the split."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QSpinBox

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.events import Verdict
from deskclassify.core.requests import ListRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.engine.client import run_in_process
from deskclassify.ui.pages.data_split import SplitCard


def only_lists(request, control):
    if isinstance(request, ListRequest):
        yield from run_in_process(request, control)


@pytest.fixture
def session(session_on, tmp_path, make_pictures, qtbot):
    made = session_on(only_lists)
    for label, bursts in (("ant", 10), ("bee", 3)):
        make_pictures(tmp_path / "pets" / label, {f"burst{number}": 5 for number in range(bursts)})
    made.add_folder(tmp_path / "pets")
    qtbot.waitUntil(lambda: made.listing is not None)
    return made


@pytest.fixture
def card(session, qtbot):
    made = SplitCard(session)
    qtbot.addWidget(made)
    return made


def text(card, name):
    return card.findChild(QLabel, name).text()


def test_a_share_is_kept_for_a_last_test(card, session, qtbot):
    card.findChild(QSpinBox, "testPctSpin").setValue(20)
    qtbot.waitUntil(lambda: session.listing is not None and "test" in session.listing.subsets(), timeout=5000)
    assert session.project.data.test_pct == 0.2
    assert session.listing.subsets() == {"train": 39, "valid": 13, "test": 13}
    session.undo_stack.undo()
    assert card.findChild(QSpinBox, "testPctSpin").value() == 0


def test_sub_folders_stay_on_one_side(card, session, qtbot):
    box = card.findChild(QComboBox, "groupingBox")
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert session.project.data.grouping == "folder"
    qtbot.waitUntil(lambda: session.listing is not None and "13 groups of 5" in text(card, "groupingHint"))
    sides = defaultdict(set)
    for item in session.listing.items:
        sides[item.key.rpartition("/")[0]].add(item.subset)
    assert {len(found) for found in sides.values()} == {1}


def test_a_pattern_is_checked_before_it_is_used(card, session, qtbot):
    box, edit = card.findChild(QComboBox, "groupingBox"), card.findChild(QLineEdit, "groupPatternEdit")
    assert edit.isHidden()
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert not edit.isHidden() and session.project.data.grouping == ""
    edit.setText("(")
    edit.textEdited.emit("(")
    qtbot.waitUntil(lambda: "not a valid regular expression" in text(card, "groupingHint"), timeout=5000)
    assert session.project.data.grouping == "" and card.hint.property("role") == "bad"
    edit.setText(r"_(\d+)")
    edit.textEdited.emit(edit.text())
    qtbot.waitUntil(lambda: session.project.data.grouping == r"regex:_(\d+)", timeout=5000)
    qtbot.waitUntil(lambda: "5 groups of 13" in text(card, "groupingHint"), timeout=5000)


def test_copies_that_are_kept_together_can_be_let_go(card, session):
    release = card.findChild(QAbstractButton, "releaseButton")
    assert release.isHidden()
    keys = tuple(item.key for item in session.listing.items[:2])
    session.change_data("keep together", replace(session.project.data, together=(keys,)))
    assert not release.isHidden() and text(card, "togetherLabel") == "1 group of copies is kept together."
    release.click()
    assert session.project.data.together == () and release.isHidden()


def test_shares_that_folders_fix_cannot_be_changed(card, session, qtbot, tmp_path, make_pictures):
    make_pictures(tmp_path / "fixed" / "train", {"a": 3, "b": 3})
    make_pictures(tmp_path / "fixed" / "valid", {"a": 1, "b": 1})
    session.add_folder(tmp_path / "fixed")
    qtbot.waitUntil(lambda: session.listing is not None and len(session.listing.classes()) == 4)
    assert not card.share.isEnabled() and card.test.isEnabled()


def test_unequal_classes_are_told_with_what_is_done_and_what_it_came_to(card, session, qtbot):
    qtbot.waitUntil(lambda: "3.3 times as many" in text(card, "balanceLabel"))
    assert "rarer classes weigh more" in text(card, "balanceLabel")
    session.change_options(replace(session.project.options, balance="none"))
    assert "Each picture counts alike" in text(card, "balanceLabel")
    wanted = []
    session.page_wanted.connect(wanted.append)
    card.findChild(QAbstractButton, "balanceButton").click()
    assert wanted == ["train"]
    run = RunFolder(session.project.folder / "runs" / "run-001")
    run.path.mkdir(parents=True)
    preprocess = ARCHITECTURES["resnet18"].preprocess("crop")
    run.write_info({"classes": ["ant", "bee"], "architecture": "resnet18", "preprocess": preprocess, "result": {}})
    verdicts = [Verdict(item.path, item.label, "ant", 0.9, 0.1) for item in session.listing.items]
    run.write_predictions(verdicts)
    run.best.write_bytes(b"weights")
    (run.path / "model.onnx").write_bytes(b"model")
    card.show()
    assert card.effect_label.isHidden()
    session.show_run(run)
    assert "0 % of the small class “bee”, 100 % of the others. More pictures" in text(card, "balanceEffectLabel")
    assert Counter(one.label for one in verdicts) == {"ant": 50, "bee": 15}
