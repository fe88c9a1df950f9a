"""The answers, as a table or as pictures that grow while they come, and what is done with them."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QBoxLayout,
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from deskclassify.core.calibration import NO_ANSWER
from deskclassify.core.errors import UserError
from deskclassify.core.events import PredictDone, Prediction, Progress
from deskclassify.core.requests import PredictRequest
from deskclassify.core.words import counted, percent
from deskclassify.ui import theme
from deskclassify.ui.pages.predict import count_line
from deskclassify.ui.pages.predict.actions import ResultActions
from deskclassify.ui.pages.predict.buttons import button
from deskclassify.ui.pages.predict.columns import Wanted
from deskclassify.ui.pages.predict.correct_menu import CorrectMenu
from deskclassify.ui.pages.predict.correcting import Corrector
from deskclassify.ui.pages.predict.result_filter import ResultFilter
from deskclassify.ui.pages.predict.table import PredictionFilter, PredictionModel
from deskclassify.ui.pages.predict.views import AnswerViews
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, muted
from deskclassify.ui.widgets.named import named

_BATCH_MILLISECONDS = 60  # answers come by the thousand: rows are inserted together
_REST = 4  # times as long as the insertion took: a sorted table of very many rows must not take all the time
_WIDE = 900  # pixels of the card, from which the filter fits into one line


class ResultsPanel(Card):
    """Answers, filter, progress and counts."""

    row_chosen = Signal(object)  # Prediction of the current row, or None

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._session = session
        self._new: list[Prediction] = []
        self._working = False
        self._choose_next = False
        self._last: PredictDone | None = None
        self._progress: Progress | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_BATCH_MILLISECONDS)
        self._timer.timeout.connect(self._insert)
        self.corrector = Corrector(session, self)
        self._make_views()
        self._make_buttons()
        self._make_lines()
        session.predict_started.connect(self._started)
        session.prediction.connect(self._predicted)
        session.predict_progress.connect(self._progressed)
        session.predict_done.connect(self._done)
        session.owner.changed.connect(self._jobs_changed)
        self._show_counts()

    # -- parts ----------------------------------------------------------------------------

    def _make_views(self) -> None:
        self.model = PredictionModel(self)
        self.filter = PredictionFilter(self.model, self)
        self.views = AnswerViews(self.model, self.filter)
        self.table = self.views.table
        self.controls = ResultFilter(self.model, self)
        self.filter_edit = self.controls.text_edit
        self.controls.changed.connect(self._wish_changed)
        self.views.row_chosen.connect(self.row_chosen)
        self.views.selection_changed.connect(self._selection_changed)
        self.views.digit_pressed.connect(self._press)
        self.views.menu_wanted.connect(self._show_menu)
        self.corrector.changed.connect(self._mark)
        self.table_button, self.grid_button = (
            self._toggle("table", "tableButton", "Show a table"),
            self._toggle("image", "gridButton", "Show the pictures"),
        )
        self._how = QButtonGroup(self)
        self._how.addButton(self.table_button)
        self._how.addButton(self.grid_button)
        self.table_button.setChecked(True)
        self.grid_button.toggled.connect(self.views.show_grid)

    def _toggle(self, icon: str, name: str, tip: str) -> QToolButton:
        made = named(QToolButton(), name)
        made.setIcon(theme.icon(icon))
        made.setCheckable(True)
        made.setToolTip(tip)
        made.setAccessibleName(tip)
        made.setProperty("role", "button")
        return made

    def _make_buttons(self) -> None:
        self.actions_ = ResultActions(self._session, self.model, self.filter, self.views, self)
        self.actions_.task.shown.connect(self._task_shown)
        self.correct_menu = CorrectMenu(self.corrector, self)
        self.correct_menu.aboutToShow.connect(self._fill_correct)
        self.correct_menu.chosen.connect(self._correct)
        self.correct_menu.confirmed.connect(self._confirm)
        self.correct_button = named(QPushButton(theme.icon("tag"), "Correct"), "correctButton")
        self.correct_button.setToolTip(
            "Say what the selected pictures really show: they are copied into your project as training data. The keys "
            "1 to 9 do the same"
        )
        self.correct_button.setProperty("hasMenu", True)
        self.correct_button.setMenu(self.correct_menu)
        self.save_button = button(
            "save",
            "Save as CSV…",
            "saveCsvButton",
            "Saves all answers for a spreadsheet program, also those that the filter hides",
            self.actions_.choose_all_csv,
        )
        self.clear_button = button(
            "remove", "Clear", "clearButton", "Empties the table; no file is touched", self.clear
        )
        self.cancel_button = button(
            "stop", "Cancel", "cancelPredictButton", "Stops; the answers so far stay", self._session.stop_predicting
        )
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.views)
        copy.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.activated.connect(self.actions_.copy_rows)

    def _make_lines(self) -> None:
        self.progress = count_line.progress_bar()
        self.count_label = named(muted(""), "answerCountLabel")
        self.refuse_box = QCheckBox()
        self.refuse_box.setObjectName("refuseBox")
        self.refuse_box.setChecked(True)
        self.refuse_box.setToolTip(
            "This model has a threshold: a picture whose likeliest class is less probable shows none of its classes. "
            "Without the tick, each picture gets its likeliest class. The Evaluate page, tab Certainty, sets it."
        )
        self.refuse_box.toggled.connect(self._refuse)

    def lay_out(self, *beside_filter: QWidget) -> None:
        """Put the widgets in their places, with others of the page beside the filter."""
        self._filter_lines = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._filter_lines.setSpacing(theme.GAP)
        text, kinds = QHBoxLayout(), QHBoxLayout()
        for line, share in ((text, 3), (kinds, 2)):
            line.setSpacing(theme.GAP)
            self._filter_lines.addLayout(line, share)
        text.addWidget(self.filter_edit, 1)
        for widget in beside_filter:
            text.addWidget(widget)
        kinds.addWidget(self.controls.class_box, 1)
        kinds.addWidget(self.controls.certainty_button)
        how = QHBoxLayout()
        how.setSpacing(0)
        how.addWidget(self.table_button)
        how.addWidget(self.grid_button)
        kinds.addLayout(how)
        self.body.addLayout(self._filter_lines)
        self.body.addWidget(self.refuse_box)
        self.body.addWidget(self.views, 1)
        self.body.addWidget(self.actions_.task)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.count_label)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP)
        below.addWidget(self.correct_button)
        below.addStretch(1)
        for one in (self.cancel_button, self.clear_button, self.save_button, self.actions_.button):
            below.addWidget(one)
        self.body.addLayout(below)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        """A wide card has the filter in one line."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._filter_lines.direction() != direction:
            self._filter_lines.setDirection(direction)

    # -- the model ------------------------------------------------------------------------

    def show_threshold(self, threshold: float) -> None:
        """Offer to pass over the model's threshold, where it has one."""
        self.refuse_box.setText(f"“{NO_ANSWER.capitalize()}” below {percent(threshold)}")
        self.refuse_box.setVisible(threshold > 0)

    def set_classes(self, classes: tuple[str, ...]) -> None:
        """The classes of the model, as soon as they are known: their order decides the colours."""
        if classes:
            self.model.set_classes(classes)
            self.corrector.set_classes(classes)

    def _own_classes(self) -> tuple[str, ...]:
        """Those of the run that is shown, if its model is used."""
        run, model = self._session.run, self._session.model
        if run is None or model is None or model.parent != run.path:
            return ()
        try:
            return run.info().classes
        except UserError:
            return ()

    @Slot(bool)
    def _refuse(self, refuses: bool) -> None:
        self.model.set_refusing(refuses)
        self.controls.count()
        self.views.tell(again=True)
        self._show_counts()

    # -- answers come ---------------------------------------------------------------------

    @Slot()
    def _started(self) -> None:
        self._working = True
        self._choose_next = True
        self._last = self._progress = None
        self.actions_.set_model(self._session.model)
        self.set_classes(self._own_classes())
        self._timer.start()
        self._show_counts()

    @Slot(object)
    def _predicted(self, prediction: Prediction) -> None:
        self._new.append(prediction)
        if not self._timer.isActive():
            self._timer.start()

    @Slot(object)
    def _progressed(self, progress: Progress) -> None:
        self._progress = progress
        self._show_counts()

    @Slot()
    def _insert(self) -> None:
        begun = time.monotonic()
        new, self._new = self._new, []
        first = self.model.rowCount()
        self.model.append(new)
        if new and self._choose_next:
            # Only the first answer of a drop is chosen by itself: after that the user is looking.
            self._choose_next = False
            self.views.choose(first)
        if new:
            self.controls.count_chosen()
        if not self._working:
            self._timer.stop()
            self.controls.count()
        self._show_counts()
        took = 1000 * (time.monotonic() - begun)
        self._timer.setInterval(max(_BATCH_MILLISECONDS, round(_REST * took)))

    @Slot(object)
    def _done(self, done: PredictDone) -> None:
        self._last = done
        self.set_classes(done.classes)
        self.actions_.set_done(done)
        self._insert()
        self.show_threshold(done.threshold)

    @Slot()
    def _jobs_changed(self) -> None:
        """A job that failed sends no last event; the owner of the jobs knows that it has ended."""
        working = any(isinstance(job.request, PredictRequest) for job in self._session.owner.jobs)
        if self._working and not working:
            self._working = False
            self._insert()

    # -- what is shown --------------------------------------------------------------------

    @Slot(object)
    def _wish_changed(self, wish: Wanted) -> None:
        self.filter.set_wish(wish)
        self._show_counts()

    @Slot()
    def _mark(self) -> None:
        self.model.set_corrected(self.corrector.corrected)
        self.controls.count()
        self._show_counts()

    @Slot(bool)
    def _task_shown(self, is_shown: bool) -> None:
        """There is room for one line of text: in a small window the pictures need the rest."""
        self.count_label.setVisible(not is_shown)

    def _show_counts(self) -> None:
        count = self.model.rowCount()
        self.progress.setVisible(self._working)
        self.cancel_button.setVisible(self._working)
        self.clear_button.setVisible(not self._working)
        self.clear_button.setEnabled(count > 0 and not self._working)
        self.save_button.setEnabled(count > 0)
        self.actions_.button.setEnabled(count > 0)
        progress, done = (self._progress, None) if self._working else (None, self._last)
        count_line.show_progress(self.progress, progress)
        counts, shown = self.model.columns.counts(), self.filter.rowCount()
        self.count_label.setText(count_line.text(counts, shown, progress, done))
        self._selection_changed()

    @Slot()
    def clear(self) -> None:
        """Empty the table."""
        self.controls.clear()
        self._new.clear()
        self.model.clear()
        self.controls.count()
        self.views.tell(again=True)
        self._show_counts()

    def save_csv(self, target: Path) -> None:
        """Write all answers, also those that the filter hides.

        Raises:
            InputError: there are none.
            OSError: the file cannot be written; an old one is kept.
        """
        self.actions_.save_all_csv(target)

    # -- the selection --------------------------------------------------------------------

    def selected(self) -> list[Prediction]:
        """The answers that are selected, in the order in which they are shown."""
        return [self.model.prediction(row) for row in self.views.selected().tolist()]

    @Slot()
    def _selection_changed(self) -> None:
        count = self.views.selected_count()
        self.correct_button.setEnabled(count > 0)
        self.correct_button.setText(f"Correct {count:,}" if count > 1 else "Correct")

    @Slot(int)
    def _press(self, digit: int) -> None:
        rows = self.selected()
        if not rows:
            self._session.status.emit("Choose a picture first, then press the digit of its class.")
        elif self.corrector.press(digit, rows):
            self.views.go_on()

    @Slot()
    def _fill_correct(self) -> None:
        self.correct_menu.fill(self.selected())

    @Slot(str)
    def _correct(self, label: str) -> None:
        self.corrector.correct(self.selected(), label)

    @Slot()
    def _confirm(self) -> None:
        self.corrector.confirm(self.selected())

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        menu = self.menu()
        if menu is not None:
            menu.popup(place)

    def menu(self) -> QMenu | None:
        """What can be done with the selected rows; it deletes itself when it closes. None without a selection."""
        rows = self.selected()
        if not rows:
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.correct_menu.fill(rows)
        menu.addMenu(self.correct_menu)
        menu.addSeparator()
        menu.addAction(theme.icon("copy"), f"Copy {counted(len(rows), 'row')}", self.actions_.copy_rows)
        menu.addAction(theme.icon("open"), "Show in its folder", self._show_in_folder)
        return menu

    @Slot()
    def _show_in_folder(self) -> None:
        for row in self.selected()[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(row.path).parent)))
