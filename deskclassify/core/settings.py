"""Preferences and window state, in one small JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deskclassify.core import atomic, paths
from deskclassify.core.codec import from_json, to_json

Theme = Literal["system", "light", "dark"]
_MOST_RECENT = 10


def theme(name: str) -> Theme:
    """The theme of that name; the system's for any other name."""
    return "light" if name == "light" else "dark" if name == "dark" else "system"


@dataclass(frozen=True)
class Settings:
    """What the program remembers between starts.

    Attributes:
        theme: colours.
        device: `auto`, `cpu`, `cuda`.
        recent: project files, latest first.
        geometry: of the window, base64 of Qt's bytes.
        page: that was shown last.
        last_folder: where the file dialogs open.
        cache_gigabytes: size at which old cache files are removed.
        live: whether the last layer is learned anew when labels change; None: by the number of pictures.
    """

    theme: Theme = "system"
    device: str = "auto"
    recent: tuple[str, ...] = ()
    geometry: str = ""
    page: str = "data"
    last_folder: str = ""
    cache_gigabytes: float = 20.0
    live: bool | None = None

    def with_recent(self, path: Path) -> Settings:
        """With a project at the top of the recent ones."""
        others = tuple(item for item in self.recent if item != str(path))
        return replace(self, recent=(str(path), *others)[:_MOST_RECENT])


def _file() -> Path:
    return paths.settings_dir() / "settings.json"


def load() -> Settings:
    """Read the settings; a missing or damaged file gives the defaults."""
    try:
        return from_json(Settings, json.loads(_file().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Settings()


def save(settings: Settings) -> None:
    """Write the settings.

    Raises:
        OSError: the folder cannot be written.
    """
    atomic.write_json(_file(), to_json(settings))
