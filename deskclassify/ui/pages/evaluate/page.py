"""The Evaluate page: how good the network is, where it errs, on which pictures, and how to mend them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.run_folder import RunFolder
from deskclassify.ui import dialogs, theme
from deskclassify.ui.live import LiveLearning
from deskclassify.ui.pages.evaluate import words
from deskclassify.ui.pages.evaluate.late_tab import LateTab
from deskclassify.ui.pages.evaluate.overview_tab import OverviewTab
from deskclassify.ui.pages.evaluate.pictures import EvaluatePictures
from deskclassify.ui.pages.evaluate.report_button import ReportButton
from deskclassify.ui.pages.evaluate.state import Evaluation
from deskclassify.ui.pages.evaluate.view import Choice
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.named import named

if TYPE_CHECKING:
    from deskclassify.ui.pages.evaluate.confidence_tab import ConfidenceTab
    from deskclassify.ui.pages.evaluate.curves_tab import CurvesTab
    from deskclassify.ui.pages.evaluate.mend_tab import MendTab
    from deskclassify.ui.pages.evaluate.suggest_tab import SuggestTab


class EvaluatePage(QWidget):
    """Composes the parts: the choice of run and pictures, a notice, the tabs, and the pictures below them."""

    layers_wanted = Signal(str)  # path of a picture to look at on the Layers page

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evaluatePage")
        self._session = session
        self.state = Evaluation(session, self)
        self._runs: list[RunFolder] = []
        self._folder = session.project.folder
        self._mends = False  # the data are looked at before there is a run
        self._build()
        explain_all(self)
        self.state.view_changed.connect(self._show)
        self.state.measuring_changed.connect(self._show_notice)
        session.run_changed.connect(self._list_runs)
        session.project_changed.connect(self._project_changed)
        session.runs_changed.connect(self._list_runs)
        session.listing_changed.connect(self._show_test_button)
        session.train_state_changed.connect(self._name_empty)
        self._list_runs()
        self.state.show_run()

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        self._stack = QStackedLayout()
        self._stack.addWidget(self._make_empty())
        self._stack.addWidget(self._make_content())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        layout.addLayout(self._make_head())
        layout.addWidget(self._make_notice())
        layout.addLayout(self._stack, 1)

    def _make_empty(self) -> QWidget:
        to_train = common.primary(QPushButton("Go to Train"))
        to_train.clicked.connect(self._go_to_train)
        self.mend_button = named(QPushButton("Look for problems in the data"), "mendWithoutRunButton")
        self.mend_button.setToolTip("Wrong labels, copies and bad pictures can be found before the first training.")
        self.mend_button.clicked.connect(self._mend_without_run)
        buttons = QWidget()
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(to_train)
        row.addWidget(self.mend_button)
        self._empty = common.EmptyState("evaluate", "No trained network yet", "", buttons)
        return self._empty

    def _make_content(self) -> QWidget:
        self.tabs = named(QTabWidget(), "evaluateTabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.overview = OverviewTab(self.state)
        self.curves = LateTab(self._make_curves)
        self.confidence = LateTab(self._make_confidence)
        self.mend = LateTab(self._make_mend)
        self.suggest = LateTab(self._make_suggest)
        for tab, title in (
            (self.overview, "Overview"),
            (self.curves, "Curves"),
            (self.confidence, "Certainty"),
            (self.mend, "Mend data"),
            (self.suggest, "Suggest labels"),
        ):
            self.tabs.addTab(tab, title)
        self.pictures = EvaluatePictures(self.state)
        self.pictures.layers_wanted.connect(self.layers_wanted)
        self.tabs.currentChanged.connect(self._show_pictures)
        content = QSplitter(Qt.Orientation.Vertical)
        content.setChildrenCollapsible(False)
        content.setHandleWidth(theme.GAP * 2)
        content.addWidget(self.tabs)
        content.addWidget(self.pictures)
        content.setSizes([610, 390])
        return content

    def _make_curves(self) -> CurvesTab:
        from deskclassify.ui.pages.evaluate.curves_tab import CurvesTab

        return CurvesTab(self.state)

    def _make_confidence(self) -> ConfidenceTab:
        from deskclassify.ui.pages.evaluate.confidence_tab import ConfidenceTab

        return ConfidenceTab(self.state)

    def _make_mend(self) -> MendTab:
        from deskclassify.ui.pages.evaluate.mend_tab import MendTab

        return MendTab(self.state)

    def _make_suggest(self) -> SuggestTab:
        from deskclassify.ui.pages.evaluate.suggest_tab import SuggestTab

        return SuggestTab(self.state)

    def _make_head(self) -> QHBoxLayout:
        self.run_box = named(QComboBox(), "runBox")
        self.run_box.setAccessibleName("Training to evaluate")
        self.run_box.setToolTip("All finished trainings of this project; the latest is on top.")
        self.run_box.setMinimumWidth(240)
        self.run_box.activated.connect(self._choose_run)
        self.test_button = named(QPushButton("Test pictures"), "evaluateTestButton")
        self.test_button.setToolTip("Measures this network on the pictures that are kept for the test.")
        self.test_button.clicked.connect(self.state.measure_test)
        self.folder_button = named(QPushButton("Another folder…"), "evaluateFolderButton")
        self.folder_button.setIcon(theme.icon("folder"))
        self.folder_button.setToolTip("Measures this network on a folder of class folders that it has never seen.")
        self.folder_button.clicked.connect(self._ask_folder)
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(common.heading("Evaluate"))
        head.addStretch(1)
        self.report_button = ReportButton(self._session, self)
        self.live = LiveLearning(self._session, self.state, self)
        head.addWidget(self.live.make_remark(self))
        for part in (
            self.run_box,
            self.live.make_button(self),
            self.test_button,
            self.folder_button,
            self.report_button,
        ):
            head.addWidget(part)
        self.head = head
        return head

    def _make_notice(self) -> QWidget:
        self.notice = common.Card()
        self.notice_label = named(QLabel(), "folderLabel")
        self.notice_label.setWordWrap(True)
        self.back_button = named(QPushButton("Back to the validation pictures"), "backButton")
        self.back_button.clicked.connect(self.state.show_run)
        row = QHBoxLayout()
        row.addWidget(self.notice_label, 1)
        row.addWidget(self.back_button)
        self.notice.body.addLayout(row)
        self.notice.hide()
        return self.notice

    # -- runs -------------------------------------------------------------------------

    @Slot()
    def _list_runs(self) -> None:
        project, shown = self._session.project, self._session.run
        runs = [run for run in project.runs() if run.is_finished()] if self._session.has_project else []
        if shown is not None and shown.path not in [run.path for run in runs]:
            runs.append(shown)
        self._runs = runs[::-1]
        with QSignalBlocker(self.run_box):
            self.run_box.clear()
            for run in self._runs:
                self.run_box.addItem(words.run_text(run), str(run.path))
            if shown is not None:
                self.run_box.setCurrentIndex([run.path for run in self._runs].index(shown.path))
        self.run_box.setVisible(bool(self._runs))
        self.folder_button.setVisible(shown is not None)
        self._show_test_button()

    @Slot()
    def _show_test_button(self) -> None:
        listing = self._session.listing
        has_test = listing is not None and "test" in listing.subsets()
        self.test_button.setVisible(has_test and self._session.run is not None)

    @Slot(int)
    def _choose_run(self, at: int) -> None:
        common.run_guarded(self._session, self._session.show_run, self._runs[at])

    @Slot()
    def _name_empty(self) -> None:
        self._empty.text_label.setText(words.empty_text(self._session.train_state != "idle"))

    @Slot()
    def _go_to_train(self) -> None:
        self._session.page_wanted.emit("train")

    @Slot()
    def _mend_without_run(self) -> None:
        self._mends = True
        self._show()
        self.tabs.setCurrentWidget(self.mend)

    @Slot()
    def _show(self) -> None:
        has_run = self.state.view is not None
        is_first = has_run and not self.tabs.isTabEnabled(0)
        self._mends = self._mends and not has_run and bool(self._session.project.data.sources)
        self._stack.setCurrentIndex(1 if has_run or self._mends else 0)
        for tab in (self.overview, self.curves, self.confidence, self.suggest):
            self.tabs.setTabEnabled(self.tabs.indexOf(tab), has_run)
        if is_first:
            self.tabs.setCurrentWidget(self.overview)
        self.mend_button.setVisible(bool(self._session.project.data.sources))
        self._name_empty()
        self._show_notice()

    @Slot()
    def _project_changed(self) -> None:
        """The data change with each relabelling, the trainings with another project only."""
        if self._session.project.folder != self._folder:
            self._folder = self._session.project.folder
            self._list_runs()
        if self.state.view is None:
            self._show()

    @Slot()
    def _show_notice(self) -> None:
        state = self.state
        self.folder_button.setEnabled(not state.measuring)
        self.test_button.setEnabled(not state.measuring)
        view = state.view
        if state.measuring:
            done = f": {state.progress.done:,} of {state.progress.total:,}" if state.progress is not None else ""
            self.notice_label.setText(f"Measuring on {state.measuring}{done}…")
        elif view is not None and view.origin != "valid":
            self.notice_label.setText(words.notice_text(view))
        else:
            self.notice.hide()
            return
        self.notice.show()

    @Slot(int)
    def _show_pictures(self, at: int) -> None:
        """The tabs that have a grid of their own need the room."""
        self.pictures.setVisible(self.tabs.widget(at) not in (self.mend, self.suggest))

    # -- what outsiders call ------------------------------------------------------------

    @Slot(list)
    def show_chosen(self, paths: list[str]) -> None:
        """Show those of the run's validation pictures that were chosen on the map of the Layers page."""
        if self.state.view is not None and self.state.view.origin != "valid":
            self.state.show_run()
        view = self.state.view
        if view is not None:
            wanted = frozenset(paths)
            known = tuple(one.path for one in view.verdicts if one.path in wanted)
            if known:
                self.state.choose(Choice(f"Chosen on the map ({len(known):,})", known, "map"))

    @Slot()
    def _ask_folder(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose a folder that holds one folder for each class")
        if chosen is not None:
            self.evaluate_folder(chosen)

    def evaluate_folder(self, folder: Path) -> None:
        """Measure the run's network on other labelled pictures."""
        self.state.measure_folder(folder)
