"""The window: it composes navigation, pages, menu and status bar, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from deskclassify.core import paths
from deskclassify.core import settings as settings_file
from deskclassify.ui import closing, dialogs, drops
from deskclassify.ui.actions import Actions, ThemeMenu
from deskclassify.ui.engine_offer import EngineOffer
from deskclassify.ui.navigation import PAGES, NavigationRail
from deskclassify.ui.pages.data import DataPage
from deskclassify.ui.pages.evaluate import EvaluatePage
from deskclassify.ui.pages.layers.page import LayersPage
from deskclassify.ui.pages.predict import PredictPage
from deskclassify.ui.pages.train import TrainPage
from deskclassify.ui.problem_bar import ProblemBar
from deskclassify.ui.session import Session
from deskclassify.ui.status import StatusBar
from deskclassify.ui.widgets import thumbnails
from deskclassify.ui.widgets.common import pad_spin_boxes, run_guarded
from deskclassify.ui.widgets.drop_area import local_paths

_EXAMINE_MILLISECONDS = 1_500  # after the first paint, so that start-up is not slowed
_SIZE = (1280, 800)  # pixels


class MainWindow(QMainWindow):
    """The window on a session."""

    page_shown = Signal(str)  # its name

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("MainWindow")
        self.session = session
        self._painted = False
        self._ended = False
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 640)
        self._build()
        self.actions_ = Actions(self, self.menuBar())
        self.theme_menu = ThemeMenu(self.actions_.menus["theme"], session.settings.theme, self.choose_theme)
        for action in self.navigation.actions():
            self.actions_.menus["pages"].insertAction(self.actions_.menus["pages"].actions()[0], action)
        self.actions_.menus["recent"].aboutToShow.connect(self._fill_recent)
        self._connect()
        pad_spin_boxes(self)
        self._restore()

    def _build(self) -> None:
        session = self.session
        # Parents from the beginning: a widget that gets another one is styled anew, with all that is in it.
        middle = QWidget(self)
        self.pages = QStackedWidget(middle)
        self.pages.setObjectName("pages")
        self.data_page = DataPage(session, self.pages)
        self.evaluate_page = EvaluatePage(session, self.pages)
        self.layers_page = LayersPage(session, self.pages)
        self.predict_page = PredictPage(session, self.pages)
        for page in (
            self.data_page,
            TrainPage(session, self.pages),
            self.evaluate_page,
            self.layers_page,
            self.predict_page,
        ):
            page.setProperty("role", "page")
            self.pages.addWidget(page)
        self.navigation = NavigationRail(self)
        self.problem_bar = ProblemBar()
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.problem_bar)
        right.addWidget(self.pages, 1)
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.navigation)
        row.addLayout(right, 1)
        self.setCentralWidget(middle)
        self.setStatusBar(StatusBar(session, self))
        self._examine = QTimer(self)
        self._examine.setSingleShot(True)
        self._examine.setInterval(_EXAMINE_MILLISECONDS)
        self._examine.timeout.connect(session.examine)

    def _connect(self) -> None:
        session = self.session
        self.navigation.chosen.connect(self.show_page)
        session.page_wanted.connect(self.show_page)
        session.failed.connect(self.problem_bar.show_failure)
        EngineOffer(session, self)
        self.evaluate_page.layers_wanted.connect(self.look_inside)
        self.layers_page.pictures_chosen.connect(self._evaluate_chosen)
        for signal in (
            session.project_changed,
            session.listing_changed,
            session.train_state_changed,
            session.run_changed,
            session.undo_stack.indexChanged,
        ):
            signal.connect(self._refresh)
        session.settings_changed.connect(self._settings_changed)
        self._refresh()

    def _restore(self) -> None:
        settings = self.session.settings
        self.resize(*_SIZE)
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode("ascii", "ignore")))
        # A page that shows results would be empty at start.
        self.show_page(settings.page if settings.page == "predict" else "data")

    # -- what outsiders call ------------------------------------------------------------

    def open_path(self, path: str | Path) -> None:
        """Open a project, a folder of pictures, a model or a picture; a failure is shown."""
        run_guarded(self.session, self.session.open_path, Path(path))

    @Slot(str)
    def look_inside(self, picture: str) -> None:
        """Show a picture on the Layers page."""
        self.layers_page.set_picture(picture)
        self.show_page("layers")

    @Slot(list)
    def _evaluate_chosen(self, pictures: list[str]) -> None:
        self.evaluate_page.show_chosen(pictures)
        self.show_page("evaluate")

    @Slot(str)
    def show_page(self, name: str) -> None:
        """Show a page by its name: data, train, evaluate, layers or predict."""
        if name in PAGES:
            self.pages.setCurrentIndex(list(PAGES).index(name))
            self.navigation.show_chosen(name)
            self.page_shown.emit(name)

    @Slot(str)
    def choose_theme(self, name: str) -> None:
        """Use another theme and remember it."""
        self.session.change_settings(replace(self.session.settings, theme=settings_file.theme(name)))

    # -- actions ------------------------------------------------------------------------

    @Slot()
    def new_project(self) -> None:
        """Ask for a name and begin a new project."""
        name = dialogs.ask_name(self, "New project", "What is it about?", "Project")
        if name:
            run_guarded(self.session, self.session.new_project, name)
            self.show_page("data")

    @Slot()
    def open_project(self) -> None:
        """Ask for a project file or a model and open it."""
        chosen = dialogs.ask_file(self, self.session, "Open", "Projects and models (*.deskclassify *.onnx)")
        if chosen is not None:
            self.open_path(chosen)

    @Slot()
    def add_folder(self) -> None:
        """Ask for a folder of class folders and add it."""
        chosen = dialogs.ask_folder(self, self.session, "Choose a folder that holds one folder for each class")
        if chosen is not None:
            run_guarded(self.session, self.session.add_folder, chosen)
            self.show_page("data")

    @Slot()
    def train(self) -> None:
        """Go to the Train page and begin."""
        self.show_page("train")
        run_guarded(self.session, self.session.start_training)

    @Slot()
    def stop(self) -> None:
        """Stop the training."""
        self.session.stop_training()

    @Slot()
    def export_model(self) -> None:
        """Ask how and where to, and export the trained model."""
        from deskclassify.ui.export_dialog import ExportDialog

        if self.session.run is None:
            run_guarded(self.session, self.session.export, Path())  # it says why not
        else:
            ExportDialog(self.session, self).open()

    @Slot()
    def export_copy(self) -> None:
        """Ask where to, and copy the pictures as they are labelled now."""
        self.data_page.export_copy()

    @Slot()
    def look_again(self) -> None:
        """Walk the folders anew."""
        self.session.look_again()

    @Slot()
    def undo(self) -> None:
        """Take back the last change of the data."""
        self.session.undo_stack.undo()

    @Slot()
    def redo(self) -> None:
        """Make the change again that was taken back."""
        self.session.undo_stack.redo()

    @Slot()
    def show_preferences(self) -> None:
        """Open the preferences."""
        from deskclassify.ui.preferences import PreferencesDialog

        PreferencesDialog(self.session, self).exec()

    @Slot()
    def show_getting_started(self) -> None:
        """Explain the five pages."""
        from deskclassify.ui.about import GettingStartedDialog

        GettingStartedDialog(self).exec()

    @Slot()
    def show_about(self) -> None:
        """Versions and licences."""
        from deskclassify.ui.about import AboutDialog

        AboutDialog(self.session, self).exec()

    @Slot()
    def open_log(self) -> None:
        """Open the folder of the logs."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.log_dir())))

    # -- keeping in step ------------------------------------------------------------------

    @Slot()
    def _refresh(self) -> None:
        session, actions = self.session, self.actions_
        name = session.project.name if session.has_project else ""
        self.setWindowTitle(f"{name} — deskclassify" if name else "deskclassify")
        actions["actionTrain"].setEnabled(session.can_train())
        actions["actionStop"].setEnabled(session.train_state in ("running", "paused"))
        actions["actionExport"].setEnabled(session.run is not None)
        actions["actionExportCopy"].setEnabled(session.listing is not None and bool(session.listing.items))
        actions["actionLookAgain"].setEnabled(bool(session.project.data.sources))
        stack = session.undo_stack
        actions["actionUndo"].setEnabled(stack.canUndo())
        actions["actionUndo"].setText(_with("&Undo", stack.undoText()))
        actions["actionRedo"].setEnabled(stack.canRedo())
        actions["actionRedo"].setText(_with("&Redo", stack.redoText()))

    @Slot()
    def _settings_changed(self) -> None:
        dialogs.apply_theme(self.session.settings.theme)
        self.theme_menu.show(self.session.settings.theme)

    @Slot()
    def _fill_recent(self) -> None:
        menu: QMenu = self.actions_.menus["recent"]
        menu.clear()
        for text in self.session.settings.recent:
            path = Path(text)
            if path.exists():
                action = menu.addAction(path.stem.replace("&", "&&"))
                action.setData(text)
                action.setToolTip(text)
                action.triggered.connect(self._open_recent)
        if menu.isEmpty():
            menu.addAction("No recent projects").setEnabled(False)

    @Slot()
    def _open_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.open_path(str(action.data()))

    # -- Qt -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt's name)
        """After the first paint there is time to examine the machine."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            self.setFocus()  # a ring around the first button would only distract
            self._examine.start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt's name)
        """Files and folders are welcome; on the Predict page also pictures of the web and those without a file."""
        if self._is_predicting_page():
            if self.predict_page.intake.welcomes(event.mimeData()):
                event.acceptProposedAction()
        elif local_paths(event.mimeData()):
            event.acceptProposedAction()
            self.data_page.show_drop(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt's name)
        """The files went elsewhere."""
        super().dragLeaveEvent(event)
        self.data_page.show_drop(False)
        self.predict_page.intake.drop_area.light(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt's name)
        """Open what was dropped; on the Predict page, classify it. Always a copy: the source keeps its files."""
        self.data_page.show_drop(False)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if self._is_predicting_page():
            self.predict_page.intake.take(event.mimeData())
        else:
            run_guarded(self.session, drops.open_all, self.session, local_paths(event.mimeData()))

    def _is_predicting_page(self) -> bool:
        return self.pages.currentWidget() is self.predict_page

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt's name)
        """Stop what runs, in good order; a training only if the user agrees."""
        if self._ended:
            event.accept()
            return
        if self.session.train_state != "idle" and not closing.may_stop(self):
            event.ignore()
            return
        self._ended = True
        self._examine.stop()
        self._remember()
        closing.end_jobs(self, self.session.owner)
        thumbnails.finish()
        event.accept()

    def _remember(self) -> None:
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        page = list(PAGES)[self.pages.currentIndex()]
        self.session.change_settings(replace(self.session.settings, geometry=geometry, page=page))


def _with(verb: str, change: str) -> str:
    """The text of Undo or Redo; an ampersand in the name of a class is no mnemonic."""
    return f"{verb} {change.replace('&', '&&')}".strip()
