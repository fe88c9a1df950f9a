"""The Data page: which pictures, which classes, how they are split, and what is wrong with them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.events import Progress
from deskclassify.core.words import counted
from deskclassify.ui import dialogs, theme
from deskclassify.ui.copy_dialog import CopyDialog
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.bring_in.adding import Adding
from deskclassify.ui.pages.data_classes import ClassCard
from deskclassify.ui.pages.data_pictures import DataPictures
from deskclassify.ui.pages.data_settings import BareFolders, SourcesCard, SplitCard
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, EmptyState, heading, muted, primary, run_guarded, subheading
from deskclassify.ui.widgets.explained import explain_all
from deskclassify.ui.widgets.label_rule import LabelRuleEditor
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.problems_list import ProblemsList, all_problems

_LEFT_PIXELS = 408
_PROBLEMS_PIXELS = 132


class DataPage(QWidget):
    """Shows the session's data; an empty state until there is any."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataPage")
        self._session = session
        self.mender = Mender(session, self)
        self.classes = ClassCard(self.mender)
        self.class_table = self.classes.table
        self.adding = Adding(session, self, self.class_table.chosen_class)
        self.add_button = self._make_add_button()
        self.more_button = self._make_more_button()
        self.summary = muted("")
        self.summary.setObjectName("dataSummary")
        self.summary.setWordWrap(False)
        self.continue_button = primary(QPushButton("Continue to training"))
        self.continue_button.setObjectName("continueButton")
        self.continue_button.setToolTip("Go to the Train page; a training needs two classes")
        self.progress_text = muted("")
        self.progress_text.setObjectName("scanText")
        self.progress_text.setWordWrap(False)
        self.progress = QProgressBar()
        self.progress.setObjectName("scanProgress")
        self.progress.setAccessibleName("Check of all pictures")
        self.pictures = DataPictures(session, self.mender)
        self.offer = BareFolders(session)
        self.problems = ProblemsList()
        self.problems_title = subheading("")
        self.stack = QStackedWidget()
        self._build()
        self._connect()
        explain_all(self)
        self._refresh()

    def _make_add_button(self) -> QPushButton:
        button = QPushButton("Add pictures")
        button.setObjectName("addFolderButton")
        button.setIcon(theme.icon("folder-add"))
        button.setProperty("hasMenu", True)
        button.setToolTip("Add pictures to this project; your files stay where they are and are never changed")
        menu = QMenu(button)
        menu.addAction(theme.icon("folders"), "Folder of class folders…", self._add_folder)
        menu.addAction(theme.icon("folder"), "One class folder…", self._add_class_folder)
        menu.addSeparator()
        self.adding.fill(menu)
        button.setMenu(menu)
        return button

    def _make_more_button(self) -> QPushButton:
        button = QPushButton("More")
        button.setObjectName("moreDataButton")
        button.setProperty("hasMenu", True)
        button.setToolTip("Export a cleaned copy, or look into the folders again")
        menu = QMenu(button)
        self.copy_action = menu.addAction(theme.icon("copy"), "Export cleaned copy…", self.export_copy)
        menu.addAction(theme.icon("refresh"), "Look into the folders again", self._session.look_again)
        button.setMenu(menu)
        return button

    # -- layout -------------------------------------------------------------------------

    def _build(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.GAP + 4)
        top.addWidget(heading("Data"))
        top.addWidget(self.summary, 1, Qt.AlignmentFlag.AlignBottom)
        top.addWidget(self.more_button)
        top.addWidget(self.add_button)
        top.addWidget(self.continue_button)
        content = QWidget()
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.MARGIN - 4)
        row.addWidget(self._left())
        row.addWidget(self._right(), 1)
        self.stack.addWidget(self._empty())
        self.stack.addWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 6)
        layout.addLayout(top)
        layout.addWidget(self.stack, 1)

    def _empty(self) -> QWidget:
        frame = Card()
        frame.setObjectName("dropFrame")
        frame.setProperty("role", "")
        self.drop_frame = frame
        self.choose_button = primary(QPushButton("Choose a folder…"))
        self.choose_button.setObjectName("chooseFolderButton")
        self.choose_button.clicked.connect(self._add_folder)
        text = (
            "The folder holds one folder for each class, and each of those the pictures of that class. "
            "Ten pictures a class are enough to begin with. They stay where they are and are never changed."
        )
        frame.body.addWidget(EmptyState("folders", "Drop a folder of pictures here", text, self.choose_button), 1)
        frame.body.addLayout(self._elsewhere())
        return frame

    def _elsewhere(self) -> QHBoxLayout:
        """For those who have no folder of pictures."""
        question = muted("No pictures at hand?")
        question.setWordWrap(False)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.setContentsMargins(0, 0, 0, theme.GAP)
        row.addStretch(1)
        row.addWidget(question)
        for name, text, action in (
            ("publicSetButton", "Take a public set, or an archive…", self.adding.bring_in_action),
            ("takePicturesButton", "Take some with the camera…", self.adding.camera_action),
        ):
            button = named(QPushButton(action.icon(), text), name)
            button.clicked.connect(action.trigger)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _left(self) -> QWidget:
        column = QWidget()
        column.setProperty("role", "page")
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, theme.GAP, 0)
        layout.setSpacing(theme.GAP + 4)
        layout.addWidget(self.classes, 1)
        layout.addWidget(SplitCard(self._session))
        self.rule = LabelRuleEditor(self._session)
        layout.addWidget(self.rule)
        layout.addWidget(SourcesCard(self._session))
        area = QScrollArea()
        area.setWidget(column)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedWidth(_LEFT_PIXELS)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area = area
        return area

    def _right(self) -> QWidget:
        self.problems_card = Card()
        self.problems_card.body.addWidget(self.problems_title)
        self.problems_card.body.addWidget(self.problems, 1)
        upper = Card()
        upper.body.addWidget(self.offer)
        upper.body.addWidget(self.pictures, 1)
        self.progress_row = QWidget()
        row = QHBoxLayout(self.progress_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.progress_text)
        row.addWidget(self.progress, 1)
        upper.body.addWidget(self.progress_row)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setHandleWidth(theme.GAP + 4)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(upper)
        splitter.addWidget(self.problems_card)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([1000, _PROBLEMS_PIXELS])
        return splitter

    def _connect(self) -> None:
        session = self._session
        session.project_changed.connect(self._refresh)
        session.listing_changed.connect(self._listing_changed)
        session.scan_progress.connect(self._scanning)
        session.scan_changed.connect(self._show_problems)
        session.train_state_changed.connect(self._refresh)
        self.class_table.chosen.connect(self.pictures.show_class)
        self.pictures.all_wanted.connect(self.class_table.clearSelection)
        self.continue_button.clicked.connect(self._continue)
        # Queued: the card must have its new height first.
        self.rule.answered.connect(self._show_answer, Qt.ConnectionType.QueuedConnection)

    # -- state --------------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        has_data = bool(self._session.project.data.sources)
        self.stack.setCurrentIndex(1 if has_data else 0)
        listing = self._session.listing
        self.continue_button.setVisible(has_data)
        self.more_button.setVisible(has_data)
        self.copy_action.setEnabled(listing is not None and bool(listing.items))
        self.continue_button.setEnabled(listing is not None and len(listing.classes()) > 1)
        self.summary.setText(self._summary() if has_data else "")

    def _summary(self) -> str:
        listing = self._session.listing
        if listing is None:
            return "Looking into the folders …"
        counts = listing.subsets()
        words = {"train": "for training", "valid": "for validation", "test": "for testing"}
        split = " · ".join(f"{counts[name]:,} {text}" for name, text in words.items() if name in counts)
        bad = len(self._session.scan_result.unreadable) if self._session.scan_result is not None else 0
        unreadable = f" · {bad:,} cannot be read and are left out" if bad else ""
        return f"{counted(len(listing.items), 'picture')} · {split}{unreadable}" if split else "No pictures yet"

    @Slot()
    def _listing_changed(self) -> None:
        self.classes.refresh()
        self.pictures.refresh()
        self._show_problems()
        self._refresh()

    @Slot(object)
    def _scanning(self, progress: Progress) -> None:
        self.progress_row.setVisible(progress.done < progress.total)
        self.progress_text.setText(f"Checking pictures … {progress.done:,} of {progress.total:,}")
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)

    @Slot()
    def _show_problems(self) -> None:
        self.progress_row.hide()
        found = all_problems(self._session.listing, self._session.scan_result)
        self.problems.model_.set_problems(found)
        self.problems_card.setVisible(bool(found))
        self.problems_title.setText("1 remark" if len(found) == 1 else f"{len(found):,} remarks")
        self.pictures.mark_unreadable()
        self._refresh()

    def show_drop(self, over: bool) -> None:
        """Whether files are being dragged over the window."""
        self.drop_frame.setProperty("over", over)
        self.drop_frame.style().polish(self.drop_frame)

    @Slot()
    def _show_answer(self) -> None:
        self.area.ensureWidgetVisible(self.rule.apply_button, 0, theme.MARGIN)

    # -- commands -----------------------------------------------------------------------

    @Slot()
    def _add_folder(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose a folder that holds one folder for each class")
        if chosen is not None:
            run_guarded(self._session, self._session.add_folder, chosen)

    @Slot()
    def _add_class_folder(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose a folder with the pictures of one class")
        if chosen is not None:
            name = dialogs.ask_name(self, "Class", "What do the pictures of this folder show?", chosen.name)
            if name:
                run_guarded(self._session, self._session.add_folder, chosen, name)

    @Slot()
    def export_copy(self) -> None:
        """Ask where to, and copy the pictures as they are labelled now."""
        CopyDialog(self._session, self.window()).open()

    @Slot()
    def _continue(self) -> None:
        self._session.page_wanted.emit("train")
