"""Hover help: whatever names a word of the glossary on the Data, Train and Evaluate pages explains it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTableView,
    QTabWidget,
)

from deskclassify.core.glossary import GLOSSARY
from deskclassify.core.glossary import explain as explanation
from deskclassify.ui.pages.data import DataPage
from deskclassify.ui.pages.evaluate import EvaluatePage
from deskclassify.ui.pages.train import TrainPage
from deskclassify.ui.widgets.explained import explain, explain_all, named_terms, plain, tip


@pytest.fixture(params=[DataPage, TrainPage, EvaluatePage])
def page(request, qtbot, session_on, script):
    session = session_on(script)
    session.new_project("Insects")
    page = request.param(session)
    qtbot.addWidget(page)
    return page


def named_things(page):
    """Everything with a short name on a page: what it is, its name, its tooltip."""
    for label in page.findChildren(QLabel):
        yield label.objectName() or "label", label.text(), label.toolTip()
        if label.buddy() is not None:
            yield label.buddy().objectName(), label.text(), label.buddy().toolTip()
    for button in page.findChildren(QAbstractButton):
        yield button.objectName() or "button", button.text(), button.toolTip()
    for kind in (QComboBox, QSpinBox, QLineEdit, QAbstractItemView):
        for field in page.findChildren(kind):
            yield field.objectName(), field.accessibleName(), field.toolTip()
    for tabs in page.findChildren(QTabWidget):
        for at in range(tabs.count()):
            yield "tab", tabs.tabText(at), tabs.tabToolTip(at)
    across = Qt.Orientation.Horizontal
    for table in page.findChildren(QTableView):
        model = table.model()
        for column in range(model.columnCount()):
            title = str(model.headerData(column, across) or "")
            yield table.objectName(), title, model.headerData(column, across, Qt.ItemDataRole.ToolTipRole) or ""


def test_each_term_is_explained_where_it_is_named(page):
    seen = set()
    for what, name, tooltip in named_things(page):
        for term in named_terms(name):
            seen.add(term)
            assert explanation(term) in plain(tooltip), f"{what} “{name}” does not explain “{term}”: {tooltip!r}"
    wanted = {
        DataPage: {"seed", "class"},
        TrainPage: {"epoch", "phase", "training loss", "validation loss", "error rate", "accuracy", "loss", "preset"}
        | {"learning rate", "learning-rate finder", "batch size", "architecture"},
        EvaluatePage: {"confusion matrix", "precision", "recall", "F1", "class", "top losses"},
    }[type(page)]
    assert wanted <= seen


def test_a_field_keeps_its_own_sentence(qtbot, session_on, script):
    session = session_on(script)
    page = TrainPage(session)
    qtbot.addWidget(page)
    text = plain(page.findChild(QLineEdit, "learningRateEdit").toolTip())
    assert "1e-3" in text and GLOSSARY["learning rate"] in text
    assert page.findChild(QLineEdit, "learningRateEdit").accessibleDescription() == text


def test_explaining_twice_says_it_once(qtbot):
    label = QLabel("Loss")
    qtbot.addWidget(label)
    label.setToolTip("A < B & “C”")
    explain(label, "loss")
    explain_all(label)
    explain(label, "loss", "epoch")
    text = plain(label.toolTip())
    assert text.startswith("A < B & “C”") and text.count(GLOSSARY["loss"]) == 1 and GLOSSARY["epoch"] in text
    label.setToolTip(tip("", ["epoch"]))
    explain(label, "epoch")
    assert plain(label.toolTip()).count(GLOSSARY["epoch"]) == 1
    label.setToolTip("Something else")
    explain(label, "metric")
    assert "A < B" not in label.toolTip() and GLOSSARY["loss"] not in plain(label.toolTip())


def test_sentences_are_left_alone():
    assert named_terms("The loss fell in each epoch.") == ()
    assert named_terms("Batch size") == ("batch size",)
    assert tip("", ()) == ""


def test_the_legend_explains_its_lines(qtbot, session_on, script):
    page = TrainPage(session_on(script))
    qtbot.addWidget(page)
    page.charts.loss.set_series("training", [1.0, 2.0], [1.0, 0.5])
    page.charts.loss.set_series("validation", [1.0, 2.0], [1.1, 0.6])
    page.charts.loss.flush()
    text = plain(page.charts.loss._legend.toolTip())
    assert GLOSSARY["training loss"] in text and GLOSSARY["validation loss"] in text
