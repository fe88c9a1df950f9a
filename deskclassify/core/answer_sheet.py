"""Contact sheets: answered pictures on pages, each with its class and how sure the model is.

Pages are made one after the other and written at once, so that thousands of pictures need the memory of one page.
"""

from __future__ import annotations

import io
import math
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol

from PIL import Image, ImageDraw, ImageFont, ImageOps

import resources
from deskclassify.core import machine
from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.control import ShouldStop
from deskclassify.core.errors import InputError
from deskclassify.core.events import Event, Prediction, Progress, Throttle
from deskclassify.core.pictures import PictureError, open_rgb
from deskclassify.core.use_events import SheetWritten
from deskclassify.core.use_requests import SheetRequest
from deskclassify.core.words import percent

DPI = 150
PAGE = (1240, 1754)  # pixels: A4, upright
SUFFIXES = (".pdf", ".png", ".jpg", ".jpeg")
_MARGIN, _SPACE = 72, 22  # pixels around a page, between pictures
_HEAD, _FOOT = 104, 40  # pixels
_TITLE, _NOTE, _LABEL, _SMALL = 34, 19, 20, 15  # pixels, heights of letters
_LINES = 56  # pixels below a picture
_DOT = 13  # pixels
_QUALITY = 88
_POINTS = 72.0  # of an inch, in a PDF
_INK, _SOFT, _RULE, _BLANK = (24, 33, 38), (83, 97, 106), (213, 220, 224), (240, 243, 245)
_MOST_COLUMNS = 12


@dataclass(frozen=True)
class _Layout:
    """Where pictures lie on a page; `wide` and `high` are the most that one may take; pixels."""

    columns: int
    rows: int
    wide: int
    high: int

    @property
    def count(self) -> int:
        return self.columns * self.rows

    def place(self, number: int) -> tuple[int, int]:
        """The left upper corner of a picture of the page."""
        row, column = divmod(number, self.columns)
        return _MARGIN + column * (self.wide + _SPACE), _MARGIN + _HEAD + row * (self.high + _LINES + _SPACE // 2)


def layout(columns: int) -> _Layout:
    """Places that are about square and fill the page."""
    columns = min(_MOST_COLUMNS, max(1, columns))
    width, height = PAGE[0] - 2 * _MARGIN, PAGE[1] - 2 * _MARGIN - _HEAD - _FOOT
    wide = (width - (columns - 1) * _SPACE) // columns
    between = _LINES + _SPACE // 2
    rows = max(1, round(height / (wide + between)))
    return _Layout(columns, rows, wide, height // rows - between)


def page_count(pictures: int, columns: int) -> int:
    """How many pages that many pictures take."""
    return -(-pictures // layout(columns).count)


def write(request: SheetRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `SheetRequest`. When it is stopped or fails, nothing that it wrote is left.

    Raises:
        InputError: there are no answers, the suffix is unknown, or a further page would overwrite a file.
        OSError: a file cannot be written.
    """
    if not request.rows:
        raise InputError("There is no answer to put on a sheet. Classify some pictures first.")
    target = Path(request.file)
    if target.suffix.lower() not in SUFFIXES:
        raise InputError(f"“{target.name}” is no kind of sheet. Save it as .pdf, .png or .jpg.")
    pages = page_count(len(request.rows), request.columns)
    writer = _Pdf(target) if target.suffix.lower() == ".pdf" else _Files(target, pages)
    begun, throttle = time.monotonic(), Throttle()
    try:
        for number, page in enumerate(_pages(request, pages, should_stop), 1):
            writer.add(page)
            if throttle.ready(number == pages):
                each = (time.monotonic() - begun) / number
                yield Progress("sheet", number, pages, seconds_left=each * (pages - number))
        if should_stop():
            return
        files = writer.end()
    finally:
        writer.drop()
    yield SheetWritten(tuple(map(str, files)), len(request.rows), pages)


# -- pages --------------------------------------------------------------------------------


def _pages(request: SheetRequest, pages: int, should_stop: ShouldStop) -> Iterator[Image.Image]:
    """The pages, one at a time; fewer when told to stop."""
    where = layout(request.columns)
    order = {label: place for place, label in enumerate(sorted(request.classes))}
    with ThreadPoolExecutor(machine.cpu_count()) as pool:
        for number in range(pages):
            rows = request.rows[number * where.count : (number + 1) * where.count]
            tiles = pool.map(lambda row: None if should_stop() else _tile(row, (where.wide, where.high)), rows)
            page = _empty(request, number + 1, pages)
            for place, (row, picture) in enumerate(zip(rows, tiles, strict=True)):
                _put(page, where.place(place), (where.wide, where.high), row, picture, _color(row, order))
            if should_stop():
                return
            yield page


def _tile(row: Prediction, room: tuple[int, int]) -> Image.Image | None:
    """The whole picture, in a room of so many pixels; None where it cannot be read."""
    if row.error:
        return None
    try:
        return ImageOps.contain(open_rgb(row.path, draft=max(room)), room, Image.Resampling.BILINEAR)
    except PictureError:
        return None


def _empty(request: SheetRequest, number: int, pages: int) -> Image.Image:
    page = Image.new("RGB", PAGE, "white")
    draw, right = ImageDraw.Draw(page), PAGE[0] - _MARGIN
    date = f"{datetime.now():%Y-%m-%d}"
    room = right - _MARGIN
    draw.text((_MARGIN, _MARGIN - 8), _cut(request.title, room, _TITLE, "SemiBold"), _INK, font(_TITLE, "SemiBold"))
    draw.text((_MARGIN, _MARGIN + 40), _cut(request.note, room - 150, _NOTE), _SOFT, font(_NOTE))
    draw.text((right, _MARGIN + 40), date, _SOFT, font(_NOTE), anchor="ra")
    draw.line((_MARGIN, _MARGIN + 78, right, _MARGIN + 78), _RULE, 2)
    draw.text((right, PAGE[1] - _MARGIN), f"Page {number:,} of {pages:,}", _SOFT, font(_SMALL), anchor="rs")
    return page


def _put(
    page: Image.Image,
    at: tuple[int, int],
    room: tuple[int, int],
    row: Prediction,
    picture: Image.Image | None,
    color: str,
) -> None:
    draw, (left, top), (side, high) = ImageDraw.Draw(page), at, room
    if picture is None:
        draw.rounded_rectangle((left, top, left + side, top + high), 8, _BLANK)
        draw.text((left + side // 2, top + high // 2), "not readable", _SOFT, font(_SMALL), anchor="mm")
    else:
        page.paste(picture, (left + (side - picture.width) // 2, top + high - picture.height))  # above its caption
    below, sure = top + high + 8, "" if row.probability is None or row.error else percent(row.probability)
    small = min(_LABEL, max(11, side // 9))
    x = left
    if color:
        draw.ellipse((left, below + 5, left + _DOT, below + 5 + _DOT), color)
        x += _DOT + 7
    width = side - (x - left)
    if not row.refused and sure:
        draw.text((left + side, below), sure, _SOFT, font(small), anchor="ra")
        width -= math.ceil(font(small).getlength(sure)) + 8
    text = "could not be read" if row.error else NO_ANSWER if row.refused else row.label
    draw.text((x, below), _cut(text, width, small, "SemiBold"), _INK, font(small, "SemiBold"))
    tiny = min(_SMALL, max(9, side // 12))
    draw.text((left, below + small + 8), _cut(Path(row.path).name, side, tiny), _SOFT, font(tiny))


def _color(row: Prediction, order: dict[str, int]) -> str:
    if row.error or row.label not in order:
        return ""
    return "#8a979f" if row.refused else COLORS[order[row.label] % len(COLORS)]


# The window's own (ui/theme.py, which this layer may not know); a test compares them.
COLORS = (
    "#2f7fd6", "#d9760b", "#1f9e77", "#c65bb0", "#a08a12", "#7b74dc", "#d9534f", "#2593ab", "#8c7662", "#6f9a2e",
)  # fmt: skip


@cache
def font(pixels: int, weight: str = "Regular") -> ImageFont.FreeTypeFont:
    """The program's own font."""
    return ImageFont.truetype(str(Path(resources.__file__).parent / "fonts" / f"Inter-{weight}.otf"), pixels)


def _cut(text: str, width: int, pixels: int, weight: str = "Regular") -> str:
    """Text that fits into `width` pixels; what no font can draw becomes a question mark."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())[:300]
    ink = font(pixels, weight)
    if ink.getlength(text) <= width:
        return text
    low, high = 0, len(text)  # the longest beginning that fits
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if ink.getlength(f"{text[:middle]}…") <= width else (low, middle - 1)
    return f"{text[:low]}…" if low else ""


# -- files --------------------------------------------------------------------------------


class _Writer(Protocol):
    def add(self, page: Image.Image) -> None: ...
    def end(self) -> Sequence[Path]: ...
    def drop(self) -> None: ...


def _part(target: Path) -> Path:
    return target.with_name(f".{secrets.token_hex(6)}.part")


class _Files:
    """PNG or JPEG, a file a page; they get their names when all are there."""

    def __init__(self, target: Path, pages: int) -> None:
        digits = len(str(pages))
        self._targets = (
            [target]
            if pages == 1
            else [target.with_name(f"{target.stem}-{page:0{digits}d}{target.suffix}") for page in range(1, pages + 1)]
        )
        there = [path.name for path in self._targets if path.exists()] if pages > 1 else []
        if there:  # the user was asked for the one name that the dialog knew
            raise InputError(f"The sheet has {pages:,} pages, and “{there[0]}” is there already. Choose another name.")
        self._parts: list[Path] = []

    def add(self, page: Image.Image) -> None:
        part = _part(self._targets[0])
        self._parts.append(part)
        with part.open("xb") as file:
            if self._targets[0].suffix.lower() == ".png":
                page.save(file, "PNG", compress_level=3, dpi=(DPI, DPI))
            else:
                page.save(file, "JPEG", quality=_QUALITY, dpi=(DPI, DPI))

    def end(self) -> Sequence[Path]:
        for part, target in zip(self._parts, self._targets, strict=True):
            part.replace(target)
        return self._targets

    def drop(self) -> None:
        for part in self._parts:
            part.unlink(missing_ok=True)


class _Pdf:
    """A PDF whose pages are JPEGs, written as they come: Pillow keeps all pages until the end.

    Objects 1 and 2 are the catalogue and the list of pages, written last; then three for each page (ISO 32000-1, 7.5).
    """

    def __init__(self, target: Path) -> None:
        self._target, self._made = target, _part(target)
        self._file: BinaryIO = self._made.open("xb")
        self._file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
        self._places: dict[int, int] = {}  # object → where it begins
        self._pages: list[int] = []

    def _object(self, number: int, body: bytes) -> None:
        self._places[number] = self._file.tell()
        self._file.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))

    def add(self, page: Image.Image) -> None:
        data = io.BytesIO()
        page.save(data, "JPEG", quality=_QUALITY)
        jpeg, first = data.getvalue(), 3 + 3 * len(self._pages)
        wide, high = (side / DPI * _POINTS for side in page.size)
        head = (
            f"<< /Type /XObject /Subtype /Image /Width {page.width} /Height {page.height} /ColorSpace /DeviceRGB "
            f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(jpeg)} >>\nstream\n"
        )
        self._object(first, head.encode() + jpeg + b"\nendstream")
        draw = f"q {wide:.2f} 0 0 {high:.2f} 0 0 cm /Im0 Do Q".encode()
        self._object(first + 1, b"<< /Length %d >>\nstream\n%b\nendstream" % (len(draw), draw))
        self._object(
            first + 2,
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide:.2f} {high:.2f}] /Contents {first + 1} 0 R "
            f"/Resources << /XObject << /Im0 {first} 0 R >> >> >>".encode(),
        )
        self._pages.append(first + 2)

    def end(self) -> Sequence[Path]:
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._object(1, b"<< /Type /Catalog /Pages 2 0 R >>")
        self._object(2, f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>".encode())
        table, count = self._file.tell(), max(self._places) + 1
        self._file.write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        for number in range(1, count):
            self._file.write(f"{self._places[number]:010d} 00000 n \n".encode())
        self._file.write(f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode())
        self._file.close()
        self._made.replace(self._target)
        return [self._target]

    def drop(self) -> None:
        self._file.close()
        self._made.unlink(missing_ok=True)
