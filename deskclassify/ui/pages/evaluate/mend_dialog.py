"""One of the pictures of the Mend tab large, with the reason why it is there; it can be mended from here."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from deskclassify.core.data_events import DataProblem
from deskclassify.core.events import Verdict
from deskclassify.core.sources import Item
from deskclassify.ui import theme
from deskclassify.ui.mending import Mender
from deskclassify.ui.pages.picture_dialog import PictureDialog


class MendDialog(PictureDialog):
    """Says what a picture is labelled as and what it looks like, for it may be one that no network was asked about.

    Args:
        mender: gives other labels, and leaves out.
        pictures: path of each, and what it is there for.
        at: the one to begin with.
    """

    def __init__(
        self, mender: Mender, pictures: Sequence[tuple[str, DataProblem]], at: int, parent: QWidget | None = None
    ) -> None:
        self._problems = [one for _, one in pictures]
        verdicts = [Verdict(path, "", one.suggestion, one.probability, 0.0) for path, one in pictures]
        super().__init__(verdicts, at, parent, [one.reason for one in self._problems], mender.session)

    def _item(self, path: str) -> Item | None:
        found = self._mender.items([path]) if self._mender is not None else []
        return found[0] if found else None

    @Slot()
    def _refresh(self) -> None:
        super()._refresh()
        item = self._item(self.path)
        if self._aside or item is None or self._is_out(item):
            return
        suggestion = self._problems[self._at].suggestion
        wrong = bool(suggestion) and suggestion != item.label
        self._answer.setText(f"Labelled “{item.label}”" + (f", looks like “{suggestion}”" if wrong else ""))
        self._answer.setStyleSheet(f"color: {theme.current().warn if wrong else theme.current().text};")
