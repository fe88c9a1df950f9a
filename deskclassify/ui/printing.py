"""Pages that were made as pictures, on paper: a preview first, from which it is printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QRectF, QSize, Qt
from PySide6.QtGui import QImageReader, QPageLayout, QPageSize, QPainter
from PySide6.QtWidgets import QDialog, QWidget

from deskclassify.core.errors import InputError

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

MOST_PAGES = 200  # the preview draws them all


def prepare(target: QPrinter) -> None:
    """Upright A4 without a margin: the pages have their own."""
    page = QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0))
    target.setFullPage(True)
    target.setPageLayout(page)
    target.setDocName("Contact sheet")


def draw(target: QPrinter, pages: Sequence[Path]) -> None:
    """Draw each page on a sheet of its own, as large as the paper takes.

    Args:
        target: that draws on paper or into a file.
        pages: files of pictures. One at a time is in memory.

    Raises:
        InputError: a page cannot be read, or the printer cannot begin.
    """
    painter = QPainter()
    if not painter.begin(target):
        raise InputError("The printer does not answer. Check it, or save the contact sheet as a PDF.")
    try:
        for number, page in enumerate(pages):
            if number:
                target.newPage()
            image = QImageReader(str(page)).read()
            if image.isNull():
                raise InputError(f"The page “{page.name}” is not there any more. Print again.")
            paper = QRectF(painter.viewport())
            size = image.size().scaled(
                QSize(round(paper.width()), round(paper.height())), Qt.AspectRatioMode.KeepAspectRatio
            )
            left, top = (paper.width() - size.width()) / 2, (paper.height() - size.height()) / 2
            painter.drawImage(QRectF(left, top, size.width(), size.height()), image)
    finally:
        painter.end()


def preview(parent: QWidget, pages: Sequence[Path]) -> QDialog:
    """Show the pages as they will be; its print button asks for the printer. The files must stay until it is finished.

    Raises:
        InputError: there are too many, or this Qt cannot print.
    """
    if len(pages) > MOST_PAGES:
        raise InputError(f"These are {len(pages):,} pages. Save the contact sheet as a PDF, and print that.")
    try:
        from PySide6.QtPrintSupport import QPrintPreviewDialog  # not while the window starts
    except ImportError as error:
        raise InputError(
            "This computer's Qt cannot print. Save the contact sheet as a PDF, and print that.", str(error)
        ) from error
    dialog = QPrintPreviewDialog(parent)
    prepare(dialog.printer())  # the dialog's own: one that is made here would have to outlive it
    dialog.setObjectName("printPreview")
    dialog.setWindowTitle("Print the contact sheet")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.resize(900, 700)
    dialog.paintRequested.connect(lambda asked: draw(asked, pages))
    dialog.open()
    return dialog
