"""A project: which pictures, how to train, and where its runs lie. It saves itself at each change."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from deskclassify.core import atomic, paths
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.errors import InputError
from deskclassify.core.preprocess import Resize
from deskclassify.core.requests import Balance, FitRequest, LrFindRequest, Mix, Preset
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.sources import DataSpec

SUFFIX = ".deskclassify"
_SCHEMA = 1


@dataclass(frozen=True)
class TrainOptions:
    """The fields of the Train page, named as those of `FitRequest`; None means “choose a sane value”."""

    architecture: str = "efficientnet_lite0"
    preset: Preset = "quick"
    epochs: int | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    image_size: int | None = None
    resize: Resize = "squish"
    augment: float = 1.0
    mix: Mix = "none"
    balance: Balance = "auto"
    gradual: bool = False
    progressive: bool = False
    patience: int | None = None
    tta: bool = False
    weights: str = ""
    device: str = "auto"


@dataclass(frozen=True)
class Project:
    """The state that is saved. `folder` holds `NAME.deskclassify` and `runs/`."""

    folder: Path
    data: DataSpec = field(default_factory=DataSpec)
    options: TrainOptions = field(default_factory=TrainOptions)

    @property
    def name(self) -> str:
        """Shown in the window's title."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """The project file."""
        return self.folder / f"{self.folder.name}{SUFFIX}"

    def with_data(self, data: DataSpec) -> Project:
        """The project with other data."""
        return replace(self, data=data)

    def with_options(self, options: TrainOptions) -> Project:
        """The project with other training options."""
        return replace(self, options=options)

    def save(self) -> None:
        """Write the project file.

        Raises:
            OSError: it cannot be written; the old file is untouched.
        """
        value = {"schema": _SCHEMA, "data": to_json(self.data), "options": to_json(self.options)}
        atomic.write_json(self.file, value)

    def runs(self) -> list[RunFolder]:
        """All runs, oldest first."""
        return [RunFolder(file.parent) for file in sorted((self.folder / "runs").glob("*/run.json"))]

    def next_run(self) -> Path:
        """A folder for a new run; it does not exist yet."""
        runs = self.folder / "runs"
        numbers = [int(path.name[4:]) for path in runs.glob("run-*") if path.name[4:].isdigit()]
        return runs / f"run-{max(numbers, default=0) + 1:03d}"

    def fit_request(self, run: Path, resume: bool = False) -> FitRequest:
        """The training that the options ask for."""
        return FitRequest(data=self.data, run=str(run), resume=resume, **vars(self.options))

    def lr_find_request(self) -> LrFindRequest:
        """The learning-rate range test for the training that the options ask for."""
        options = self.options
        return LrFindRequest(
            data=self.data,
            architecture=options.architecture,
            batch_size=options.batch_size,
            image_size=options.image_size,
            resize=options.resize,
            weights=options.weights,
            device=options.device,
        )


def create(name: str, folder: Path | None = None) -> Project:
    """Make and save an empty project under a free name.

    Args:
        name: wanted name; characters that file systems refuse are replaced.
        folder: where; None for the usual place.
    """
    base = folder or paths.projects_dir()
    clean = re.sub(r'[<>:"/\\|?*\x00-\x1f]+', "-", name).strip(" .-") or "Project"
    target, number = base / clean, 2
    while target.exists():
        target, number = base / f"{clean} {number}", number + 1
    project = Project(target)
    project.save()
    return project


def load(path: Path) -> Project:
    """Open a project file or its folder.

    Raises:
        InputError: it is no project, or damaged.
    """
    folder = path if path.is_dir() else path.parent
    project = Project(folder.absolute())
    file = path if path.is_file() else project.file
    try:
        value: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if value["schema"] > _SCHEMA:
            raise InputError(f"“{file.name}” was saved by a newer deskclassify. Update the program to open it.")
        data, options = from_json(DataSpec, value["data"]), from_json(TrainOptions, value["options"])
    except OSError as error:
        raise InputError(f"The project “{file}” cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"“{file}” is no project file, or it is damaged: {error}.") from error
    return Project(project.folder, data, options)


def is_project(path: Path) -> bool:
    """Whether a path is a project file or a project's folder."""
    return path.suffix == SUFFIX if path.is_file() else (path / f"{path.name}{SUFFIX}").is_file()
