"""What can be asked of the jobs that bring pictures in, look for what is wrong with them, and mend it.

In all of them `model` is a run folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from deskclassify.core.requests import Process, Request
from deskclassify.core.sources import DataSpec


@dataclass(frozen=True)
class FetchRequest(Request):
    """Unpack an archive, from the disk or from the web, into the program's own folder; then `Fetched`.

    Attributes:
        source: path of an archive, or a web address of one.
        digest: `sha256:…` or `md5:…` that a download must have; empty: not checked.
        picture: whether an address may be that of a single picture: it goes into a folder of the cache.
    """

    job: ClassVar[str] = "deskclassify.ml.intake.fetch:fetch"
    process: ClassVar[Process] = "fetcher"
    source: str
    digest: str = ""
    picture: bool = False


@dataclass(frozen=True)
class PublicSetRequest(Request):
    """Download one of `public_sets.SETS` and unpack it; then `Fetched`."""

    job: ClassVar[str] = "deskclassify.ml.intake.public:fetch"
    process: ClassVar[Process] = "fetcher"
    name: str


@dataclass(frozen=True)
class SoundsRequest(Request):
    """Turn a folder of class folders with sounds (.wav) into pictures, a spectrogram each; then `Fetched`."""

    job: ClassVar[str] = "deskclassify.ml.intake.sounds:draw"
    process: ClassVar[Process] = "fetcher"
    folder: str


@dataclass(frozen=True)
class TableRequest(Request):
    """Turn the rows of a CSV table into pictures, a row each; then `Fetched`.

    Attributes:
        file: with a header row.
        label: name of the column with the class; empty for the last one.
    """

    job: ClassVar[str] = "deskclassify.ml.intake.tables:draw"
    process: ClassVar[Process] = "fetcher"
    file: str
    label: str = ""


@dataclass(frozen=True)
class CheckRequest(Request):
    """Look for wrong labels, copies, leaks, outliers and bad pictures; then `Checked`.

    Attributes:
        architecture: whose pretrained features are compared: never those of a network that has learned the labels.
        model: run folder whose accuracy is told with and without leaks; may be empty.
    """

    job: ClassVar[str] = "deskclassify.ml.checking.check:check"
    process: ClassVar[Process] = "explorer"
    data: DataSpec
    architecture: str = "efficientnet_lite0"
    model: str = ""
    device: str = "auto"


@dataclass(frozen=True)
class RelearnRequest(Request):
    """Learn a run's last layer anew from labels that have changed: `Scored` of the validation pictures, `Relearned`."""

    job: ClassVar[str] = "deskclassify.ml.relearning:relearn"
    process: ClassVar[Process] = "mender"
    model: str
    data: DataSpec
    device: str = "auto"


@dataclass(frozen=True)
class NeighboursRequest(Request):
    """Find the pictures of a run that its network takes to be most like one; then `NeighboursFound`."""

    job: ClassVar[str] = "deskclassify.ml.neighbours:find"
    process: ClassVar[Process] = "mender"
    model: str
    path: str
    count: int = 12
    device: str = "auto"


@dataclass(frozen=True)
class SuggestRequest(Request):
    """Guess the classes of the pictures of `data` that have none; then `Suggested`."""

    job: ClassVar[str] = "deskclassify.ml.suggesting:suggest"
    process: ClassVar[Process] = "explorer"
    model: str
    data: DataSpec
    device: str = "auto"


@dataclass(frozen=True)
class CalibrateRequest(Request):
    """Find temperature and threshold on the validation pictures, and keep them in the run; then `Calibrated`.

    Attributes:
        coverage: the share of pictures of the known classes that is to be answered, 0 to 1; 1: no threshold.
        others: files and folders of pictures of something else, to choose the threshold by; `coverage` is then the
            least that is allowed. Without any, those that were given last only tell how many of them are refused.
        keep: whether `calibration.json` is written; otherwise only the figures are told.
        data: whose labels and class names hold; empty for those of the run's own training.
    """

    job: ClassVar[str] = "deskclassify.ml.calibrating:calibrate"
    process: ClassVar[Process] = "explorer"
    model: str
    coverage: float = 1.0
    others: tuple[str, ...] = ()
    keep: bool = True
    device: str = "auto"
    data: DataSpec = field(default_factory=DataSpec)


@dataclass(frozen=True)
class CopyRequest(Request):
    """Copy the pictures as they are labelled now into a new tree, `subset/class/name`; then `Copied`.

    Attributes:
        target: a folder that does not exist or is empty.
        by_subset: whether the split becomes folders; otherwise `class/name`.
    """

    job: ClassVar[str] = "deskclassify.core.cleaned_copy:copy"
    process: ClassVar[Process] = "here"
    data: DataSpec
    target: str
    by_subset: bool = False


@dataclass(frozen=True)
class RunReportRequest(Request):
    """Write all about a run into one HTML file; then `ReportWritten`.

    Attributes:
        target: the file, .html.
        data: for the data problems that are known by name; may be empty.
    """

    job: ClassVar[str] = "deskclassify.core.run_report:write"
    process: ClassVar[Process] = "here"
    model: str
    target: str
    data: DataSpec = field(default_factory=DataSpec)
