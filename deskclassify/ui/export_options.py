"""The choices of an export: what it is for, how large its numbers are, and what only some need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from deskclassify.core.requests import ExportLayout, Precision
from deskclassify.ui import theme
from deskclassify.ui.widgets.choice import Choice
from deskclassify.ui.widgets.collapsible import Collapsible
from deskclassify.ui.widgets.common import subheading
from deskclassify.ui.widgets.explained import explain
from deskclassify.ui.widgets.named import named

OPSETS = range(13, 26)  # `ml.tracing.OPSETS`, which this process does not import; a test compares
_OPSET_OF_RESIZE = 18  # the first whose Resize smooths
_LAYOUTS: Mapping[ExportLayout, tuple[str, str, str]] = {
    "file": ("One file", "For this program and all others that use ONNX Runtime.", ".onnx"),
    "zip": ("Zip to pass on", "The model with its labels, a description and a short Python script.", ".zip"),
    "triton": ("Triton", "For NVIDIA's Triton Inference Server: a model repository.", "folder"),
    "safetensors": ("Weights", "For programmers: to go on with it in PyTorch, with timm or torchvision.", "folder"),
}
_PRECISIONS: Mapping[Precision, tuple[str, str, str]] = {
    "fp32": ("32 bits", "Exactly the answers of this window.", "fp32"),
    "fp16": ("16 bits", "Half the size. Faster on graphics cards only.", "fp16"),
    "int8": ("8 bits", "A third of the size, and faster on many processors.", "int8"),
}
_MORE = {
    "int8": "It is calibrated on training pictures, and refused if it loses more than 2 points of accuracy.",
}


class ExportOptions(QWidget):
    """Layout, precision, opset and resizing; those that do not go together are switched off."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layouts: dict[ExportLayout, Choice] = {}
        self.precisions: dict[Precision, Choice] = {}
        self._groups = (QButtonGroup(self), QButtonGroup(self))
        for kind, (title, text, aside) in _LAYOUTS.items():
            self.layouts[kind] = self._choice(0, title, text, aside, f"{kind}LayoutButton")
        for exact, (title, text, aside) in _PRECISIONS.items():
            self.precisions[exact] = self._choice(1, title, text, aside, f"{exact}Button")
            explain(self.precisions[exact], *((exact,) if exact != "int8" else ()))
        self.precisions["int8"].setToolTip(f"<p>{_MORE['int8']}</p>")
        self.layouts["file"].setChecked(True)
        self.precisions["fp32"].setChecked(True)
        self.opset_box = named(QComboBox(), "opsetBox")
        self.opset_box.addItem("usual", None)
        for number in reversed(OPSETS):
            self.opset_box.addItem(str(number), number)
        self.opset_box.setToolTip(
            "The version of ONNX's operators. An older one is for programs with an old ONNX Runtime."
        )
        self.opset_box.currentIndexChanged.connect(self._refresh)
        self.inside_box = named(QCheckBox("&Resize inside the model"), "resizeInsideBox")
        self.inside_box.setToolTip(
            "<p>Decoded pictures of any size go in, and the model scales them itself. For programs that cannot scale "
            "as Pillow does, such as those in C#. Its answers differ a little from those of this window; how much is "
            "measured.</p>"
        )
        self.inside_box.toggled.connect(self._refresh)
        self._lay_out()
        self._refresh()

    def _choice(self, group: int, title: str, text: str, aside: str, name: str) -> Choice:
        made = named(Choice(title, text, aside), name)
        made.setAutoDefault(False)  # Enter exports
        self._groups[group].addButton(made)
        made.toggled.connect(self._refresh)
        return made

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(theme.GAP)
        for at, choice in enumerate(self.layouts.values()):
            grid.addWidget(choice, at // 2, at % 2)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for choice in self.precisions.values():
            row.addWidget(choice)
        self.more = Collapsible("More")
        self.more.button.setObjectName("moreExportButton")
        inner = QHBoxLayout(self.more.content)
        inner.setContentsMargins(theme.MARGIN, 0, 0, 0)
        inner.setSpacing(theme.GAP)
        label = QLabel("ONNX &operators, version")
        label.setBuddy(self.opset_box)
        self.opset_box.setAccessibleName("Version of the ONNX operators")
        self.opset_box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        inner.addWidget(self.inside_box)
        inner.addSpacing(theme.MARGIN)
        inner.addWidget(label)
        inner.addWidget(self.opset_box)
        inner.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(subheading("What it is for"))
        layout.addLayout(grid)
        layout.addSpacing(4)
        layout.addWidget(subheading("Size of the numbers in it"))
        layout.addLayout(row)
        layout.addWidget(self.more)

    def even_out(self) -> None:
        """Give the choices beside each other the height that the longest text needs at their width now."""
        for group in self._groups:
            needed = max(choice.heightForWidth(choice.width()) for choice in group.buttons())
            for choice in group.buttons():
                choice.setMinimumHeight(needed)

    @property
    def layout_kind(self) -> ExportLayout:
        """Which files are written."""
        return next(kind for kind, choice in self.layouts.items() if choice.isChecked())

    @property
    def suffix(self) -> str:
        """That of the file that is written; empty for a folder."""
        return {"file": ".onnx", "zip": ".zip"}.get(self.layout_kind, "")

    @property
    def chosen(self) -> dict[str, Any]:
        """The fields of an `ExportRequest`; what is as usual is left out."""
        made: dict[str, Any] = {}
        if self.layout_kind != "file":
            made["layout"] = self.layout_kind
        precision = next(kind for kind, choice in self.precisions.items() if choice.isChecked())
        if precision != "fp32":
            made["precision"] = precision
        if self.inside_box.isEnabled() and self.inside_box.isChecked():
            made["resize_inside"] = True
        if self.opset_box.isEnabled() and self.opset_box.currentData() is not None:
            made["opset"] = self.opset_box.currentData()
        return made

    @Slot()
    def _refresh(self) -> None:
        """Weights alone have neither operators nor 8-bit arithmetic; resizing needs operators that are new enough."""
        if not hasattr(self, "inside_box"):
            return  # still being made
        weights = self.layouts["safetensors"].isChecked()
        if weights and self.precisions["int8"].isChecked():
            self.precisions["fp32"].setChecked(True)
        self.precisions["int8"].setEnabled(not weights)
        self.opset_box.setEnabled(not weights)
        opset = self.opset_box.currentData()
        self.inside_box.setEnabled(not weights and (opset is None or opset >= _OPSET_OF_RESIZE))
        self.changed.emit()
