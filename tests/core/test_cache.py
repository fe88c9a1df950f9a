from __future__ import annotations

import os
import time
from pathlib import Path

from deskclassify.core import cache, paths


def make(name: str, size: int, hours_ago: float) -> Path:
    folder = paths.cache_dir() / name
    folder.mkdir(parents=True)
    (folder / "rows.bin").write_bytes(b"x" * size)
    when = time.time() - 3600 * hours_ago
    os.utime(folder / "rows.bin", (when, when))
    os.utime(folder, (when, when))
    return folder


def test_the_oldest_go_first_until_it_fits():
    old, older, recent = make("features/a", 1000, 5), make("pictures/b", 1000, 9), make("features/c", 1000, 2)
    assert cache.trim(2500) == 1000
    assert [folder.exists() for folder in (older, old, recent)] == [False, True, True]
    assert cache.trim(1500) == 1000
    assert [folder.exists() for folder in (old, recent)] == [False, True]


def test_what_is_in_use_stays_whatever_the_limit():
    used, idle = make("features/a", 1000, 0.1), make("features/b", 1000, 3)
    assert cache.trim(0) == 1000
    assert (used.exists(), idle.exists()) == (True, False)


def test_below_the_limit_nothing_goes():
    folder = make("features/a", 1000, 100)
    assert cache.trim(10_000) == 0
    assert folder.exists()


def test_an_empty_cache_is_fine():
    assert cache.trim(0) == 0


def test_clearing_keeps_the_folder_itself(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"123")
    (tmp_path / "c").write_bytes(b"45")
    assert cache.folder_bytes(tmp_path) == 5
    cache.clear_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_clearing_follows_no_link(tmp_path):
    (tmp_path / "outside").mkdir()
    precious = tmp_path / "outside" / "photo.jpg"
    precious.write_bytes(b"x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    assert cache.folder_bytes(folder) < 1000
    cache.clear_folder(folder)
    assert precious.is_file()
    assert list(folder.iterdir()) == []
