"""The pictures that the network takes to be most like one, in a row below it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from deskclassify.core.data_events import NeighboursFound
from deskclassify.core.data_requests import NeighboursRequest
from deskclassify.core.errors import Failure
from deskclassify.core.events import Event, Progress
from deskclassify.ui import theme
from deskclassify.ui.latest import Latest
from deskclassify.ui.session import Session
from deskclassify.ui.widgets import common
from deskclassify.ui.widgets.elided import ElidedLabel
from deskclassify.ui.widgets.image_grid import GridEntry
from deskclassify.ui.widgets.named import named
from deskclassify.ui.widgets.picture_strip import PictureStrip

_PAUSE_MILLISECONDS = 120  # whoever leafs through pictures does not want the neighbours of each
_COUNT = 16
_TIP = (
    "The pictures whose features, the numbers that the network makes of a picture, point most nearly into the same "
    "direction. 100 %: just the same. Framed: another class. A click shows one."
)


class PictureNeighbours(QWidget):
    """Asks for the neighbours of a picture while it can be seen.

    Args:
        session: runs the jobs.
        model: a run folder.
        label_of: the class that a picture has now, by its path; empty where that is not known.
        color_of: the colour of a class.
    """

    chosen = Signal(str)  # path

    def __init__(
        self,
        session: Session,
        model: str,
        label_of: Callable[[str], str],
        color_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._model = session, model
        self._label_of, self._color_of = label_of, color_of
        self._found: NeighboursFound | None = None
        self._path = ""
        self._ask = Latest(session, _PAUSE_MILLISECONDS, self)
        self._ask.received.connect(self._received)
        self._ask.failed.connect(self._failed)
        title = common.subheading("Most alike to the network")
        title.setToolTip(_TIP)
        self.note_label = named(ElidedLabel(), "neighboursNote")
        self.strip = named(PictureStrip(), "neighbourStrip")
        self.strip.setAccessibleName("The pictures that are most alike to the network")
        self.strip.setToolTip(_TIP)
        self.strip.chosen.connect(self.chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP // 2)
        column.addWidget(title)
        column.addWidget(self.note_label)
        column.addWidget(self.strip)
        self.note_label.hide()

    def show_of(self, path: str) -> None:
        """Show the neighbours of another picture."""
        if path != self._path:
            self._path, self._found = path, None
            self._show()
            self._ask.ask(NeighboursRequest(self._model, path, _COUNT, self._session.settings.device))

    def refresh(self) -> None:
        """Labels have changed."""
        self._show()

    def drop(self) -> None:
        """Want nothing any more."""
        self._ask.drop()
        self._path = ""

    def _show(self) -> None:
        found = self._found
        self.note_label.hide()
        if found is None:
            self.strip.show_entries([])
            return
        own = self._label_of(found.path)
        rows = zip(found.paths, found.labels, found.similarities, strict=True)
        self.strip.show_entries([self._entry(*row, own) for row in rows])
        if not found.paths:
            self._tell("There are no other pictures.")

    def _entry(self, path: str, then: str, similarity: float, own: str) -> GridEntry:
        label = self._label_of(path) or then
        return GridEntry(path, label, f"{100 * similarity:.0f} %", self._color_of(label), bad=own not in ("", label))

    def _tell(self, text: str) -> None:
        self.note_label.set_text(text)
        self.note_label.show()

    @Slot(object)
    def _received(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._tell(f"Only the first time: {event.stage.lower()}, {event.done:,} of {event.total:,}")
        elif isinstance(event, NeighboursFound):
            self._found = event
            self._show()

    @Slot(object)
    def _failed(self, failure: Failure) -> None:
        self._tell(failure.sentence)
