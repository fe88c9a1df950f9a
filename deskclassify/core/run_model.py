"""The model of a run that the window itself predicts with: which class names it has, and whether it is up to date."""

from __future__ import annotations

import json
from collections.abc import Mapping

from deskclassify.core import atomic
from deskclassify.core.errors import InputError
from deskclassify.core.mending import found_names
from deskclassify.core.project import Project
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import Listing
from deskclassify.core.standing import names_now

MODEL_NAME = "model.onnx"
_NAMES = "model.json"  # the class names that it was made with, where they are not those of the training


def class_names(run: RunFolder, project: Project, listing: Listing | None) -> dict[str, str]:
    """Class of a run → its name in the project now; empty where none has changed, or the run is of another project.

    Args:
        run: of any project.
        project: as it is now.
        listing: of its data; None: not known yet.
    """
    if not run.path.is_relative_to(project.folder):
        return {}
    found = found_names(listing) if listing is not None else None
    try:
        then = run.data()
        names = {} if then is None else names_now(then, project.data, run.info().classes, found)
    except InputError:
        return {}  # whoever needs `run.json` says what is wrong with it
    return names if any(old != new for old, new in names.items()) else {}


def is_current(run: RunFolder, names: Mapping[str, str]) -> bool:
    """Whether there is a model of the run's weights and certainty, with these class names."""
    model = run.path / MODEL_NAME
    if not model.is_file():
        return False
    sources = [file for file in (run.best, run.path / "calibration.json") if file.is_file()]
    made = model.stat().st_mtime
    return all(made >= file.stat().st_mtime for file in sources) and _names_of(run) == dict(names)


def remember_names(run: RunFolder, names: Mapping[str, str]) -> None:
    """Keep the class names that the model was made with.

    Raises:
        OSError: the run folder cannot be written.
    """
    file = run.path / _NAMES
    if names:
        atomic.write_json(file, dict(names))
    else:
        file.unlink(missing_ok=True)


def _names_of(run: RunFolder) -> dict[str, str]:
    try:
        value = json.loads((run.path / _NAMES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
