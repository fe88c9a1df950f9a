"""Why the network said so of one picture: a heat map for what it said, and for what it should have said."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Verdict
from deskclassify.core.layer_events import Explained
from deskclassify.core.layer_requests import ExplainRequest
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.pages.layers.explanation_words import heat_of, value_text
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.heat_view import HeatPanel
from deskclassify.ui.widgets.named import named

_ACTUAL_TIP = "What speaks for the class that the picture is labelled with"
_LONGEST = 44  # characters of a button


class PictureHeat(QWidget):
    """The network's input with the heat over it. While it waits, or is not wanted, there is nothing to show.

    Args:
        session: runs the jobs.
        model: a run folder.
        class_of_model: what the network itself calls a class, by its name now; empty where it does not know it.
    """

    shown_changed = Signal(bool)  # whether there is something to show

    def __init__(
        self,
        session: Session,
        model: str,
        parent: QWidget | None = None,
        class_of_model: Callable[[str], str] = str,
    ) -> None:
        super().__init__(parent)
        self._model, self._class_of_model = model, class_of_model
        self._verdict: Verdict | None = None
        self._wanted = False
        self._found: Explained | None = None
        self._ask = Latest(session, parent=self)
        self._ask.received.connect(self._received)
        self._ask.failed.connect(self._failed)
        self.panel = HeatPanel()
        self.panel.view.hovered.connect(self._tell_value)
        self.predicted_button = named(QPushButton(), "explainPredictedButton")
        self.actual_button = named(QPushButton(), "explainActualButton")
        self.predicted_button.setToolTip("What speaks for the class that the network says")
        self.actual_button.setToolTip(_ACTUAL_TIP)
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addStretch(1)
        for button in (self.predicted_button, self.actual_button):
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        row.addStretch(1)
        group.buttonClicked.connect(self._choose)
        self.trouble_label = muted("")
        self.trouble_label.setProperty("role", "bad")
        self.trouble_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(row)
        column.addWidget(self.trouble_label)
        column.addWidget(self.panel, 1)

    def set_verdict(self, verdict: Verdict) -> None:
        """Another picture, or another label: what was asked for the one before is not wanted any more."""
        before, self._verdict = self._verdict, verdict
        self.predicted_button.setText(_short(f"Why “{verdict.predicted}”?"))
        self.actual_button.setText(_short(f"What speaks for “{verdict.label}”?"))
        self.actual_button.setVisible(verdict.label != verdict.predicted)
        knows = bool(self._class_of_model(verdict.label))
        self.actual_button.setEnabled(knows)
        self.actual_button.setToolTip(_ACTUAL_TIP if knows else "The network was trained without this class.")
        is_same = before is not None and (before.path, before.predicted) == (verdict.path, verdict.predicted)
        if is_same and self.predicted_button.isChecked():
            return  # the heat is still what was asked
        self.predicted_button.setChecked(True)
        self._clear()
        self._refresh()

    @Slot(bool)
    def set_wanted(self, wanted: bool) -> None:
        """Show heat for this picture and those that follow, or none."""
        self._wanted = wanted
        if not wanted:
            self._clear()
        self._refresh()

    def drop(self) -> None:
        """Want nothing any more."""
        self._ask.drop()

    def _clear(self) -> None:
        self._ask.drop()
        self._found = None
        self.trouble_label.hide()
        self.panel.show_picture(None)
        self.shown_changed.emit(False)

    def _refresh(self) -> None:
        verdict = self._verdict
        if self._wanted and verdict is not None:
            shown = verdict.label if self.actual_button.isChecked() else verdict.predicted
            target = self._class_of_model(shown) or shown
            self._ask.ask(ExplainRequest(self._model, verdict.path, "gradcam", target))

    @Slot(QAbstractButton)
    def _choose(self, button: QAbstractButton) -> None:
        self._refresh()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Explained):
            self._found = event
            self.trouble_label.hide()
            self.panel.show_picture(event.picture, heat_of(event))
            self.shown_changed.emit(True)

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._found = None
        self.panel.show_picture(None)
        self.trouble_label.setText(failure.sentence)
        self.trouble_label.show()
        self.shown_changed.emit(True)

    @Slot(object)
    def _tell_value(self, value: float | None) -> None:
        text = "" if value is None or self._found is None else value_text(self._found, value)
        self.panel.value_label.setText(text)


def _short(text: str) -> str:
    return (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}…”?").replace("&", "&&")
