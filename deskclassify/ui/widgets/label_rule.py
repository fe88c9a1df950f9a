"""Choosing how pictures get their class, with a live preview of what that would give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Listed
from deskclassify.core.sources import Listing
from deskclassify.jobs.job import Job
from deskclassify.ui import dialogs, theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, muted, primary, run_guarded

RULES = {
    "folder": "Name of the sub-folder",
    "regex": "Pattern in the file name (regex)",
    "case": "Upper- or lower-case first letter",
    "csv": "Table (CSV)",
}
_HINTS = {
    "folder": "cats/one.jpg is a cat: the class is the folder that the picture lies in.",
    "regex": "The part in parentheses is the class, as in ^(.+)_\\d+ for great_pyrenees_173.jpg.",
    "case": "Maine_Coon_1.jpg is “upper-case”, beagle_1.jpg is “lower-case”.",
    "csv": "A table with one row a picture: a column with its path, and one with its class.",
}
_PLACEHOLDERS = {"regex": "^(.+)_\\d+", "csv": "labels.csv"}
_DEBOUNCE_MILLISECONDS = 300
_MOST_CLASSES = 6
_EXAMPLES = 3


class LabelRuleEditor(Card):
    """Rule, pattern or file, preview, and a button that applies it."""

    answered = Signal()  # the preview has changed

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("How pictures get their class", parent)
        self._session = session
        self._job: Job | None = None
        self.box = QComboBox()
        self.box.setObjectName("labelRuleBox")
        self.box.setAccessibleName("Label rule")
        self.box.setToolTip("Where the class of a picture is written: its folder, its file name, or a table")
        for value, text in RULES.items():
            self.box.addItem(text, value)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.edit = QLineEdit()
        self.edit.setObjectName("labelRuleEdit")
        self.edit.setAccessibleName("Pattern or table of the label rule")
        self.browse = QPushButton("Browse…")
        self.browse.setObjectName("labelRuleBrowseButton")
        self.hint = muted("")
        self.preview = QLabel()
        self.preview.setObjectName("labelRulePreview")
        self.preview.setWordWrap(True)
        self.preview.setTextFormat(Qt.TextFormat.PlainText)
        self.apply_button = primary(QPushButton("Apply"))
        self.apply_button.setObjectName("labelRuleApplyButton")
        self.apply_button.setToolTip("Use this rule for all pictures of the project; Undo takes it back")
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_DEBOUNCE_MILLISECONDS)
        self._build()
        self.box.currentIndexChanged.connect(self._edited)
        self.edit.textChanged.connect(self._edited)
        self.browse.clicked.connect(self._browse)
        self.apply_button.clicked.connect(self._apply)
        self._debounce.timeout.connect(self._ask)
        session.project_changed.connect(self.show_rule)
        self.show_rule()

    def _build(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(theme.GAP)
        line.addWidget(self.edit, 1)
        line.addWidget(self.browse)
        end = QHBoxLayout()
        end.addStretch(1)
        end.addWidget(self.apply_button)
        self.body.addWidget(self.box)
        self.body.addLayout(line)
        self.body.addWidget(self.hint)
        self.body.addWidget(self.preview)
        self.body.addLayout(end)

    def rule(self) -> str:
        """The rule that is being edited, as the project knows it."""
        kind = str(self.box.currentData())
        return f"{kind}:{self.edit.text().strip()}" if kind in _PLACEHOLDERS else kind

    @Slot()
    def show_rule(self) -> None:
        """Show the rule of the project."""
        kind, _, argument = self._session.project.data.rule.partition(":")
        self.box.blockSignals(True)
        self.edit.blockSignals(True)
        self.box.setCurrentIndex(max(0, self.box.findData(kind)))
        self.edit.setText(argument)
        self.box.blockSignals(False)
        self.edit.blockSignals(False)
        self._edited()

    @Slot()
    def _edited(self) -> None:
        kind = str(self.box.currentData())
        self.edit.setVisible(kind in _PLACEHOLDERS)
        self.edit.setPlaceholderText(_PLACEHOLDERS.get(kind, ""))
        self.browse.setVisible(kind == "csv")
        self.hint.setText(_HINTS[kind])
        changed = self.rule() != self._session.project.data.rule
        if self._job is not None:
            self._job.control.stop()
            self._job = None
        self.apply_button.setVisible(changed)
        self.apply_button.setEnabled(False)
        self._say("", "muted")
        complete = kind not in _PLACEHOLDERS or bool(self.edit.text().strip())
        if changed and complete and self._session.project.data.sources:
            self._debounce.start()
        else:
            self._debounce.stop()
            self.apply_button.setEnabled(changed and complete)

    @Slot()
    def _ask(self) -> None:
        data = replace(self._session.project.data, rule=self.rule())
        self._job = self._session.preview(data, self._previewed, self._refused)

    @Slot(object)
    def _previewed(self, event: Event | None) -> None:
        if self.sender() is self._job and isinstance(event, Listed):
            self._job = None
            self.apply_button.setEnabled(bool(event.listing.items))
            self._say(describe(event.listing), "muted" if event.listing.items else "warn")

    @Slot(object)
    def _refused(self, failure: Failure) -> None:
        if self.sender() is self._job:
            self._job = None
            self._say(failure.sentence, "bad")

    def _say(self, text: str, role: str) -> None:
        self.preview.setText(text)
        self.preview.setVisible(bool(text))
        self.preview.setProperty("role", role)
        self.preview.style().polish(self.preview)  # the style sheet looks at properties only now
        if text:
            self.answered.emit()

    @Slot()
    def _browse(self) -> None:
        chosen = dialogs.ask_file(self, self._session, "Choose a table", "Tables (*.csv *.tsv *.txt)")
        if chosen is not None:
            self.edit.setText(str(chosen))

    @Slot()
    def _apply(self) -> None:
        data = replace(self._session.project.data, rule=self.rule())
        run_guarded(self._session, self._session.change_data, "change the label rule", data)


def describe(listing: Listing) -> str:
    """What a rule gives: classes with counts, files without a class, and examples."""
    classes = listing.classes()
    if not classes:
        return "No picture gets a class by this rule."
    shown = sorted(classes.items(), key=lambda pair: -pair[1])[:_MOST_CLASSES]
    more = f" and {len(classes) - len(shown)} more" if len(classes) > len(shown) else ""
    lines = [f"{len(classes)} {'class' if len(classes) == 1 else 'classes'}: "]
    lines[0] += ", ".join(f"{name} ({count})" for name, count in shown) + more
    without = sum(problem.kind == "unlabelled" for problem in listing.problems)
    if without:
        lines.append(f"{without} {'file has' if without == 1 else 'files have'} no class.")
    step = max(1, len(listing.items) // _EXAMPLES)
    lines += [f"{Path(item.path).name} → {item.label}" for item in listing.items[::step][:_EXAMPLES]]
    return "\n".join(lines)
