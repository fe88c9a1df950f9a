"""The tab of the Evaluate page that finds what is wrong with the data, and mends it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core import mending
from deskclassify.core.data_events import PROBLEM_KINDS, Checked, DataProblem
from deskclassify.core.data_requests import CheckRequest
from deskclassify.core.errors import Failure, InputError
from deskclassify.core.events import Event, Progress
from deskclassify.core.sources import DataSpec
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.evaluate import mend_words
from deskclassify.ui.pages.evaluate.mend_book import GROUPED, ProblemBook
from deskclassify.ui.pages.evaluate.mend_kinds import KindList
from deskclassify.ui.pages.evaluate.mend_panel import MendPanel
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.named import named

_LEFT_PIXELS = 272


class MendTab(QWidget):
    """A button that looks for problems; then their kinds on the left, and the pictures of one kind on the right."""

    def __init__(self, state: Evaluation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._session = state, state.session
        self.mender = Mender(self._session, self)
        self.book = ProblemBook()
        self._basis: tuple[object, ...] = ()  # the folders that `book` is about
        self._asked: DataSpec | None = None
        self._latest = Latest(self._session, parent=self)
        self._build()
        self._latest.received.connect(self._hear)
        self._latest.failed.connect(self._fail)
        self._latest.busy_changed.connect(self._show)
        self._session.project_changed.connect(self._project_changed)
        self._session.listing_changed.connect(self._follow)
        self._show()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        self.look_button = named(common.primary(QPushButton("Look for problems")), "lookForProblemsButton")
        self.look_button.clicked.connect(self.look)
        self.empty = common.EmptyState("search", "What is wrong with the data?", mend_words.INTRO, self.look_button)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self._make_results())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self._make_progress())
        layout.addWidget(self.stack, 1)

    def _make_progress(self) -> QWidget:
        self.progress_row = QWidget()
        self.progress_label = named(common.muted(""), "mendProgressLabel")
        self.progress_label.setWordWrap(False)
        self.progress = named(QProgressBar(), "mendProgress")
        self.progress.setAccessibleName("Looking for problems")
        self.stop_button = named(QPushButton("Stop"), "mendStopButton")
        self.stop_button.setIcon(theme.icon("stop"))
        self.stop_button.clicked.connect(self._latest.drop)
        row = QHBoxLayout(self.progress_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.progress_label)
        row.addWidget(self.progress, 1)
        row.addWidget(self.stop_button)
        return self.progress_row

    def _make_results(self) -> QWidget:
        self.kinds = named(KindList(), "mendKindList")
        self.kinds.kind_chosen.connect(self._choose_kind)
        self.summary_label = named(common.muted(""), "mendSummary")
        self.again_button = named(QPushButton("Look again"), "lookAgainButton")
        self.again_button.setIcon(theme.icon("refresh"))
        self.again_button.setToolTip("Looks at all pictures anew; what is known of them already is used again.")
        self.again_button.clicked.connect(self.look)
        self.recall_button = named(QPushButton(), "recallButton")
        self.recall_button.setToolTip("Show again what you have said is no problem.")
        self.recall_button.clicked.connect(self._recall)
        left = common.Card("Problems")
        left.setFixedWidth(_LEFT_PIXELS)
        left.body.addWidget(self.summary_label)
        left.body.addWidget(self.kinds, 1)
        left.body.addWidget(self.recall_button)
        left.body.addWidget(self.again_button)
        self.panel = MendPanel(self.mender)
        self.panel.act_wanted.connect(self.act)
        self.panel.dismiss_wanted.connect(self._dismiss)
        self.panel.leave_out_wanted.connect(self._leave_out)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP * 2)
        row.addWidget(left)
        row.addWidget(self.panel, 1)
        return content

    # -- looking ----------------------------------------------------------------------

    @Slot()
    def look(self) -> None:
        """Look for problems in the pictures as they are now."""
        listing, data, run = self._session.listing, self._session.project.data, self._session.run
        if listing is None or not listing.items:
            self._session.failed.emit(
                Failure.of(InputError("There are no pictures to look at. Add folders on the Data page first."))
            )
            return
        options = self._session.project.options
        request = CheckRequest(data, options.architecture, device=self._session.settings.device)
        try:
            if run is not None:
                request = CheckRequest(data, run.info().architecture, str(run.path), self._session.settings.device)
        except InputError:
            pass  # the run is damaged: the pictures are not
        self._asked = data
        self._latest.ask(request)

    @Slot(object)
    def _hear(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress_label.setText(f"{event.stage} … {event.done:,} of {event.total:,}")
            self.progress.setRange(0, event.total)
            self.progress.setValue(event.done)
        elif isinstance(event, Checked) and self._session.listing is not None and self._asked is not None:
            data = self._session.project.data
            self._basis = self._basis_now()
            self.book.take(event, self._session.listing, data)
            counts = self.book.counts()
            self.kinds.set_counts(counts)
            self.kinds.choose(next((kind for kind in PROBLEM_KINDS if counts[kind]), PROBLEM_KINDS[0]))
            self.panel.start(self.book, self.kinds.kind)
            self._show()

    @Slot(object)
    def _fail(self, failure: Failure) -> None:
        self._session.failed.emit(failure)

    # -- what is shown ----------------------------------------------------------------

    def _basis_now(self) -> tuple[object, ...]:
        data = self._session.project.data
        return (self._session.project.folder, data.sources, data.rule, data.valid_folder)

    @Slot()
    def _project_changed(self) -> None:
        if self.book.checked is not None and self._basis != self._basis_now():
            self.book.drop()
            self._latest.drop()
        self._show()

    @Slot()
    def _follow(self) -> None:
        """The data have changed: what is mended goes, what is undone comes back."""
        listing = self._session.listing
        if listing is not None and self.book.checked is not None:
            self.book.follow(listing, self._session.project.data)
            self._refresh()

    @Slot()
    def _show(self) -> None:
        busy = self._latest.is_busy
        self.progress_row.setVisible(busy)
        if not busy:
            self.progress_label.setText("Looking at the pictures …")
            self.progress.setRange(0, 0)
        self.look_button.setEnabled(not busy)
        self.again_button.setEnabled(not busy)
        self.stack.setCurrentIndex(0 if self.book.checked is None else 1)
        self._refresh()

    def _refresh(self) -> None:
        checked = self.book.checked
        if checked is None:
            return
        counts = self.book.counts()
        self.kinds.set_counts(counts)
        new = self.book.new_pictures()
        added = f" {counted(new, 'picture')} came since: look again." if new else ""
        self.summary_label.setText(mend_words.summary(sum(counts.values()), checked) + added)
        self.recall_button.setText(f"Show {self.book.dismissed:,} again")
        self.recall_button.setVisible(bool(self.book.dismissed))
        self.panel.refresh()

    @Slot(str)
    def _choose_kind(self) -> None:
        if self.book.checked is not None:
            self.panel.start(self.book, self.kinds.kind)

    # -- mending ----------------------------------------------------------------------

    @Slot(object)
    def act(self, problems: Sequence[DataProblem]) -> None:
        """Do to each what its kind offers; one step back undoes all of it."""
        if problems:
            text = f"{mend_words.WORDS[problems[0].kind].done} ({len(problems):,})"
            common.run_guarded(self._session, self._change, text, problems)

    def _change(self, text: str, problems: Sequence[DataProblem]) -> None:
        before = self._session.project.data
        data = before
        for label in dict.fromkeys(one.suggestion for one in problems if one.kind == "suspect"):
            paths = [one.paths[0] for one in problems if one.suggestion == label]
            data = mending.relabel(data, self.mender.items(paths), label)
        copies = [one for one in problems if one.kind in GROUPED]
        thin = [one for one in copies if one.kind == "duplicate" or self.book.is_torn(one)]
        gone = [key for one in thin for key, _ in self.book.left(one)[1:]]
        gone += [one.keys[0] for one in problems if one.kind not in GROUPED and one.kind != "suspect"]
        data = mending.exclude(data, gone) if gone else data
        together = [[key for key, _ in self.book.left(one)] for one in copies if one not in thin]
        data = mending.keep_together(data, together) if together else data
        if data != before:
            self._session.change_data(text, data)
            self._session.status.emit(f"Done: {text}. Undo takes it back; your files are as they were.")

    @Slot(object)
    def _leave_out(self, problems: Sequence[DataProblem]) -> None:
        """Delete on a group: all but the best of it; on a picture the grid does it by itself."""
        others = [path for one in problems for _, path in self.book.left(one)[1:]]
        if others:
            self.mender.exclude(list(dict.fromkeys(others)))

    @Slot(object)
    def _dismiss(self, problems: Sequence[DataProblem]) -> None:
        self.book.dismiss(problems)
        self._refresh()

    @Slot()
    def _recall(self) -> None:
        self.book.recall()
        self._refresh()
