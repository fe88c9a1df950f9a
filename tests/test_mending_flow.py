"""From a number to better data: the way through the real window, with the real engine processes."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QTabWidget
from pytestqt.qtbot import QtBot

from deskclassify.core.sample import make_sample
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ui.main_window import MainWindow
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.pages.picture_heat import PictureHeat
from deskclassify.ui.widgets.confidence_bars import ReliabilityDiagram
from deskclassify.ui.widgets.confusion_matrix import ConfusionMatrix
from deskclassify.ui.widgets.image_grid import ImageGrid

LONG = 180_000  # ms: the processes import torch first


def wrongly_labelled(data: Path) -> str:
    """Put a validation picture of the first class into the second one's folder; returns its path."""
    spec = DataSpec((Source(str(data)),))
    first, second = sorted(list_data(spec).classes())[:2]
    for picture in sorted((data / first).iterdir()):
        moved = data / second / f"x-{picture.name}"
        shutil.move(picture, moved)
        if any(item.path == str(moved) and item.subset == "valid" for item in list_data(spec).items):
            return str(moved)
        shutil.move(moved, picture)
    raise AssertionError("no picture would validate")


def find(window: MainWindow, kind: type, name: str):  # type: ignore[no-untyped-def]
    found = window.findChild(kind, name)
    assert found is not None, name
    return found


def click(window: MainWindow, name: str) -> None:
    find(window, QAbstractButton, name).click()


def shown(grid: ImageGrid) -> list[str]:
    return [grid.entry_at(grid.model().index(row, 0)).path for row in range(grid.model().rowCount())]


def trained(qtbot: QtBot, window: MainWindow, data: Path) -> None:
    window.open_path(data)
    qtbot.waitUntil(window.session.can_train, timeout=LONG)
    click(window, "navTrainButton")
    box = find(window, QComboBox, "presetBox")
    box.setCurrentIndex(next(at for at in range(box.count()) if "quick" in box.itemText(at).lower()))
    click(window, "trainButton")
    qtbot.waitUntil(lambda: window.session.run is not None, timeout=LONG)
    click(window, "navEvaluateButton")


def test_from_a_chart_to_the_mended_label_and_back(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    data = make_sample(tmp_path / "sample", per_class=14)
    first, second = sorted(list_data(DataSpec((Source(str(data)),))).classes())[:2]
    wrong = wrongly_labelled(data)
    trained(qtbot, window, data)
    session, accuracy = window.session, find(window, QLabel, "accuracyLabel")
    before, kept = accuracy.text(), session.project.file.read_bytes()
    assert before != "100.0 %"
    grid = find(window, ImageGrid, "topLossesGrid")

    # A bar of a chart leads to its pictures.
    tabs = find(window, QTabWidget, "evaluateTabs")
    tabs.setCurrentIndex(next(at for at in range(tabs.count()) if tabs.tabText(at) == "Certainty"))
    chart = find(window, ReliabilityDiagram, "reliabilityDiagram")
    qtbot.waitUntil(lambda: bool(chart.bar_texts()))
    at = len(chart.bar_texts()) - 1
    qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(*map(int, chart.bar_area(at).center().toTuple())))
    assert 0 < len(shown(grid)) < 200 and not find(window, QAbstractButton, "chosenButton").isHidden()

    # So does a cell of the confusion matrix.
    tabs.setCurrentIndex(0)
    find(window, ConfusionMatrix, "confusionMatrix").choose(second, first)
    assert wrong in shown(grid)

    # The picture, and why the network says so.
    grid.activated.emit(grid.model().index(shown(grid).index(wrong), 0))
    dialog = find(window, PictureDialog, "pictureDialog")
    dialog.findChild(QAbstractButton, "heatMapButton").click()
    heat = dialog.findChild(PictureHeat)
    with qtbot.waitSignal(heat.shown_changed, check_params_cb=bool, timeout=LONG):
        pass
    assert heat.trouble_label.isHidden() and not heat.panel.view.grab().isNull()

    # The right label, by the key of its class; the metrics follow, of the labels and of what is learned anew.
    key = Qt.Key(Qt.Key.Key_1.value + sorted(session.listing.classes()).index(first))
    with qtbot.waitSignal(session.listing_changed, timeout=LONG):
        qtbot.keyClick(dialog, key)
    assert accuracy.text() != before
    qtbot.waitUntil(lambda: window.evaluate_page.state.view.live is not None, timeout=LONG)
    assert float(accuracy.text().removesuffix(" %")) > float(before.removesuffix(" %"))
    assert session.project.file.read_bytes() != kept
    assert Path(wrong).parent.name == second, "the file lies where it was"

    # And back.
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: accuracy.text() == before, timeout=LONG)
    assert window.evaluate_page.state.view.live is None
    assert session.project.file.read_bytes() == kept
    dialog.close()
