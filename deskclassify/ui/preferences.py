"""Preferences: colours, device, disk space and folders. Each change takes effect at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core import cache, engine_files, paths
from deskclassify.core import settings as settings_file
from deskclassify.ui import theme
from deskclassify.ui.engine_section import EngineSection
from deskclassify.ui.pages.train_words import DEVICES
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import heading, muted, pad_spin_boxes, run_guarded, subheading

_THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


class PreferencesDialog(QDialog):
    """Saves at each change."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        self._session = session
        self.theme_box = _choice(_THEMES, session.settings.theme, "themeBox", "Colours")
        self.device_box = _choice(DEVICES, session.settings.device, "deviceBox", "Device")
        self.device_box.setToolTip(
            "What trains and predicts. Automatic takes a graphics card if there is one that works."
        )
        self.cache_spin = QDoubleSpinBox()
        self.cache_spin.setObjectName("cacheSpin")
        self.cache_spin.setRange(1, 1000)
        self.cache_spin.setDecimals(0)
        self.cache_spin.setSuffix(" GB")
        self.cache_spin.setValue(session.settings.cache_gigabytes)
        self.cache_spin.setToolTip("Decoded pictures are kept so that training begins sooner; the oldest go first.")
        self.used_label = muted("")
        self.clear_button = QPushButton("Clear")
        self.clear_button.setObjectName("clearCacheButton")
        self.clear_button.setToolTip("Deletes what is kept for speed only; the next training begins a little later.")
        self._build()
        pad_spin_boxes(self)
        self._measure()
        self.theme_box.currentIndexChanged.connect(self._change)
        self.device_box.currentIndexChanged.connect(self._change)
        self.cache_spin.valueChanged.connect(self._change)
        self.clear_button.clicked.connect(self._clear)

    def _build(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(theme.MARGIN)
        form.setVerticalSpacing(theme.GAP + 4)
        form.addRow("C&olours", self.theme_box)
        form.addRow("&Device", self.device_box)
        form.addRow("Disk space for the &cache", self.cache_spin)
        used = QHBoxLayout()
        used.addWidget(self.used_label, 1)
        used.addWidget(self.clear_button)
        form.addRow("In use", used)
        folders = QFormLayout()
        folders.setHorizontalSpacing(theme.MARGIN)
        places: dict[str, Callable[[], Path]] = {
            "Projects": paths.projects_dir,
            "Weights": paths.weights_dir,
            "Cache": paths.cache_dir,
            "Logs": paths.log_dir,
        }
        for title, place in places.items():
            folders.addRow(title, self._folder_row(title, place()))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP + 6)
        layout.addWidget(heading("Preferences"))
        layout.addLayout(form)
        if engine_files.is_needed():
            layout.addWidget(EngineSection(self._session, self))
        layout.addWidget(subheading("Folders"))
        layout.addLayout(folders)
        layout.addWidget(buttons)

    def _folder_row(self, title: str, folder: Path) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        label = QLabel(str(folder))
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setProperty("role", "muted")
        label.setWordWrap(True)
        button = QToolButton()
        button.setIcon(theme.icon("open"))
        button.setToolTip(f"Open the folder: {title}")
        button.setAccessibleName(f"Open the folder: {title}")
        button.setProperty("folder", str(folder))
        button.clicked.connect(self._open_folder)
        layout.addWidget(label, 1)
        layout.addWidget(button)
        return row

    @Slot()
    def _open_folder(self) -> None:
        button = self.sender()
        if button is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(button.property("folder"))))

    @Slot()
    def _change(self) -> None:
        old = self._session.settings
        settings = replace(
            old,
            theme=settings_file.theme(str(self.theme_box.currentData())),
            device=str(self.device_box.currentData()),
            cache_gigabytes=self.cache_spin.value(),
        )
        self._session.change_settings(settings)
        if settings.device != old.device:
            self._session.change_options(replace(self._session.project.options, device=settings.device))
            self._session.examine()

    def _measure(self) -> None:
        self.used_label.setText(size_text(cache.folder_bytes(paths.cache_dir())))

    @Slot()
    def _clear(self) -> None:
        if self._session.owner.jobs:
            self.used_label.setText("Something is at work that uses the cache. Clear it when that has ended.")
            return
        run_guarded(self._session, cache.clear_folder, paths.cache_dir())
        self._measure()


def _choice(texts: dict[str, str], chosen: str, object_name: str, spoken: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(object_name)
    box.setAccessibleName(spoken)
    for value, text in texts.items():
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    return box


def size_text(size: int) -> str:
    """Bytes in the unit that fits."""
    value = float(size)
    for unit in ("bytes", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
