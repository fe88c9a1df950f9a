"""The comparison of two runs, on run folders written here."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from runs_made import pictures, write_run

from deskclassify.core.comparison import Metric, compare
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.runs import rename
from deskclassify.ui.pages.compare_dialog import CompareDialog
from deskclassify.ui.pages.compare_tables import change_text, value_text
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.widgets.tables import as_text


@pytest.fixture
def pair(tmp_path):
    files = pictures(tmp_path / "pictures")
    # classes: a b w a b w
    return (
        write_run(tmp_path, "run-001", "awwabb", files, 1),
        write_run(tmp_path, "run-002", "abbaba", files, 2, "balanced"),
    )


@pytest.fixture
def dialog(qtbot, pair):
    dialog = CompareDialog(compare(*pair))
    qtbot.addWidget(dialog)
    return dialog


def find(dialog, name):
    found = dialog.findChild(object, name)
    assert found is not None, name
    return found


def entries(dialog):
    grid = find(dialog, "flipsGrid")
    return [grid.model_.entry(row) for row in range(grid.model_.rowCount())]


def test_the_summary_is_on_top(dialog):
    text = find(dialog, "compareSummary").text()
    assert "Both are right on 4 of the 6 pictures" in text and "1 fixed, 1 broken" in text


def test_only_differing_settings_at_first_and_all_on_demand(dialog):
    model = find(dialog, "compareSettingsTable").model()
    cells = [model.index(0, column).data() for column in range(4)]
    assert model.rowCount() == 1 and cells == ["Asked for", "Preset", "quick", "balanced"]
    find(dialog, "allSettingsBox").setChecked(True)
    names = [model.index(row, 1).data() for row in range(model.rowCount())]
    assert "Seed" in names and "Frozen epochs" in names and names.count("Preset") == 1
    find(dialog, "allSettingsBox").setChecked(False)
    assert model.rowCount() == 1


def test_flipped_pictures_by_kind(dialog):
    assert [(one.badge, one.title, one.subtitle, one.bad) for one in entries(dialog)] == [
        ("fixed", "wasps → bees", "bees", False),
        ("broken", "wasps → bees", "wasps", True),
        ("both wrong", "bees → ants", "wasps", False),
    ]
    assert find(dialog, "allFlipsButton").text() == "All (3)"
    for name, badge in (("fixedButton", "fixed"), ("brokenButton", "broken"), ("changedButton", "both wrong")):
        find(dialog, name).click()
        assert [one.badge for one in entries(dialog)] == [badge]


def test_a_picture_is_shown_large_with_both_answers(dialog):
    dialog.grid.activated_entry.emit(entries(dialog)[1])
    picture = dialog.findChild(PictureDialog)
    assert "Taken for “bees”, but labelled “wasps”" in picture._answer.text()
    assert picture._numbers.text().splitlines() == [
        "run-001: “wasps”, probability 70.0 %, loss 0.500",
        "run-002: “bees”, probability 70.0 %, loss 0.500",
    ]
    assert find(picture, "lookInsideButton").isHidden()
    picture.close()


def test_measures_and_their_changes(dialog):
    model = find(dialog, "compareMetricsTable").model()
    rows = {model.index(row, 0).data(): row for row in range(model.rowCount())}
    bees, wasps = rows["Recall of “bees”, pictures in both"], rows["Recall of “wasps”, pictures in both"]
    assert [model.index(bees, column).data() for column in (1, 2, 3)] == ["50.0 %", "100.0 %", "+50.0"]
    assert model.index(wasps, 3).data() == "−50.0" and model.index(rows["Accuracy"], 3).data() == "="
    colours = [model.index(row, 3).data(Qt.ItemDataRole.ForegroundRole) for row in (bees, wasps, rows["Accuracy"])]
    assert colours[0] != colours[1] and isinstance(colours[0], QColor) and colours[2] is None
    assert model.index(rows["Duration"], 1).data() == "1 min 5 s"
    assert as_text(dialog.metrics).startswith("Measure\trun-001\trun-002\tChange\n")


def test_a_lower_loss_is_better():
    metric = Metric("Mean loss", "loss", 0.5, 0.25)
    assert change_text(metric) == "−0.2500" and value_text(metric, float("inf")) == "infinite"
    assert change_text(Metric("Mean loss", "loss", 0.5, None)) == "" and value_text(metric, None) == "–"


def test_equal_runs_and_odd_names(qtbot, tmp_path):
    files = pictures(tmp_path / "pictures")
    made = [write_run(tmp_path, name, "abwabw", files) for name in ("one", "two")]
    rename(made[0], "<b>&A</b>")
    dialog = CompareDialog(compare(*made))
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog._settings_stack.currentIndex() == 0 and dialog._pictures_stack.currentIndex() == 0
    assert "Both are right on the same 6 of the 6" in find(dialog, "compareSummary").text()
    find(dialog, "allSettingsBox").setChecked(True)
    assert dialog._settings_stack.currentIndex() == 1
    assert dialog.settings.model().headerData(2, Qt.Orientation.Horizontal) == "<b>&A</b>"
    assert "<b>&A</b>" in dialog.windowTitle()


def test_a_run_without_predictions_is_compared_by_its_settings(qtbot, pair):
    (pair[1].path / "predictions.csv").unlink()
    dialog = CompareDialog(compare(pair[0], RunFolder(pair[1].path)))
    qtbot.addWidget(dialog)
    assert "no predictions yet" in find(dialog, "compareSummary").text()
    assert find(dialog, "compareSettingsTable").model().rowCount() == 1 and not entries(dialog)
