"""Taking answers along: as a table, as JSON, on the clipboard, sorted into folders, on a contact sheet, on paper."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QObject, QUrl, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QDialog, QMenu, QPushButton, QWidget

from deskclassify.core import answer_files, answer_sheet, sorting
from deskclassify.core.answer_files import AnswersSaved, SaveRequest
from deskclassify.core.control import never
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event, PredictDone, Prediction
from deskclassify.core.use_events import SheetWritten, Sorted
from deskclassify.core.use_requests import SheetRequest, SortRequest
from deskclassify.core.words import counted
from deskclassify.ui import dialogs, printing, theme
from deskclassify.ui.pages.predict.table import COLUMNS, TIME, PredictionFilter, PredictionModel
from deskclassify.ui.pages.predict.task_line import TaskLine
from deskclassify.ui.pages.predict.views import AnswerViews
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import run_guarded
from deskclassify.ui.widgets.named import named

_AT_ONCE = 2_000  # rows that are written in the window's thread: more would be felt
_MOST_FILES = 1_000  # on the clipboard, as files
_TABLES = "Tables for spreadsheets (*.csv)"
_SHEETS = "PDF, all pages (*.pdf);;PNG, a file a page (*.png);;JPEG, a file a page (*.jpg)"
_PRINT_COLUMNS = 5


class ResultActions(QObject):
    """The menu “Save or copy” and what it does. `task` tells how far it is.

    Most of it is about all answers, or about those that are shown while a filter hides some: `only_shown` decides.
    """

    def __init__(
        self,
        session: Session,
        model: PredictionModel,
        shown: PredictionFilter,
        views: AnswerViews,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._session, self._model, self._filter, self._views, self._parent = session, model, shown, views, parent
        self._answering: Path | None = None
        self._done: PredictDone | None = None
        self._print_folder: Path | None = None
        self.preview: QDialog | None = None
        self.task = TaskLine(session)
        self.button = named(QPushButton(theme.icon("export"), "Save or copy"), "takeResultsButton")
        self.button.setToolTip("Take the answers along: tables, folders of classes, contact sheets, paper")
        self.button.setProperty("hasMenu", True)
        self.button.setMenu(self._make_menu())
        self.task.busy_changed.connect(self._refresh)
        self.task.busy_changed.connect(self._busy)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self._parent)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._refresh)
        self.only_shown = menu.addAction("Only what is shown")
        self.only_shown.setObjectName("onlyShownAction")
        self.only_shown.setCheckable(True)
        self.only_shown.setChecked(True)
        self.only_shown.setToolTip("Without the tick, also what the filter hides")
        self._below_only = menu.addSeparator()
        self.csv_action = self._add(menu, "table", "Table (CSV)…", "saveTableAction", self._choose_csv)
        self.json_action = self._add(menu, "save", "For programmers (JSON)…", "saveJsonAction", self._choose_json)
        self.sort_action = self._add(
            menu, "folders", "Copy pictures into class folders…", "sortAction", self._choose_folder
        )
        self.sort_action.setToolTip("A folder for each class. Nothing is moved, and no file is overwritten")
        menu.addSeparator()
        self.sheet_action = self._add(
            menu, "image", "Contact sheet (PDF, PNG, JPEG)…", "sheetAction", self._choose_sheet
        )
        self.sheet_action.setToolTip("Pages of small pictures with their classes")
        self.print_action = self._add(menu, "layers", "Print contact sheet…", "printAction", self.print_sheet)
        menu.addSeparator()
        self.copy_action = self._add(menu, "copy", "Copy selected rows", "copyRowsAction", self.copy_rows)
        self.copy_action.setToolTip("As text for a spreadsheet, and as files for a file manager")
        return menu

    def _add(self, menu: QMenu, icon: str, text: str, name: str, slot: Any) -> QAction:
        action: QAction = menu.addAction(theme.icon(icon), text, slot)
        return named(action, name)

    def set_model(self, model: Path | None) -> None:
        """The model that answers from now on."""
        self._answering, self._done = model, None

    def set_done(self, done: PredictDone) -> None:
        """What is known of the model that answered."""
        self._done = done

    # -- which answers --------------------------------------------------------------------

    @property
    def hides(self) -> bool:
        """Whether a filter hides some answers."""
        return self._filter.rowCount() < self._model.rowCount()

    def rows(self) -> list[Prediction]:
        """The answers that are taken along, in the order in which they are shown.

        Raises:
            InputError: there are none.
        """
        if self.hides and not self.only_shown.isChecked():
            rows = list(self._model.predictions)
        else:
            rows = [self._model.prediction(row) for row in self._filter.order.tolist()]
        if not rows:
            raise InputError("There is nothing to take along. Drop pictures here first, or show more with the filter.")
        return rows

    @Slot()
    def _refresh(self) -> None:
        total, shown = self._model.rowCount(), self._filter.rowCount()
        self.only_shown.setText(f"Only what is shown ({shown:,} of {total:,})")
        for part in (self.only_shown, self._below_only):
            part.setVisible(self.hides)
        free = total > 0 and not self.task.is_busy
        for action in (self.csv_action, self.json_action, self.sort_action, self.sheet_action, self.print_action):
            action.setEnabled(free)
        chosen = self._views.selected_count()
        self.copy_action.setEnabled(chosen > 0)
        # The key is only named here: as a shortcut of the menu it would be taken from the rest of the window.
        key = QKeySequence(QKeySequence.StandardKey.Copy).toString(QKeySequence.SequenceFormat.NativeText)
        self.copy_action.setText(f"Copy {counted(chosen, 'selected row') if chosen else 'selected rows'}\t{key}")

    # -- tables ---------------------------------------------------------------------------

    @Slot()
    def choose_all_csv(self) -> None:
        """Ask for a table of all answers."""
        self._choose("Save the table", "predictions.csv", _TABLES, self.save_all_csv)

    @Slot()
    def _choose_csv(self) -> None:
        self._choose("Save the table", "predictions.csv", _TABLES, self.save)

    @Slot()
    def _choose_json(self) -> None:
        self._choose("Save as JSON", "predictions.json", "JSON (*.json)", self.save)

    def _choose(self, title: str, name: str, kinds: str, then: Any) -> None:
        target = dialogs.ask_target(self._parent, self._session, title, name, kinds)
        if target is not None:
            run_guarded(self._session, then, target)

    def save_all_csv(self, target: Path) -> None:
        """Write all answers, also those that the filter hides.

        Raises:
            InputError: there are none.
            OSError: the file cannot be written; an old one is kept.
        """
        if not self._model.rowCount():
            raise InputError("There is nothing to save yet. Drop pictures here first.")
        self._write(list(self._model.predictions), target)

    def save(self, target: Path) -> None:
        """Write a table, or JSON if the file is called so.

        Raises:
            InputError: there are no answers.
            OSError: the file cannot be written; an old one is kept.
        """
        self._write(self.rows(), target)

    def _write(self, rows: Sequence[Prediction], target: Path) -> None:
        request = SaveRequest(tuple(rows), str(target), self._facts(), dict(self._model.corrected))
        if len(rows) <= _AT_ONCE:
            for event in answer_files.save(request, never):
                self._saved(event)
        else:
            self.task.run(request, f"Saving {target.name}", self._saved)

    def _saved(self, event: Event) -> tuple[str, Path] | None:
        if not isinstance(event, AnswersSaved):
            return None
        text = f"{event.rows:,} rows were saved in “{Path(event.file).name}”."
        self._session.status.emit(text)
        return text, Path(event.file)

    def _facts(self) -> dict[str, Any]:
        done, model = self._done, self._answering
        facts: dict[str, Any] = {"file": model.name if model is not None else ""}
        if done is not None:
            facts |= {
                "classes": list(done.classes),
                "architecture": done.architecture,
                "accuracy": done.accuracy,
                "threshold": done.threshold,
                "provider": done.provider,
            }
        return facts

    # -- clipboard ------------------------------------------------------------------------

    @Slot()
    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard: as text with tabs, and as files."""
        numbers = self._views.selected().tolist()
        if not numbers:
            return
        columns = [column for column in range(len(COLUMNS)) if column != TIME]
        lines = [["Path", *(COLUMNS[column][0] for column in columns)]]
        for number in numbers:
            cells = [self._model.index(number, column).data() for column in columns]
            lines.append([self._model.columns.rows[number].path, *map(str, cells)])
        mime = QMimeData()
        text = "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines) + "\n"
        mime.setText(text.encode("utf-8", "replace").decode())  # a clipboard takes no bytes that are no text
        if len(numbers) <= _MOST_FILES:
            mime.setUrls([QUrl.fromLocalFile(self._model.columns.rows[number].path) for number in numbers])
        QGuiApplication.clipboard().setMimeData(mime)
        self._session.status.emit(f"Copied: {counted(len(numbers), 'row')}. Paste into a spreadsheet or a folder.")

    # -- folders --------------------------------------------------------------------------

    @Slot()
    def _choose_folder(self) -> None:
        folder = dialogs.ask_folder(self._parent, self._session, "Copy into folders of classes, in this folder")
        if folder is not None:
            run_guarded(self._session, self.sort_into, folder)

    def sort_into(self, folder: Path) -> None:
        """Copy the pictures into folders of their classes.

        Raises:
            InputError: there are no answers.
        """
        rows = self.rows()
        request = SortRequest(sorting.places(rows), str(folder))
        unreadable = sum(1 for row in rows if row.error)
        self.task.run(request, "Copying pictures", partial(_sorted, unreadable))

    # -- sheets ---------------------------------------------------------------------------

    @Slot()
    def _choose_sheet(self) -> None:
        self._choose("Save the contact sheet", "contact sheet.pdf", _SHEETS, self.save_sheet)

    def save_sheet(self, target: Path) -> None:
        """Write a contact sheet.

        Raises:
            InputError: there are no answers.
        """
        self.task.run(self._sheet(target), "Making the contact sheet", _written)

    def _sheet(self, target: Path) -> SheetRequest:
        rows, model, done = self.rows(), self._answering, self._done
        name = model.stem if model is not None else "the model"
        own = self._session.run is not None and model is not None and model.parent == self._session.run.path
        title = self._session.project.name if own and self._session.project.name else name
        parts = [counted(len(rows), "picture")]
        if self.hides and self.only_shown.isChecked():
            parts[0] += f" of {self._model.rowCount():,}"
        parts += [f"model {model.name}" if model is not None and not own else ""]
        parts += [f"{len(done.classes):,} classes" if done is not None and done.classes else ""]
        classes = done.classes if done is not None else ()
        note = " · ".join(part for part in parts if part)
        return SheetRequest(tuple(rows), str(target), f"Answers: {title}", _PRINT_COLUMNS, note, classes)

    @Slot()
    def print_sheet(self) -> None:
        """Make the pages, then show them as they will be on paper."""
        run_guarded(self._session, self._print)

    def _print(self) -> None:
        rows = self.rows()
        pages = answer_sheet.page_count(len(rows), _PRINT_COLUMNS)
        if pages > printing.MOST_PAGES:
            raise InputError(f"These are {pages:,} pages. Save the contact sheet as a PDF, and print that.")
        self.drop_pages()
        self._print_folder = Path(tempfile.mkdtemp(prefix="deskclassify-print-"))
        self.task.run(self._sheet(self._print_folder / "page.jpg"), "Making the pages", self._pages_made)

    def _pages_made(self, event: Event) -> tuple[str, Path] | None:
        if not isinstance(event, SheetWritten):
            return None
        try:
            self.preview = printing.preview(self._parent.window(), [Path(file) for file in event.files])
            self.preview.finished.connect(self._previewed)
        except InputError as error:
            self._session.failed.emit(Failure.of(error))
        return "", Path()

    @Slot()
    def _previewed(self) -> None:
        self.preview = None
        self.drop_pages()

    @Slot(bool)
    def _busy(self, busy: bool) -> None:
        if not busy and self.preview is None:
            self.drop_pages()  # stopped, or failed

    def drop_pages(self) -> None:
        """Remove the pages that were made to be printed."""
        if self._print_folder is not None:
            shutil.rmtree(self._print_folder, ignore_errors=True)
            self._print_folder = None


def _sorted(unreadable: int, event: Event) -> tuple[str, Path] | None:
    if not isinstance(event, Sorted):
        return None
    text = sorting.in_words(event)
    if unreadable:
        text += f" Left out: {counted(unreadable, 'file')} that could not be read."
    return text, Path(event.folder)


def _written(event: Event) -> tuple[str, Path] | None:
    if not isinstance(event, SheetWritten):
        return None
    first = Path(event.files[0])
    where = f"“{first.name}”" if len(event.files) == 1 else f"“{first.name}” and {len(event.files) - 1:,} more"
    return f"{counted(event.pictures, 'picture')} on {counted(event.pages, 'page')}: {where}.", first
