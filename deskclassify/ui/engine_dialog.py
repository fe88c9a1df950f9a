"""Installing the training engine: what it is, how large, where to, how far it is; and going on with what was wanted."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import engine_choice, engine_install
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.core.use_events import EngineState
from deskclassify.core.use_requests import EngineKind, EngineStateRequest, InstallEngineRequest
from deskclassify.core.words import about, size
from deskclassify.ui import dialogs, theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.collapsible import Collapsible
from deskclassify.ui.widgets.common import Card, heading, muted, primary, set_role
from deskclassify.ui.widgets.named import named

_WIDTH = 620  # pixels
_LINES = 3  # of the text that tells how it goes
_INDENT = 26  # pixels: the text below a round button begins where its title does
_KINDS: dict[EngineKind, str] = {"cpu": "For the &processor", "cuda": "For an NVIDIA graphics card (&CUDA)"}
_WHAT = (
    "Predicting works already. To train, the program needs PyTorch, the library that does the computing. It is large, "
    "so it comes separately: it is downloaded once into your own folder, and changes nothing else on this computer."
)
_STAGES = {engine_install.DOWNLOAD: "Downloading", engine_install.UNPACK: "Unpacking"}


class EngineDialog(QDialog):
    """Asks and shows; the job of `InstallEngineRequest` installs. Closing the dialog stops it, and it can go on later.

    Args:
        session: runs the jobs.
        wanted: what is done once it is there, for the button: “Train”; may be empty.
        repair: make anew what is there.
    """

    installed = Signal()  # the engine is there, and the user wants to go on

    def __init__(self, session: Session, parent: QWidget | None = None, wanted: str = "", repair: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("engineDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Training engine")
        self._session = session
        self._wanted = wanted
        self._repair = repair
        self._is_there = False
        self._begun: tuple[str, int, float] = ("", 0, 0.0)  # stage, bytes and time at its first event
        self._latest = Latest(session, parent=self)
        self._latest.received.connect(self._received)
        self._latest.failed.connect(self._failed)
        self._latest.busy_changed.connect(self._refresh)
        self._make_choice()
        self._make_sources()
        self._make_end()
        self._lay_out()
        self._refresh()
        for kind in ("auto", *_KINDS):
            session.ask(EngineStateRequest(kind), self._told, self._failed)

    def _make_choice(self) -> None:
        self.kinds = QButtonGroup(self)
        self.kind_buttons: dict[str, QRadioButton] = {}
        self.size_labels: dict[str, QLabel] = {}
        for kind, title in _KINDS.items():
            button = named(QRadioButton(title), f"engine{kind.capitalize()}Button")
            button.toggled.connect(self._refresh)
            self.kinds.addButton(button)
            self.kind_buttons[kind] = button
            self.size_labels[kind] = muted("…")
            self.size_labels[kind].setIndent(_INDENT)
        self.reason = named(muted(""), "engineReason")
        self.place = named(muted(""), "enginePlace")
        self.place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _make_sources(self) -> None:
        self.sources = Collapsible("Other sources")
        self.wheels_edit = named(QLineEdit(), "engineWheelsEdit")
        self.wheels_edit.setPlaceholderText("Without a network: a folder of wheels (.whl files)")
        self.wheels_edit.setToolTip("A folder that holds all packages; nothing is downloaded then.")
        self.browse_button = named(QPushButton("Choose…"), "engineBrowseButton")
        self.browse_button.setAutoDefault(False)
        self.browse_button.clicked.connect(self._browse)
        self.index_edit = named(QLineEdit(), "engineIndexEdit")
        self.index_edit.setPlaceholderText("https://… of a mirror of the package index")
        self.index_edit.setToolTip("Where your organisation keeps a copy of the Python packages.")
        wheels = QHBoxLayout()
        wheels.setSpacing(theme.GAP)
        wheels.addWidget(self.wheels_edit, 1)
        wheels.addWidget(self.browse_button)
        form = QFormLayout(self.sources.content)
        form.setContentsMargins(0, theme.GAP, 0, 0)
        form.setVerticalSpacing(theme.GAP)
        form.addRow("&Folder", wheels)
        form.addRow("&Mirror", self.index_edit)
        label = form.labelForField(wheels)
        if isinstance(label, QLabel):
            label.setBuddy(self.wheels_edit)
        self.sources.button.toggled.connect(self._fit_soon)

    def _make_end(self) -> None:
        self.bar = named(QProgressBar(), "engineProgress")
        self.bar.setAccessibleName("Progress of the installation")
        keep = self.bar.sizePolicy()
        keep.setRetainSizeWhenHidden(True)  # so that nothing jumps when it begins and ends
        self.bar.setSizePolicy(keep)
        self.text = named(QLabel(), "engineText")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.text.setMinimumHeight(_LINES * self.text.fontMetrics().lineSpacing())
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.close_button = named(QPushButton("Not now"), "engineCloseButton")
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self._close_or_stop)
        self.install_button = primary(named(QPushButton("Install"), "engineInstallButton"))
        self.install_button.setDefault(True)
        self.install_button.clicked.connect(self._install_or_go_on)

    def _lay_out(self) -> None:
        self.title = heading("Training needs one more part" if self._wanted else "Training engine")
        choice = Card()
        for kind in _KINDS:
            pair = QVBoxLayout()
            pair.setSpacing(2)
            pair.addWidget(self.kind_buttons[kind])
            pair.addWidget(self.size_labels[kind])
            choice.body.addLayout(pair)
        choice.body.setSpacing(theme.GAP + 4)
        choice.body.addWidget(self.reason)
        end = QHBoxLayout()
        end.setSpacing(theme.GAP)
        end.addStretch(1)
        end.addWidget(self.close_button)
        end.addWidget(self.install_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 4)
        for widget in (self.title, muted(_WHAT), choice, self.place, self.sources, self.bar, self.text):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(end)
        self.setMinimumWidth(_WIDTH)
        self._fit()

    @Slot()
    def _fit_soon(self) -> None:
        QTimer.singleShot(0, self, self._fit)  # what was opened or closed has its new height only then

    @Slot()
    def _fit(self) -> None:
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(max(_WIDTH, self.width()), layout.heightForWidth(max(_WIDTH, self.width())))

    # -- commands -------------------------------------------------------------------------

    @property
    def kind(self) -> EngineKind:
        """What is chosen."""
        return next((kind for kind in _KINDS if self.kind_buttons[kind].isChecked()), "auto")

    @Slot()
    def _browse(self) -> None:
        chosen = dialogs.ask_folder(self, self._session, "Choose the folder that holds the wheels")
        if chosen is not None:
            self.wheels_edit.setText(str(chosen))

    @Slot()
    def _install_or_go_on(self) -> None:
        if self._is_there:
            self.installed.emit()
            self.accept()
            return
        self.bar.setRange(0, 0)
        self._begun = ("", 0, 0.0)
        self._say("Looking at what is there …", "muted")
        wheels, index = self.wheels_edit.text().strip(), self.index_edit.text().strip()
        self._latest.ask(InstallEngineRequest(self.kind, wheels, index, self._repair))

    @Slot()
    def _close_or_stop(self) -> None:
        if self._latest.is_busy:
            self._latest.drop()
            self._say("Stopped. What is downloaded is kept: Install goes on with it.", "muted")
            self._refresh()
        else:
            self.close()

    def done(self, result: int) -> None:
        """The dialog closes: an installation is stopped."""
        self._latest.drop()
        super().done(result)

    # -- answers --------------------------------------------------------------------------

    @Slot(object)
    def _told(self, event: Event) -> None:
        """What there is, and what each kind takes."""
        if not isinstance(event, EngineState) or event.kind not in _KINDS:
            return
        if event.reason != engine_choice.CHOSEN:  # the answer to “auto”
            self.kind_buttons[event.kind].setChecked(True)
            self.reason.setText(event.reason)
            self.reason.setVisible(bool(event.reason))
            self.place.setText(f"Folder: {event.folder} ({size(event.bytes_free)} free)")
            if event.state in ("unfinished", "damaged", "outdated"):
                self._say(event.text, "muted")
        self.size_labels[event.kind].setText(_size_text(event))
        self._fit()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._show_progress(event)
        elif isinstance(event, EngineState):
            self._is_there = event.state in ("installed", "bundled")
            self._say(event.text, "good" if self._is_there else "warn")
            if self._is_there:
                self._session.status.emit(event.text)
                self._session.examine()

    def _show_progress(self, event: Progress) -> None:
        if event.stage not in _STAGES:
            self.bar.setRange(0, 0)
            self._say("Trying whether it works …", "muted")
            return
        now = time.monotonic()
        if self._begun[0] != event.stage:
            self._begun = (event.stage, event.done, now)
        _, first, begun = self._begun
        # In kilobytes: the bar counts in 32 bits.
        self.bar.setRange(0, max(1, event.total // 1000))
        self.bar.setValue(event.done // 1000)
        left = ""
        if event.done > first and now - begun > 3:
            left = f", about {about((event.total - event.done) * (now - begun) / (event.done - first))} left"
        self._say(f"{_STAGES[event.stage]}: {size(event.done)} of {size(event.total)}{left}", "muted")

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._say(failure.sentence, "bad")
        self._refresh()

    def _say(self, text: str, role: str) -> None:
        self.text.setText(text)
        set_role(self.text, role)
        self._fit()

    @Slot()
    def _refresh(self) -> None:
        busy = self._latest.is_busy
        self.bar.setVisible(busy)
        for widget in (*self.kind_buttons.values(), self.sources):
            widget.setEnabled(not busy and not self._is_there)
        if self._is_there:
            self.install_button.setText(self._wanted or "Done")
        else:
            self.install_button.setText("Repair" if self._repair else "Install")
        self.install_button.setEnabled(not busy and (self._is_there or self.kind != "auto"))
        self.close_button.setText("Stop" if busy else "Close" if self._is_there else "Not now")
        self.close_button.setVisible(busy or not self._is_there or bool(self._wanted))


def _size_text(state: EngineState) -> str:
    if not state.bytes_needed:
        return state.text
    on_disk = size(state.bytes_needed - state.bytes_download)
    if not state.bytes_download:
        return f"Everything is downloaded; {on_disk} on the disk."
    return f"{size(state.bytes_download)} to download, {on_disk} on the disk."
