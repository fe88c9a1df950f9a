"""The card of the Data page for the split: shares, what stays on one side, and how unequal the classes are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSpinBox, QWidget

from deskclassify.core import balance, groups
from deskclassify.core.errors import InputError
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Listing
from deskclassify.core.words import counted
from deskclassify.ui import theme
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.common import Card, muted, run_guarded, set_role
from deskclassify.ui.widgets.named import named

_DEBOUNCE_MILLISECONDS = 400
_SEED_PIXELS = 84
_LARGEST_SEED = 2_147_483_647
_LARGEST_TEST = 40  # per cent; with the largest share for validation a tenth is left to train on
_MOST_COUNTED = 5_000  # pictures whose groups are counted here: it takes 2 µs for each
_MOST_BYTES = 1_500_000  # of a table of predictions that is read here: some 15,000 rows, 20 ms

_GROUPINGS = {
    "": "Nothing",
    groups.FOLDER: "Pictures of a sub-folder",
    groups.PATTERN: "Names with a common part",
}
_HINTS = {
    "": "Tip: pictures of one burst, patient or object should stay on one side, or the accuracy looks too good.",
    groups.FOLDER: "Each folder inside a class folder is one group: all for training, or all for validation.",
    groups.PATTERN: "What the part in parentheses finds is the group, as patient12 by ^(patient\\d+)_ in "
    "patient12_left.jpg.",
}


class SplitCard(Card):
    """Which pictures are kept from training: shares, seed and groups; and the sizes of the classes."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Split", parent)
        self._session = session
        self._run_told: RunFolder | None = None
        self._make_shares()
        self._make_groups()
        self._build()
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_DEBOUNCE_MILLISECONDS)
        self._debounce.timeout.connect(self._apply)
        for spin in (self.share, self.test, self.seed):
            spin.valueChanged.connect(self._debounce.start)
        self.grouping.activated.connect(self._choose_grouping)
        self.pattern.textEdited.connect(self._debounce.start)
        self.release_button.clicked.connect(self._release)
        self.balance_button.clicked.connect(self._go_to_train)
        session.project_changed.connect(self._show)
        session.listing_changed.connect(self._show_listing)
        session.options_changed.connect(self._show_balance)
        session.run_changed.connect(self._show_effect)
        self._show()

    # -- building ---------------------------------------------------------------------

    def _make_shares(self) -> None:
        self.share = named(QSpinBox(), "validPctSpin")
        self.share.setRange(5, 50)
        self.share.setSuffix(" %")
        self.share.setToolTip("Share of each class that is kept apart, to measure how well the network does.")
        self.test = named(QSpinBox(), "testPctSpin")
        self.test.setRange(0, _LARGEST_TEST)
        self.test.setSuffix(" %")
        self.test.setSpecialValueText("none")
        self.test.setToolTip(
            "Share of each class that no training and no choice of settings ever sees: measure on it once, at the end, "
            "on the Evaluate page. It stays the same whatever the seed."
        )
        self.seed = named(QSpinBox(), "seedSpin")
        self.seed.setRange(0, _LARGEST_SEED)
        self.seed.setToolTip("Another number draws other validation pictures; the same number always the same.")
        self.seed.setMinimumWidth(_SEED_PIXELS)  # its range asks for more than the column has

    def _make_groups(self) -> None:
        self.grouping = named(QComboBox(), "groupingBox")
        for value, text in _GROUPINGS.items():
            self.grouping.addItem(text, value)
        self.grouping.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.grouping.setToolTip("Pictures that are much alike must not lie on both sides of the split.")
        self.pattern = named(QLineEdit(), "groupPatternEdit")
        self.pattern.setAccessibleName("Pattern of the part of the name")
        self.pattern.setPlaceholderText("^(patient\\d+)_")
        self.hint = named(muted(""), "groupingHint")
        self.told_together = named(muted(""), "togetherLabel")
        self.release_button = named(QPushButton("Let go"), "releaseButton")
        self.release_button.setToolTip("Copies may lie on both sides of the split again; Undo takes it back.")
        self.balance_label = named(muted(""), "balanceLabel")
        self.balance_button = named(QPushButton("Balancing…"), "balanceButton")
        self.balance_button.setToolTip("Choose on the Train page what is done about classes of unequal size.")
        self.effect_label = named(muted(""), "balanceEffectLabel")

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        for row, column, text, part in (
            (0, 0, "&Validation", self.share),
            (0, 2, "Se&ed", self.seed),
            (1, 0, "Keep for a last &test", self.test),
            (2, 0, "Keep on one &side", self.grouping),
        ):
            label = QLabel(text)
            label.setBuddy(part)
            grid.addWidget(label, row, column)
            grid.addWidget(part, row, column + 1, 1, 1 if row == 0 else 3)
        self.body.addLayout(grid)
        self.body.addWidget(self.pattern)
        self.body.addWidget(self.hint)
        for label, button in ((self.told_together, self.release_button), (self.balance_label, self.balance_button)):
            line = QHBoxLayout()
            line.setSpacing(theme.GAP)
            line.addWidget(label, 1)
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
            self.body.addLayout(line)
        self.body.addWidget(self.effect_label)

    # -- what is shown ----------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        data = self._session.project.data
        values = (round(100 * data.valid_pct), round(100 * data.test_pct), data.seed)
        for spin, value in zip((self.share, self.test, self.seed), values, strict=True):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
        kind, colon, pattern = data.grouping.partition(":")
        self.grouping.setCurrentIndex(max(0, self.grouping.findData(kind + colon)))
        if colon:
            self.pattern.setText(pattern)
        self.pattern.setVisible(bool(colon))
        count = len(data.together)
        self.told_together.setText(
            f"{counted(count, 'group')} of copies {'is' if count == 1 else 'are'} kept together."
        )
        self.told_together.setVisible(bool(count))
        self.release_button.setVisible(bool(count))
        self._show_listing()

    @Slot()
    def _show_listing(self) -> None:
        listing = self._session.listing
        self._say(self._found(listing) or _HINTS[str(self.grouping.currentData())])
        if listing is not None:
            fixed = {item.fixed for item in listing.items}
            for spin, subset in ((self.share, "valid"), (self.test, "test")):
                spin.setEnabled(subset not in fixed)
        self._show_balance()

    def _found(self, listing: Listing | None) -> str:
        """How many groups there are."""
        data = self._session.project.data
        if listing is None or not data.grouping or len(listing.items) > _MOST_COUNTED:
            return ""
        try:
            sizes = Counter(groups.find(listing.items, data.grouping, (), data.rule == "folder").values())
        except InputError:
            return ""
        if not sizes:
            return ""
        least, most = min(sizes.values()), max(sizes.values())
        each = f"{least}" if least == most else f"{least} to {most}"
        return f"{counted(len(sizes), 'group')} of {each} pictures; each stays on one side."

    def _say(self, text: str, role: str = "muted") -> None:
        self.hint.setText(text)
        set_role(self.hint, role)

    @Slot()
    def _show_balance(self) -> None:
        listing = self._session.listing
        counts = _train_counts(listing) if listing is not None else {}
        several = len(counts) > 1
        plan = balance.plan(counts, self._session.project.options.balance)
        self.balance_label.setText(plan.sentence if several else "")
        self.balance_label.setVisible(several)
        self.balance_button.setVisible(several and plan.sentence.startswith("“"))
        self._show_effect()

    @Slot()
    def _show_effect(self) -> None:
        text = self._effect() if self.isVisible() else ""
        self.effect_label.setText(text)
        self.effect_label.setVisible(bool(text))

    def _effect(self) -> str:
        listing, run = self._session.listing, self._session.run
        if listing is None or run is None or not run.path.is_relative_to(self._session.project.folder):
            return ""
        counts = _train_counts(listing)
        if not counts or max(counts.values()) < 3 * min(counts.values()):
            return ""  # nothing to be told: the file need not be read
        try:
            if (run.path / "predictions.csv").stat().st_size > _MOST_BYTES:
                return ""
            return balance.effect(counts, run.predictions())
        except (InputError, OSError):
            return ""  # the Evaluate page tells of a damaged run

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        """What a run has come to is read when it is looked at."""
        super().showEvent(event)
        self._show_effect()

    # -- commands ---------------------------------------------------------------------

    @Slot()
    def _choose_grouping(self) -> None:
        kind = str(self.grouping.currentData())
        self.pattern.setVisible(kind == groups.PATTERN)
        if kind == groups.PATTERN and not self.pattern.text():
            self._say(_HINTS[kind])
            self.pattern.setFocus()
            return
        self._apply()

    @Slot()
    def _apply(self) -> None:
        self._debounce.stop()
        data, kind = self._session.project.data, str(self.grouping.currentData())
        grouping = kind + self.pattern.text() if kind == groups.PATTERN else kind
        if grouping == groups.PATTERN:
            grouping = data.grouping  # no pattern yet: what was chosen before stays
        try:
            groups.check(grouping)
        except InputError as error:
            self._say(error.sentence, "bad")
            return
        valid, test = _share(self.share, data.valid_pct), _share(self.test, data.test_pct)
        shares = replace(data, valid_pct=valid, test_pct=test, seed=self.seed.value())
        if grouping != data.grouping:
            changed = replace(shares, grouping=grouping)
            run_guarded(self._session, self._session.change_data, "change what stays on one side", changed)
        else:
            run_guarded(self._session, self._session.change_data, "change the split", shares)

    @Slot()
    def _release(self) -> None:
        data = replace(self._session.project.data, together=())
        run_guarded(self._session, self._session.change_data, "let copies lie on both sides", data)

    @Slot()
    def _go_to_train(self) -> None:
        self._session.page_wanted.emit("train")


def _train_counts(listing: Listing) -> dict[str, int]:
    """Class → number of training pictures, also of classes without any."""
    counts = dict.fromkeys(listing.classes(), 0)
    for item in listing.items:
        counts[item.label] += item.subset == "train"
    return counts


def _share(spin: QSpinBox, before: float) -> float:
    """The share that a box holds; one that is finer than the box can say stays."""
    return before if round(100 * before) == spin.value() else spin.value() / 100
