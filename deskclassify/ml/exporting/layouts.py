"""The files that an export leaves: all of them, or none.

| layout        | what is written                                                                  |
| ------------- | -------------------------------------------------------------------------------- |
| `file`        | `NAME.onnx`                                                                      |
| `zip`         | `NAME.zip` with `model.onnx`, `labels.txt`, `README.md`, `classify.py`           |
| `triton`      | folder `NAME` with `config.pbtxt`, `labels.txt`, `1/model.onnx`                  |
| `safetensors` | folder `NAME` with `model.safetensors`, `model.json`, `load.py`, `README.md`     |

Files are written beside their place and renamed. An existing file is replaced whole; an existing folder is left alone.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import resources
from deskclassify.core import atomic
from deskclassify.core.errors import InputError, UserError, is_disk_full
from deskclassify.core.requests import ExportLayout
from deskclassify.ml import tracing
from deskclassify.ml.exporting.plan import OUTPUT
from deskclassify.ml.exporting.readme import readme
from deskclassify.ml.model_file import Card

_MODEL_SUFFIXES = (".onnx", ".zip", ".safetensors")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the same model gives the same archive


@dataclass(frozen=True)
class Place:
    """Where an export goes.

    Attributes:
        path: file or folder that is made.
        model: the file in it that holds the network.
    """

    layout: ExportLayout
    path: Path
    model: Path

    @property
    def is_folder(self) -> bool:
        """Whether a folder is made."""
        return self.path != self.model


def place(layout: ExportLayout, target: str) -> Place:
    """Find the place, and look whether it can be used.

    Raises:
        InputError: it cannot.
    """
    path = Path(target).absolute()
    if layout in ("triton", "safetensors"):
        folder = path.with_suffix("") if path.suffix.lower() in _MODEL_SUFFIXES else path
        if folder.exists() or folder.is_symlink():
            raise InputError(f"“{folder}” exists already. Choose another name for the folder.")
        model = folder / "1" / "model.onnx" if layout == "triton" else folder / "model.safetensors"
        return Place(layout, folder, model)
    suffix = ".zip" if layout == "zip" else ".onnx"
    if layout == "zip" and path.suffix.lower() == ".onnx":
        path = path.with_suffix(suffix)
    if path.suffix.lower() != suffix:
        raise InputError(f"“{path.name}” should end in {suffix}.")
    if path.is_dir():
        raise InputError(f"“{path}” is a folder. Choose a file name.")
    return Place(layout, path, path)


def write_model(where: Place, data: bytes, card: Card) -> tuple[str, ...]:
    """Write an ONNX model in its layout; the paths of the files.

    Raises:
        UserError: it cannot be written; then nothing is left of it.
    """
    labels = "".join(f"{' '.join(name.split())}\n" for name in card.classes).encode("utf-8", "replace")
    if where.layout == "triton":
        config = triton_config(where.path.name, card).encode()
        return write(where, {"config.pbtxt": config, "labels.txt": labels, "1/model.onnx": data})
    if where.layout == "zip":
        parts = {
            "README.md": readme(card, len(data)).encode("utf-8", "replace"),
            "classify.py": client_script().encode(),
            "labels.txt": labels,
            "model.onnx": data,
        }
        return write(where, {"": zipped(parts)})
    return write(where, {"": data})


def write(where: Place, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write files by their names below the place; an empty name is the place itself.

    Raises:
        UserError: it cannot be written; then nothing is left of it.
    """
    try:
        if where.is_folder:
            _write_folder(where.path, files)
        else:
            atomic.write_bytes(where.path, files[""])
    except OSError as error:
        if is_disk_full(error):
            megabytes = sum(map(len, files.values())) / 1e6
            raise UserError(
                f"The disk that should hold “{where.path}” is full: {megabytes:,.0f} MB are needed, and nothing was "
                "written. Free some space, or choose another place."
            ) from error
        raise UserError(
            f"“{where.path}” cannot be written: {error.strerror or error}. Choose another place."
        ) from error
    return tuple(str(where.path / name if name else where.path) for name in files)


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    part = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        for name, data in files.items():
            atomic.write_bytes(part / name, data)
        if folder.exists():  # it has come into being since `place`; a rename would replace an empty folder
            raise FileExistsError(None, "it exists already")
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """An archive that is the same for the same content."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return file.getvalue()


def client_script() -> str:
    """The short script that classifies with NumPy, Pillow and ONNX Runtime alone; docs/classify.py is the same."""
    return (Path(resources.__file__).parent / "share" / "classify.py").read_text(encoding="utf-8")


def triton_config(name: str, card: Card) -> str:
    """`config.pbtxt` of NVIDIA's Triton Inference Server."""
    sides = "-1, -1, 3" if card.resized == "inside" else f"{card.preprocess.size}, {card.preprocess.size}, 3"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    # Pictures of different sizes cannot be put into one batch.
    batching = "" if card.resized == "inside" else "dynamic_batching { }\n"
    return (
        f'name: "{quoted}"\nplatform: "onnxruntime_onnx"\nmax_batch_size: 64\n'
        f'input [ {{ name: "{tracing.INPUT}" data_type: TYPE_UINT8 dims: [ {sides} ] }} ]\n'
        f'output [ {{ name: "{OUTPUT}" data_type: TYPE_FP32 dims: [ {len(card.classes)} ] '
        f'label_filename: "labels.txt" }} ]\n'
        f"{batching}"
    )
