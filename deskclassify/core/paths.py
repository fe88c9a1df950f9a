"""Where the program keeps its own files. `DESKCLASSIFY_HOME` moves all of them under one folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "deskclassify"


def _base(kind: str, default: str) -> Path:
    home = os.environ.get("DESKCLASSIFY_HOME")
    folder = Path(home) / kind if home else Path(default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def settings_dir() -> Path:
    """Preferences and window state."""
    return _base("settings", platformdirs.user_config_dir(_NAME))


def cache_dir() -> Path:
    """Decoded pictures, features and traced networks: may be deleted at any time."""
    return _base("cache", platformdirs.user_cache_dir(_NAME))


def log_dir() -> Path:
    """Log files of the window and of the engine processes."""
    return _base("logs", platformdirs.user_log_dir(_NAME))


def weights_dir() -> Path:
    """Downloaded pretrained weights."""
    return _base("weights", str(Path(platformdirs.user_data_dir(_NAME)) / "weights"))


def projects_dir() -> Path:
    """Projects that were given no other place."""
    return _base("projects", str(Path(platformdirs.user_documents_dir()) / _NAME))


def pictures_dir() -> Path:
    """Pictures that were unpacked from archives, or made from sounds and tables: a folder for each."""
    return _base("pictures", str(Path(platformdirs.user_data_dir(_NAME)) / "pictures"))


def engine_dir() -> Path:
    """Where the training engine is installed; not made here, since it comes whole or not at all."""
    home = os.environ.get("DESKCLASSIFY_HOME")
    return (Path(home) if home else Path(platformdirs.user_data_dir(_NAME))) / "engine"


def downloads_dir() -> Path:
    """Archives on their way here: may be deleted at any time."""
    return cache_dir() / "downloads"
