import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from deskclassify.ui.widgets.colormap import text_on
from deskclassify.ui.widgets.confusion_matrix import SHARE_ROLE, ConfusionMatrix, heat

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


def test_a_hundred_classes_scroll_and_turn_their_names(qtbot):
    names = tuple(f"a rather long class name {number}" for number in range(100))
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(400, 400)
    matrix.set_matrix(names, [[int(row == column) for column in range(100)] for row in range(100)])
    matrix.show()
    assert matrix.horizontalHeader()._turned() and matrix.columnWidth(0) >= 22
    assert matrix.horizontalScrollBar().maximum() > 0 and matrix.verticalScrollBar().maximum() > 0
    assert matrix.horizontalHeader().height() <= 150
    matrix.choose(names[99], names[99])
    assert not matrix.visualRect(matrix.currentIndex()).isEmpty()


def test_cells_fill_the_room(matrix):
    assert 60 <= matrix.columnWidth(0) <= 84
    matrix.resize(260, 360)
    assert matrix.columnWidth(0) < 84


def test_heat_grows_with_the_share_and_text_is_readable():
    steps = [heat("#ffffff", "#ff0000", share).green() for share in (0.0, 0.01, 0.3, 1.0)]
    assert steps == sorted(steps, reverse=True) and steps[0] == 255 and steps[1] < 240
    assert text_on(QColor("#ffffff")).lightness() < 80 and text_on(QColor("#002200")).lightness() > 200
