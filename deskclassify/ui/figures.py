"""Any view as a picture for a slide or a paper: PNG in the size of print, or SVG with text as text.

The view is drawn anew, not copied from the screen: text and lines are sharp, the colours are those of paper, and what
has to be scrolled to is drawn too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QAbstractItemView, QAbstractScrollArea, QGraphicsView, QWidget

from deskclassify.core import atomic
from deskclassify.core.errors import InputError, UserError, explain, is_disk_full
from deskclassify.ui import theme

KINDS = "PNG picture (*.png);;SVG drawing (*.svg)"
_WIDTH = 2000  # pixels: 17 cm, the width of a page's text, at 300 dots per inch
_DOTS_PER_METRE = 11_811  # 300 dots per inch
_MOST_PIXELS = 60e6  # of a PNG; 240 MB while it is drawn
_LONGEST = 30_000  # pixels: Qt's painter ends at 32,767
_MOST_PASSES = 8  # until nothing has to be scrolled any more
_SLACK = 40  # pixels that a view may be too high
_TALL = 2.0  # times the width; what is taller is widened, by one factor after the other
_WIDER = (1.0, 1.5, 2.25, 3.4)
_MARGIN = 12  # pixels of the view
_FALLBACKS = b", 'Segoe UI', Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Saved:
    """A view was saved; `is_whole` is False where it was so long that its end is missing."""

    path: Path
    is_whole: bool


def save_view(view: QWidget, path: Path, title: str = "", description: str = "") -> Saved:
    """Save a view as the suffix of the file says, whole or not at all.

    Grids, tables and scrolled pages are drawn in their full length. Pictures that such a grid would load only when
    they are scrolled into sight are drawn as far as they are loaded.

    Args:
        view: any widget that is visible.
        path: of a `.png` or `.svg` file.
        title: of an SVG, read aloud by screen readers.
        description: likewise.

    Raises:
        InputError: the suffix is another one.
        UserError: the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", ".svg"):
        raise InputError(f"A view is saved as PNG or SVG, and “{path.name}” is neither. End its name in .png or .svg.")
    with theme.on_paper(), _unrolled(view) as is_whole:
        data = _png(view) if suffix == ".png" else _svg(view, title, description)
    try:
        atomic.write_bytes(path, data)
    except OSError as error:
        if is_disk_full(error) or isinstance(error, PermissionError):
            raise UserError(explain(error)) from error
        raise UserError(f"“{path}” cannot be written ({error.strerror}). Choose another place.") from error
    return Saved(path, is_whole)


def _png(view: QWidget) -> bytes:
    size = _paper(view)
    scale = min(
        max(1.0, _WIDTH / size.width()),
        _LONGEST / size.height(),
        math.sqrt(_MOST_PIXELS / size.width() / size.height()),
    )
    image = QImage(size * scale, QImage.Format.Format_RGB32)
    _draw(view, QPainter(image), scale, QRect(QPoint(), image.size()))
    # Last: a painter would take it for the size of a point, and enlarge the text.
    image.setDotsPerMeterX(_DOTS_PER_METRE)
    image.setDotsPerMeterY(_DOTS_PER_METRE)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, QByteArray(b"png")).write(image):
        raise UserError("There is not enough memory to draw this. Make the window smaller, or save it as SVG.")
    return bytes(data.data())


def _svg(view: QWidget, title: str, description: str) -> bytes:
    size = _paper(view)
    data = QByteArray()
    buffer = QBuffer(data)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(), size))
    generator.setResolution(view.logicalDpiX())  # as the view was laid out for; else text is larger than its place
    generator.setTitle(title)
    generator.setDescription(description)
    _draw(view, QPainter(generator), 1.0, QRect(QPoint(), size))
    family = f'font-family="{view.font().family()}"'.encode()
    return bytes(data.data()).replace(family, family[:-1] + _FALLBACKS + b'"')


def _paper(view: QWidget) -> QSize:
    return view.size() + QSize(2 * _MARGIN, 2 * _MARGIN)


def _draw(view: QWidget, painter: QPainter, scale: float, paper: QRect) -> None:
    painter.fillRect(paper, QColor(theme.current().surface))
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.scale(scale, scale)
    painter.translate(_MARGIN, _MARGIN)
    view.render(painter, QPoint(), QRegion(), QWidget.RenderFlag.DrawChildren)
    painter.end()


@contextmanager
def _unrolled(view: QWidget) -> Iterator[bool]:
    """The view so large that nothing has to be scrolled; as it was after the block. Tells whether that was possible.

    The screen shows nothing of it as long as no events are processed in the block.
    """
    areas = [area for area in _scroll_areas(view) if area.isVisibleTo(view)]
    views = [area for area in areas if isinstance(area, QAbstractItemView)]
    geometry = view.geometry()
    modes = [(one, one.verticalScrollMode(), one.horizontalScrollMode()) for one in views]
    bars = [bar for area in areas for bar in (area.verticalScrollBar(), area.horizontalScrollBar())]
    places = [(bar, bar.value(), bar.isHidden()) for bar in bars]
    try:
        for one in views:
            # Else the range of the scroll bar counts rows.
            one.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
            one.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        is_whole = _grow(view, areas)
        for bar in bars:
            bar.hide()
        yield is_whole
    finally:
        for one, vertical, horizontal in modes:
            one.setVerticalScrollMode(vertical)
            one.setHorizontalScrollMode(horizontal)
        view.setGeometry(geometry)
        _lay_out(view, areas)
        for bar, value, is_hidden in places:
            bar.setHidden(is_hidden)
            bar.setValue(value)


def _scroll_areas(view: QWidget) -> list[QAbstractScrollArea]:
    found = list(view.findChildren(QAbstractScrollArea))
    if isinstance(view, QAbstractScrollArea):
        found.append(view)
    return [area for area in found if not isinstance(area, QGraphicsView)]  # a chart is as large as it is seen


def _grow(view: QWidget, areas: list[QAbstractScrollArea]) -> bool:
    """Enlarge the view until its scroll bars have nothing left to do; returns whether they have.

    What would become a long strip is made wider as well, so that it can be printed on a page.
    """
    size = view.size()
    is_whole = False
    for factor in _WIDER:
        view.resize(round(size.width() * factor), size.height())
        is_whole = _stretch(view, areas)
        if view.height() <= _TALL * view.width():
            break
    return is_whole


def _stretch(view: QWidget, areas: list[QAbstractScrollArea]) -> bool:
    least = view.size()
    for _ in range(_MOST_PASSES):
        across, down = _missing(view, areas)
        if not across and not down:
            _trim(view, areas, least.height())
            return True
        wanted = (view.size() + QSize(across, down)).boundedTo(QSize(_LONGEST, _LONGEST))
        if wanted == view.size():
            return False
        view.resize(wanted)
    return False


def _trim(view: QWidget, areas: list[QAbstractScrollArea], least: int) -> None:
    """Take back what the height has too much: a grid that has become wider needs fewer rows than it said before."""
    enough = view.height()
    while enough - least > _SLACK:
        middle = (least + enough) // 2
        view.resize(view.width(), middle)
        if any(_missing(view, areas)):
            least = middle
        else:
            enough = middle
    view.resize(view.width(), enough)
    _lay_out(view, areas)


def _missing(view: QWidget, areas: list[QAbstractScrollArea]) -> tuple[int, int]:
    """Pixels across and down that have to be scrolled to."""
    _lay_out(view, areas)
    across = (_hidden(area, Qt.Orientation.Horizontal) for area in areas)
    down = (_hidden(area, Qt.Orientation.Vertical) for area in areas)
    return max(across, default=0), max(down, default=0)


def _lay_out(view: QWidget, areas: list[QAbstractScrollArea]) -> None:
    """Do now what Qt would do at the next event."""
    for widget in (view, *view.findChildren(QWidget)):
        layout = widget.layout()
        if layout is not None:
            layout.activate()
    for area in areas:
        if isinstance(area, QAbstractItemView):
            area.doItemsLayout()


def _hidden(area: QAbstractScrollArea, orientation: Qt.Orientation) -> int:
    """Pixels that have to be scrolled to."""
    is_vertical = orientation == Qt.Orientation.Vertical
    bar = area.verticalScrollBar() if is_vertical else area.horizontalScrollBar()
    policy = area.verticalScrollBarPolicy() if is_vertical else area.horizontalScrollBarPolicy()
    return 0 if policy == Qt.ScrollBarPolicy.ScrollBarAlwaysOff else bar.maximum() - bar.minimum()
