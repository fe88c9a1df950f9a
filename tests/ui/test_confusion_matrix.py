import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from deskclassify.ui.widgets.colormap import text_on
from deskclassify.ui.widgets.confusion_matrix import SHARE_ROLE, ConfusionMatrix, heat
from deskclassify.ui.widgets.confusion_painter import Look, texts

CLASSES = ("ants", "bees", "wasps")
COUNTS = ((9, 1, 0), (0, 10, 0), (4, 0, 0))


@pytest.fixture
def matrix(qtbot):
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(420, 360)
    matrix.set_matrix(CLASSES, COUNTS)
    matrix.show()
    return matrix


def cell_color(matrix, row, column):
    rect = matrix.visualRect(matrix.model().index(row, column))
    image = matrix.viewport().grab().toImage()
    return image.pixelColor(rect.left() + 8, rect.top() + 8)


def test_model_holds_the_counts(matrix):
    model = matrix.model()
    assert [[model.index(row, column).data() for column in range(3)] for row in range(3)] == [list(r) for r in COUNTS]
    assert model.index(0, 0).data(SHARE_ROLE) == pytest.approx(0.9)
    assert model.headerData(2, Qt.Orientation.Horizontal) == "wasps"
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == (
        "1 of 10 pictures of “ants” were taken for “bees” (10 %)."
    )


def test_a_class_without_pictures_divides_by_nothing(qtbot):
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.set_matrix(("a", "b"), ((0, 0), (0, 2)))
    assert matrix.model().index(0, 0).data(SHARE_ROLE) == 0.0
    assert "0 of 0" in matrix.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_right_cells_are_green_and_wrong_ones_red(matrix):
    right, wrong, none = cell_color(matrix, 1, 1), cell_color(matrix, 2, 0), cell_color(matrix, 0, 2)
    assert right.green() > right.red() + 30
    assert wrong.red() > wrong.green() + 30
    assert abs(none.red() - none.green()) < 15


def test_click_enter_and_space_choose_a_cell(matrix, qtbot):
    rect = matrix.visualRect(matrix.model().index(2, 0))
    with qtbot.waitSignal(matrix.cell_chosen) as chosen:
        qtbot.mouseClick(matrix.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert chosen.args == ["wasps", "ants"]
    qtbot.keyClick(matrix, Qt.Key.Key_Up)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(matrix.cell_chosen) as chosen:
            qtbot.keyClick(matrix, key)
        assert chosen.args == ["bees", "ants"]


@pytest.fixture
def many(qtbot):
    """A hundred classes, of which number 7 is taken for number 30 once."""
    names = tuple(f"a rather long class name {number:02d}" for number in range(100))
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(400, 400)
    counts = 3 * np.eye(100, dtype=int)
    counts[7, 30] = 1
    matrix.set_matrix(names, counts.tolist())
    matrix.show()
    return matrix


def test_a_hundred_classes_fit_and_write_some_of_their_names(many):
    assert 2 <= many.columnWidth(0) == many.rowHeight(0) <= 4
    assert many.horizontalScrollBar().maximum() == many.verticalScrollBar().maximum() == 0
    across = many.horizontalHeader()
    assert across.is_turned() and across.named_every() > 3 and across.height() <= 150
    many.choose(many.model().classes[99], many.model().classes[99])
    assert not many.visualRect(many.currentIndex()).isEmpty()


def test_zooming_makes_cells_larger_and_back(many, qtbot):
    fitting = many.columnWidth(0)
    for _ in range(5):
        many.zoom_in()
    assert many.columnWidth(0) > 3 * fitting and not many.is_fitted and many.horizontalScrollBar().maximum() > 0
    many.zoom_out()
    assert not many.is_fitted
    for _ in range(12):
        many.zoom_out()
    assert many.is_fitted and many.columnWidth(0) == fitting
    many.zoom_in()
    many.fit()
    assert many.is_fitted and many.columnWidth(0) == fitting
    for _ in range(20):
        many.zoom_in()
    assert many.columnWidth(0) == 84


def test_zooming_keeps_the_chosen_cell_in_sight(many):
    many.choose(many.model().classes[7], many.model().classes[30])
    for _ in range(6):
        many.zoom_in()
        assert many.viewport().rect().contains(many.visualRect(many.currentIndex()).center())


def test_few_classes_lie_flat_where_there_is_little_height(qtbot):
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(390, 150)
    names = ("cardboard", "glass", "metal", "paper", "plastic", "trash")
    matrix.set_matrix(names, np.eye(6, dtype=int).tolist())
    matrix.show()
    assert not matrix.horizontalHeader().is_turned() and matrix.rowHeight(0) >= 16
    matrix.resize(390, 400)
    assert matrix.horizontalHeader().is_turned(), "there is height for whole names"


def test_the_pointer_beside_a_tiny_error_means_that_error(many, qtbot):
    rect = many.visualRect(many.model().index(7, 30))
    beside = rect.center() + QPoint(rect.width(), 0)
    with qtbot.waitSignal(many.cell_hovered) as told:
        qtbot.mouseMove(many.viewport(), beside)
    assert told.args[0].startswith("1 of 4 pictures of “a rather long class name 07” were taken for")
    with qtbot.waitSignal(many.cell_chosen) as chosen:
        qtbot.mouseClick(many.viewport(), Qt.MouseButton.LeftButton, pos=beside)
    assert [name[-2:] for name in chosen.args] == ["07", "30"]


def test_a_single_error_among_a_hundred_classes_is_seen(many):
    rect = many.visualRect(many.model().index(7, 30))
    image = many.viewport().grab().toImage()
    error, nothing = image.pixelColor(rect.center()), image.pixelColor(rect.center() + QPoint(30, 0))
    assert error.red() > error.green() + 40 and abs(nothing.red() - nothing.green()) < 15


def test_another_order_moves_classes_with_their_counts(matrix):
    matrix.choose("wasps", "ants")
    matrix.set_order("errors")
    model = matrix.model()
    names = [model.headerData(at, Qt.Orientation.Vertical) for at in range(3)]
    assert names == ["ants", "wasps", "bees"]
    for row, actual in enumerate(names):
        for column, predicted in enumerate(names):
            assert model.index(row, column).data() == COUNTS[CLASSES.index(actual)][CLASSES.index(predicted)]
    assert (matrix.currentIndex().row(), matrix.currentIndex().column()) == (1, 0), "the chosen cell stays chosen"
    matrix.set_order("name")
    assert [model.headerData(at, Qt.Orientation.Vertical) for at in range(3)] == list(CLASSES)


def test_errors_only_leaves_the_right_answers_pale(matrix):
    matrix.set_errors_only(True)
    right, wrong = cell_color(matrix, 1, 1), cell_color(matrix, 2, 0)
    assert abs(right.green() - right.red()) < 15 and wrong.red() > wrong.green() + 30


def test_shares_are_written_in_percent():
    counts, shares = np.array([[199, 1], [0, 0]]), np.array([[0.995, 0.004], [0.0, 0.0]])
    right = np.eye(2, dtype=bool)
    assert texts(counts, shares, right, Look("count")) == [["199", "1"], ["", "0"]]
    assert texts(counts, shares, right, Look("share")) == [["100", "<1"], ["", "0"]]


def test_the_pointer_is_told_and_forgotten(matrix, qtbot):
    with qtbot.waitSignal(matrix.cell_hovered) as told:
        qtbot.mouseMove(matrix.viewport(), matrix.visualRect(matrix.model().index(2, 0)).center())
    assert told.args == ["4 of 4 pictures of “wasps” were taken for “ants” (100 %)."]
    with qtbot.waitSignal(matrix.cell_hovered) as told:
        QApplication.sendEvent(matrix.viewport(), QEvent(QEvent.Type.Leave))
    assert told.args == [""]


def test_cells_fill_the_room(matrix):
    assert 60 <= matrix.columnWidth(0) <= 84
    matrix.resize(260, 360)
    assert matrix.columnWidth(0) < 84


def test_heat_grows_with_the_share_and_text_is_readable():
    steps = [heat("#ffffff", "#ff0000", share).green() for share in (0.0, 0.01, 0.3, 1.0)]
    assert steps == sorted(steps, reverse=True) and steps[0] == 255 and steps[1] < 240
    assert text_on(QColor("#ffffff")).lightness() < 80 and text_on(QColor("#002200")).lightness() > 200
