"""The ways that begin with an address, a file or a folder."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from deskclassify.core.archive_names import ARCHIVE_SUFFIXES, is_address, is_archive_name
from deskclassify.core.data_requests import FetchRequest, SoundsRequest, TableRequest
from deskclassify.core.requests import Request
from deskclassify.ui import dialogs, theme
from deskclassify.ui.pages.bring_in.sketch import Row, Sketch
from deskclassify.ui.pages.bring_in.way import DOWNLOAD_CANCELLED, PathField, Way, is_file, is_folder
from deskclassify.ui.session import Session
from deskclassify.ui.widgets.collapsible import Collapsible
from deskclassify.ui.widgets.common import muted
from deskclassify.ui.widgets.named import named

ARCHIVES = f"Archives ({' '.join(f'*{suffix}' for suffix in ARCHIVE_SUFFIXES)})"
TABLES = "Tables (*.csv *.tsv *.txt)"
_DIGITS = {64: "sha256", 32: "md5"}
_TREE = (
    (0, "folders", "birds.zip", ""),
    (1, "folder", "blackbird", "a folder for each class"),
    (2, "image", "1.jpg, 2.jpg, 3.png …", ""),
    (1, "folder", "robin", ""),
    (2, "image", "4.jpg, 5.jpg …", ""),
)
_SOUNDS = (
    (0, "folders", "birdsong", ""),
    (1, "folder", "blackbird", "a folder for each class"),
    (2, "sound", "morning.wav, evening.wav …", "each becomes a picture"),
    (1, "folder", "robin", ""),
    (2, "sound", "1.wav, 2.wav …", ""),
)
_ROWS = (
    (0, "table", "petal length, petal width, species", "the header"),
    (0, "image", "5.1, 1.8, setosa", "each row becomes a picture"),
    (0, "image", "4.7, 1.4, versicolor", ""),
)
_PICTURES = (
    (0, "folder", "from the camera trap", "folders within are looked into as well"),
    (1, "image", "IMG_0001.jpg, IMG_0002.jpg …", "no class yet"),
)
_HEAD_BYTES = 65_536  # of a table, for the names of its columns


class ArchiveWay(Way):
    """An archive, from the web or from the disk."""

    name = "archive"
    icon = "link"
    title = "Web or archive"
    heading = "From the web, or an archive"
    about = (
        "Paste the address of an archive (.zip, .tar, .tar.gz, .tgz, .tar.bz2 or .tar.xz), or choose one on this "
        "computer. It is unpacked into the program's own folder; best are archives with a folder for each class."
    )
    verb = "Download and unpack"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.field = PathField("&Address or file", "archiveEdit", "https://…/pictures.zip", self._ask)
        self.digest = named(QLineEdit(), "digestEdit")
        self.digest.setPlaceholderText("SHA-256 or MD5, as the publisher states it")
        self.digest.setAccessibleName("Checksum")
        self.more = Collapsible("Checksum (optional)")
        self.more.button.setObjectName("digestButton")
        inner = QVBoxLayout(self.more.content)
        inner.setContentsMargins(theme.MARGIN, 0, 0, 0)
        inner.addWidget(self.digest)
        inner.addWidget(muted("A download that does not have it is refused: it is damaged, or not what it should be."))
        self.body.addWidget(self.field)
        self.body.addWidget(self.note)
        self.body.addWidget(self.more)
        self.body.addSpacing(theme.GAP)
        self.body.addWidget(Sketch("What fits best", _TREE))
        self.body.addStretch(1)
        self.field.changed.connect(self.say)
        self.field.submitted.connect(self.submitted)
        self.digest.textChanged.connect(self.say)
        self.digest.returnPressed.connect(self.submitted)
        self.say()

    def first_field(self) -> QWidget:
        """The address."""
        return self.field.edit

    def request(self) -> Request | None:
        """The download or the unpacking."""
        text = self.field.text()
        if not text or self.lacks():
            return None
        source = text if is_address(text) else str(Path(text).expanduser().absolute())
        return FetchRequest(source, digest_of(self.digest.text()) or "")

    def lacks(self) -> str:
        """What is wrong with the address, the file or the checksum."""
        text = self.field.text()
        if text and not is_address(text):
            if "://" in text:
                return "Only addresses that begin with http:// or https:// can be downloaded."
            if is_folder(text):
                return "This is a folder, no archive. Add it on the Data page with “Folder of class folders…”."
            if not is_file(text):
                return "There is no such file. An address begins with http:// or https://."
            if not is_archive_name(text):
                return f"This is no archive that can be unpacked. Those end with {', '.join(ARCHIVE_SUFFIXES)}."
        if digest_of(self.digest.text()) is None:
            return "A checksum has 64 (SHA-256) or 32 (MD5) hexadecimal digits. Copy all of them, or leave it empty."
        return ""

    @Slot()
    def say(self) -> None:
        """Also choose the words for what is given."""
        text = self.field.text()
        is_local = bool(text) and not is_address(text)
        self.verb = "Unpack" if is_local else ArchiveWay.verb
        self.cancelled = Way.cancelled if is_local else DOWNLOAD_CANCELLED
        super().say()

    def _ask(self) -> Path | None:
        return dialogs.ask_file(self, self._session, "Choose an archive", ARCHIVES)


class FolderWay(Way):
    """A way that begins with a folder: its field, and a sketch of what the folder should look like.

    Attributes:
        label: of the field.
        edit_name: object name of the field.
        question: title of the dialog that asks for the folder.
        sketch: its heading, and what is drawn.
    """

    label: ClassVar[str]
    edit_name: ClassVar[str]
    question: ClassVar[str]
    sketch: ClassVar[tuple[str, tuple[Row, ...]]]

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.field = PathField(self.label, self.edit_name, "", self._ask)
        self.body.addWidget(self.field)
        self.body.addWidget(self.note)
        self.body.addSpacing(theme.GAP)
        self.body.addWidget(Sketch(*self.sketch))
        self.body.addStretch(1)
        self.field.changed.connect(self.say)
        self.field.submitted.connect(self.submitted)
        self.say()

    def first_field(self) -> QWidget:
        """The folder."""
        return self.field.edit

    def is_there(self) -> bool:
        """Whether there is such a folder."""
        return is_folder(self.field.text())

    def lacks(self) -> str:
        """Whether it is a folder."""
        return "" if not self.field.text() or self.is_there() else "There is no such folder."

    def _ask(self) -> Path | None:
        return dialogs.ask_folder(self, self._session, self.question)


class SoundsWay(FolderWay):
    """A folder of sounds."""

    name = "sounds"
    icon = "sound"
    title = "Sounds"
    heading = "Sounds, as pictures"
    about = (
        "A network for pictures can tell sounds apart as well: each .wav file becomes a picture of its pitches over "
        "time, a spectrogram. The folder holds a folder for each class, as with pictures. The sounds stay as they are."
    )
    verb = "Turn into pictures"
    label = "&Folder of class folders with .wav files"
    edit_name = "soundsEdit"
    question = "Choose a folder that holds a folder of sounds for each class"
    sketch = ("What it should look like", _SOUNDS)

    def request(self) -> Request | None:
        """The drawing."""
        return SoundsRequest(str(Path(self.field.text()).expanduser().absolute())) if self.is_there() else None


class TableWay(Way):
    """A table of numbers and words."""

    name = "table"
    icon = "table"
    title = "Table"
    heading = "A table, as pictures"
    about = (
        "Each row of a CSV table becomes a picture of its values, and one column says what its class is. For tables "
        "there are better methods; it shows that a network for pictures takes all that can be drawn."
    )
    verb = "Turn into pictures"

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.field = PathField("&Table with a header row", "tableEdit", "measurements.csv", self._ask)
        self.columns = named(QComboBox(), "labelColumnBox")
        self.columns.setAccessibleName("Column with the class")
        label = QLabel("&Column with the class")
        label.setBuddy(self.columns)
        self.body.addWidget(self.field)
        self.body.addWidget(self.note)
        self.body.addWidget(label)
        self.body.addWidget(self.columns)
        self.body.addSpacing(theme.GAP)
        self.body.addWidget(Sketch("What it should look like", _ROWS))
        self.body.addStretch(1)
        self.field.changed.connect(self._read)
        self.field.submitted.connect(self.submitted)
        self._read()

    def first_field(self) -> QWidget:
        """The file."""
        return self.field.edit

    def request(self) -> Request | None:
        """The drawing."""
        text = self.field.text()
        if not is_file(text) or self.columns.count() < 2:
            return None
        return TableRequest(str(Path(text).expanduser().absolute()), self.columns.currentText())

    def lacks(self) -> str:
        """Whether it is a table."""
        text = self.field.text()
        if not text:
            return ""
        if not is_file(text):
            return "There is no such file."
        return "" if self.columns.count() > 1 else "This is no table with a header row and at least two columns."

    @Slot()
    def _read(self) -> None:
        text = self.field.text()
        names = header(Path(text).expanduser()) if is_file(text) else []
        self.columns.clear()
        self.columns.addItems(names)
        self.columns.setCurrentIndex(len(names) - 1)  # the usual place
        self.columns.setEnabled(len(names) > 1)
        self.say()

    def _ask(self) -> Path | None:
        return dialogs.ask_file(self, self._session, "Choose a table", f"{TABLES};;All files (*)")


class UnlabelledWay(FolderWay):
    """A folder of pictures that nobody has labelled yet. It stays where it is, and no job is needed."""

    name = "unlabelled"
    icon = "tag"
    title = "Without labels"
    heading = "Pictures that are still to be labelled"
    about = (
        "Pictures whose classes nobody has written down yet. Once a network has been trained on others, it suggests "
        "a class for each of these on the Evaluate page, and you confirm with one key. They stay where they are."
    )
    verb = "Add them"
    label = "&Folder of pictures"
    edit_name = "unlabelledEdit"
    question = "Choose a folder of pictures to be labelled"
    sketch = ("What it may look like", _PICTURES)

    def is_ready(self) -> bool:
        """Whether there is such a folder."""
        return self.is_there()

    def folder(self) -> Path:
        """The folder that was chosen."""
        return Path(self.field.text()).expanduser().resolve()


def header(file: Path) -> list[str]:
    """The names of a table's columns; none if it is no table."""
    try:
        with file.open("rb") as stream:
            first = stream.read(_HEAD_BYTES).decode("utf-8-sig", "replace").partition("\n")[0]
        if "\0" in first:
            return []
        return next(csv.reader([first], delimiter=max(",;\t", key=first.count)), [])
    except (OSError, csv.Error):
        return []


def digest_of(text: str) -> str | None:
    """A checksum as `FetchRequest` takes it; empty for none, None for what is none."""
    plain = re.sub(r"\s", "", text).lower()
    kind, colon, digits = plain.rpartition(":")
    digits = re.sub(r"^(sha-?256|md5)=?", "", digits) if not colon else digits
    if not plain:
        return ""
    if not re.fullmatch(r"[0-9a-f]+", digits) or len(digits) not in _DIGITS:
        return None
    known = _DIGITS[len(digits)]
    return f"{known}:{digits}" if kind.replace("-", "") in ("", known) else None
