"""Two runs side by side: settings, measures, and the pictures whose verdict flipped."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.comparison import Comparison, Flip, FlipKind, in_words
from deskclassify.ui import theme
from deskclassify.ui.pages.compare_tables import CompareTable, MetricsModel, SettingsModel
from deskclassify.ui.pages.picture_dialog import PictureDialog
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.image_grid import GridEntry, ImageGrid
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.tables import ON_CARD

Which = Literal["all"] | FlipKind
_FILTERS: dict[Which, tuple[str, str, str]] = {
    "all": ("All", "allFlipsButton", "All pictures that the two runs judge differently."),
    "fixed": ("Fixed", "fixedButton", "Wrong in the first run, right in the second."),
    "broken": ("Broken", "brokenButton", "Right in the first run, wrong in the second."),
    "changed": ("Both wrong", "changedButton", "Wrong in both runs, but taken for different classes."),
}
_BADGES: dict[FlipKind, str] = {"fixed": "fixed", "broken": "broken", "changed": "both wrong"}
_THUMBNAIL_PIXELS = 120
_SIZE = (980, 660)  # pixels


class CompareDialog(QDialog):
    """Shows a comparison. A double click on a picture shows it large."""

    def __init__(self, found: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compareDialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{found.first.title} and {found.second.title}")
        self._found = found
        self._shown: list[Flip] = []
        summary = named(QLabel(in_words(found)), "compareSummary")
        summary.setTextFormat(Qt.TextFormat.PlainText)
        summary.setWordWrap(True)
        summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        heading = common.subheading(f"From “{found.first.title}” to “{found.second.title}”")
        heading.setWordWrap(True)
        close = named(QPushButton("Close"), "closeButton")
        close.setDefault(True)
        close.clicked.connect(self.close)
        bottom = QHBoxLayout()
        bottom.addStretch(1)
        bottom.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        layout.setSpacing(theme.GAP)
        layout.addWidget(heading)
        layout.addWidget(summary)
        layout.addWidget(self._make_tabs(), 1)
        layout.addLayout(bottom)
        self.resize(*_SIZE)
        self._show_flips("all")

    def _make_tabs(self) -> QWidget:
        found = self._found
        tabs = named(QTabWidget(), "compareTabs")
        tabs.setDocumentMode(True)
        tabs.tabBar().setDrawBase(False)
        self.metrics = named(CompareTable(MetricsModel(found)), "compareMetricsTable")
        self.metrics.setAccessibleName("Measures of both runs")
        tabs.addTab(self._make_settings(), f"Settings ({len(found.differing):,})")
        tabs.addTab(self.metrics, "Measures")
        tabs.addTab(self._make_pictures(), f"Pictures ({len(found.flips):,})")
        card = common.Card()
        card.body.setContentsMargins(theme.GAP, theme.GAP // 2, theme.GAP, theme.GAP)
        card.body.addWidget(tabs)
        return card

    # -- settings ---------------------------------------------------------------------

    def _make_settings(self) -> QWidget:
        self._settings_model = SettingsModel(self._found)
        self.settings = named(CompareTable(self._settings_model), "compareSettingsTable")
        self.settings.setAccessibleName("Settings of both runs")
        self.all_settings = named(QCheckBox("Show the settings that are the same too"), "allSettingsBox")
        self.all_settings.toggled.connect(self._show_settings)
        self._settings_stack = QStackedWidget()
        self._settings_stack.addWidget(_note("All settings are the same."))
        self._settings_stack.addWidget(self.settings)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.addWidget(self._settings_stack, 1)
        column.addWidget(self.all_settings)
        self._show_settings(False)
        return page

    @Slot(bool)
    def _show_settings(self, everything: bool) -> None:
        self._settings_model.show_all(everything)
        self._settings_stack.setCurrentIndex(1 if self._settings_model.rows else 0)

    # -- pictures ---------------------------------------------------------------------

    def _make_pictures(self) -> QWidget:
        found = self._found
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        self._buttons: dict[Which, QPushButton] = {}
        for which, (text, name, tip) in _FILTERS.items():
            count = len(found.flips) if which == "all" else found.count(which)
            button = named(QPushButton(f"{text} ({count:,})"), name)
            button.setCheckable(True)
            button.setToolTip(tip)
            group.addButton(button)
            row.addWidget(button)
            self._buttons[which] = button
        group.buttonClicked.connect(self._choose)
        legend = common.muted("Below each: first → second verdict, and the right class")
        legend.setWordWrap(False)
        legend.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        legend.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(legend, 1)
        self.grid = named(ImageGrid(edge=_THUMBNAIL_PIXELS, lines=2), "flipsGrid")
        self.grid.setStyleSheet(ON_CARD)
        self.grid.setAccessibleName("Pictures whose verdict flipped")
        self.grid.activated_entry.connect(self._open_picture)
        self._pictures_stack = QStackedWidget()
        self._pictures_stack.addWidget(_note("There are no such pictures."))
        self._pictures_stack.addWidget(self.grid)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(row)
        column.addWidget(self._pictures_stack, 1)
        return page

    @Slot(object)
    def _choose(self, button: QPushButton) -> None:
        self._show_flips(next(which for which, known in self._buttons.items() if known is button))

    def _show_flips(self, which: Which) -> None:
        self._buttons[which].setChecked(True)
        self._shown = [one for one in self._found.flips if which in ("all", one.kind)]
        self.grid.set_entries([entry(one) for one in self._shown])
        self._pictures_stack.setCurrentIndex(1 if self._shown else 0)

    @Slot(object)
    def _open_picture(self, chosen: GridEntry) -> None:
        at = next((at for at, one in enumerate(self._shown) if one.path == chosen.path), None)
        if at is not None:
            remarks = [self._remark(one) for one in self._shown]
            PictureDialog([one.second for one in self._shown], at, self, remarks=remarks).open()

    def _remark(self, one: Flip) -> str:
        sides = ((self._found.first, one.first), (self._found.second, one.second))
        return "\n".join(
            f"{run.title}: “{said.predicted}”, probability {100 * said.probability:.1f} %, loss {said.loss:.3f}"
            for run, said in sides
        )


def entry(one: Flip) -> GridEntry:
    """A flipped picture in the grid."""
    relabelled = "" if one.first.label == one.second.label else f", before: {one.first.label}"
    return GridEntry(
        path=one.path,
        title=f"{one.first.predicted} → {one.second.predicted}",
        subtitle=f"{one.second.label}{relabelled}",
        bad=one.kind == "broken",
        badge=_BADGES[one.kind],
    )


def _note(text: str) -> QLabel:
    label = common.muted(text)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
