"""The chart is checked by what it holds, what it paints, and what it writes."""

import csv
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from deskclassify.ui import theme
from deskclassify.ui.widgets.line_chart import LineChart


@pytest.fixture
def chart(qtbot):
    chart = LineChart("Loss", "loss")
    qtbot.addWidget(chart)
    chart.resize(420, 300)
    return chart


def count_pixels(widget, color):
    image = widget.grab().toImage()
    wanted = QColor(color)
    near = 0
    for y in range(image.height()):
        for x in range(image.width()):
            pixel = image.pixelColor(x, y)
            if max(abs(pixel.red() - wanted.red()), abs(pixel.green() - wanted.green())) < 12 and (
                abs(pixel.blue() - wanted.blue()) < 12
            ):
                near += 1
    return near


def test_pyqtgraph_is_not_imported_before_a_chart_is_shown():
    program = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from deskclassify.ui.widgets.line_chart import LineChart\n"
        "chart = LineChart('Loss', 'loss')\n"
        "chart.set_series('training', [1], [2.0])\n"
        "assert 'pyqtgraph' not in sys.modules\n"
        "chart.flush()\n"
        "assert 'pyqtgraph' in sys.modules and 'cupy' not in sys.modules and 'numba' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_series_are_kept_and_replaced(chart):
    chart.set_series("training", [1, 2, 3], [1.0, None, 0.5])
    chart.set_series("training", [1, 2], [1.0, 0.7])
    xs, ys = chart.series("training")
    assert xs.tolist() == [1.0, 2.0] and ys.tolist() == [1.0, 0.7]
    chart.clear()
    assert chart.series_names() == ()
    with pytest.raises(KeyError):
        chart.series("training")


def test_lengths_must_agree(chart):
    with pytest.raises(ValueError):
        chart.set_series("training", [1, 2], [1.0])


def test_line_is_painted_after_the_timer_not_at_once(chart, qtbot):
    chart.show()
    qtbot.waitUntil(lambda: chart._plot is not None)
    before = count_pixels(chart, "#d00000")
    chart.set_series("training", [1, 2, 3], [1.0, 2.0, 1.5], color="#d00000")
    assert count_pixels(chart, "#d00000") == before == 0
    qtbot.waitUntil(lambda: count_pixels(chart, "#d00000") > 20, timeout=2000)


def test_many_calls_are_one_repaint(chart, qtbot, monkeypatch):
    chart.show()
    qtbot.waitUntil(lambda: chart._plot is not None)
    chart.flush()
    paints = []
    original = chart._plot.show_series
    monkeypatch.setattr(chart._plot, "show_series", lambda *args: (paints.append(1), original(*args)))
    for count in range(1, 200):
        chart.set_series("training", range(count), np.zeros(count))
    qtbot.waitUntil(lambda: bool(paints), timeout=2000)
    assert len(paints) == 1 and len(chart.series("training")[0]) == 199


def test_a_hidden_chart_is_painted_when_it_is_shown(chart, qtbot):
    chart.set_series("training", [1, 2, 3], [1.0, 2.0, 1.5], color="#d00000")
    qtbot.wait(200)
    assert chart._plot is None
    chart.show()
    qtbot.waitUntil(lambda: count_pixels(chart, "#d00000") > 20, timeout=4000)


def test_empty_chart_says_what_will_be_there(chart):
    chart.flush()
    assert chart._stack.currentIndex() == 0
    chart.set_series("training", [1.0], [None])
    chart.flush()
    assert chart._stack.currentIndex() == 0, "a line without a single value is nothing to show"
    chart.set_series("training", [1.0], [0.5])
    chart.flush()
    assert chart._stack.currentIndex() == 1


def test_csv_has_a_row_for_each_x(chart, tmp_path):
    chart.set_series("training", [1, 2, 3], [0.5, 0.25, 0.125])
    chart.set_series("validation", [2, 3], [0.4, None])
    target = tmp_path / "loss.csv"
    chart.save_csv(target)
    with target.open() as file:
        rows = list(csv.reader(file))
    assert rows == [["epoch", "training", "validation"], ["1", "0.5", ""], ["2", "0.25", "0.4"], ["3", "0.125", ""]]


def test_png_shows_the_lines(chart, tmp_path):
    chart.set_series("training", [1, 2, 3], [0.5, 0.25, 0.125], color="#d00000")
    target = tmp_path / "loss.png"
    chart.save_png(target)
    with Image.open(target) as image:
        assert image.size == (840, 600)
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert (np.abs(pixels - [208, 0, 0]).sum(axis=2) < 40).sum() > 50
    assert not chart._menu_button.isHidden()


def test_percent_and_logarithm_are_only_shown(qtbot):
    chart = LineChart("Finder", "loss", "learning rate", percent=True, log_x=True)
    qtbot.addWidget(chart)
    chart.set_series("loss", [1e-5, 1e-1], [0.2, 0.9])
    chart.flush()
    chart.show()
    qtbot.waitUntil(lambda: chart._plot.in_view()[0][0] < -4.9)
    (_, right), (low, high) = chart._plot.in_view()
    assert right > -1.1 and low < 20 and high > 90
    assert chart.series("loss")[0].tolist() == [1e-5, 1e-1]


def test_click_gives_the_rate_and_double_click_resets(qtbot):
    chart = LineChart("Finder", "loss", "learning rate", log_x=True)
    qtbot.addWidget(chart)
    chart.resize(500, 320)
    chart.set_series("loss", [1e-5, 1e-3, 1e-1], [0.2, 0.4, 0.9])
    chart.show()
    chart.flush()
    plot = chart._plot
    qtbot.waitUntil(lambda: plot.in_view()[0][0] < -4.9)
    whole = plot.in_view()
    centre = plot.mapFromScene(plot._box.sceneBoundingRect().center())
    with qtbot.waitSignal(chart.clicked_x) as clicked:
        qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(centre))
    assert 3e-4 < clicked.args[0] < 3e-3
    plot._box.setRange(xRange=(-3.1, -2.9), padding=0)
    assert plot.in_view() != whole
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(centre))
    qtbot.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(centre))
    qtbot.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(centre))
    qtbot.waitUntil(lambda: np.allclose(plot.in_view(), whole))


def test_crosshair_tells_every_value_at_the_nearest_x(chart):
    chart.set_series("training", [1, 2, 3], [0.5, 0.25, 0.125])
    chart.set_series("validation", [1, 2, 3], [0.6, 0.35, 0.3])
    chart.flush()
    assert chart._plot.nearest(2.2) == 2.0
    text = chart._plot._values(2.0)
    assert "training 0.25" in text and "validation 0.35" in text


def test_marks(chart):
    chart.set_series("training", [1, 2, 3], [0.5, 0.25, 0.125])
    chart.mark(1.5, "unfrozen")
    chart.flush()
    assert chart.marks() == ((1.5, "unfrozen"),) and len(chart._plot._marks) == 1
    chart.clear_marks()
    chart.flush()
    assert chart.marks() == () and chart._plot._marks == []


def test_follows_the_theme(chart, qapp):
    chart.set_series("training", [1, 2, 3], [0.5, 0.25, 0.125])
    try:
        theme.apply(qapp, "dark")
        chart.flush()
        assert chart._plot.backgroundBrush().color().name() == theme.DARK.surface
        theme.apply(qapp, "light")
        assert chart._plot.backgroundBrush().color().name() == theme.LIGHT.surface
    finally:
        theme.apply(qapp, "light")
