"""Spectrograms: what is drawn where, and sounds that cannot be read."""

from __future__ import annotations

import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from deskclassify.core import colormap, paths
from deskclassify.core.control import never
from deskclassify.core.data_events import Fetched
from deskclassify.core.data_requests import SoundsRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import Message
from deskclassify.core.sources import DataSpec, Source, list_data
from deskclassify.ml.intake import sounds, spectrogram


def tone(hertz: float, rate: int = 22_050, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)


def levels(image: Image.Image) -> np.ndarray:
    """Loudness of each pixel, 0 to 255, read back from the colours."""
    known, pixels = (colors.astype(int) @ (65_536, 256, 1) for colors in (colormap.table("viridis"), np.asarray(image)))
    order = np.argsort(known)
    found = order[np.searchsorted(known, pixels, sorter=order)]
    assert (known[found] == pixels).all()
    return found


def row_of(hertz: float) -> int:
    """The row from the top in which a tone lies."""
    low, high = (2595 * np.log10(1 + one / 700) for one in (spectrogram.LOWEST_HZ, spectrogram.HIGHEST_HZ))
    return round(223 - (2595 * np.log10(1 + hertz / 700) - low) / (high - low) * 224)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "birds"
    for name, hertz in (("wren", 3000.0), ("owl", 400.0)):
        (made / name).mkdir(parents=True)
        for number in range(2):
            samples = tone(hertz * (1 + number / 10)) * 20_000
            wavfile.write(made / name / f"{number}.wav", 22_050, samples.astype(np.int16))
    return made


def draw(folder: Path, should_stop=never) -> list:
    return list(sounds.draw(SoundsRequest(str(folder)), should_stop))


def hash_of(folder: Path) -> str:
    made = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        made.update(str(path).encode() + (path.read_bytes() if path.is_file() else b""))
    return made.hexdigest()


def test_each_sound_becomes_a_picture_in_its_class(folder: Path) -> None:
    (folder / "wren" / "notes.txt").write_text("x")
    before = hash_of(folder)
    *_, found = draw(folder)
    assert isinstance(found, Fetched) and found.is_drawn
    assert (found.images, found.rule, found.left_out, found.name) == (4, "folder", 1, "birds sounds")
    assert list_data(DataSpec((Source(found.folder),))).classes() == {"owl": 2, "wren": 2}
    with Image.open(Path(found.folder) / "owl" / "0.png") as image:
        assert image.size == (224, 224) and image.mode == "RGB"
    assert hash_of(folder) == before


def test_the_same_folder_is_drawn_once_and_a_changed_one_again(folder: Path) -> None:
    first = draw(folder)[-1]
    assert draw(folder)[-1].folder == first.folder
    wavfile.write(folder / "owl" / "9.wav", 22_050, np.zeros(500, np.int16))
    assert draw(folder)[-1].images == 5


@pytest.mark.parametrize("hertz", [200.0, 1000.0, 3000.0])
@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_a_tone_lies_at_its_height_whatever_the_rate(hertz: float, rate: int) -> None:
    image = levels(spectrogram.draw(rate, tone(hertz, rate).astype(np.float32)))
    loudest = int(np.argmax(image.mean(axis=1)))
    assert abs(loudest - row_of(hertz)) <= 3
    assert image[loudest].min() > 180 and image[row_of(hertz * 0.5)].max() < 100


def test_time_runs_from_left_to_right() -> None:
    samples = np.concatenate([tone(1000.0), np.zeros(11_025)]).astype(np.float32)
    image = levels(spectrogram.draw(22_050, samples))[row_of(1000.0)]
    assert image[:100].min() > 200 and image[130:].max() == 0


def test_a_short_click_in_a_long_sound_is_seen() -> None:
    samples = np.zeros(22_050 * 30, np.float32)
    samples[22_050 * 15] = 1.0
    image = levels(spectrogram.draw(22_050, samples))
    assert 105 <= int(np.argmax(image.mean(axis=0))) <= 118


@pytest.mark.parametrize("count", [1, 10, 1023, 1025, 5000])
def test_sounds_of_any_length(count: int) -> None:
    assert spectrogram.draw(22_050, np.ones(count, np.float32)).size == (224, 224)


def test_silence_is_dark() -> None:
    assert levels(spectrogram.draw(22_050, np.zeros(9000, np.float32))).max() == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 2])
def test_all_kinds_of_samples_look_the_same(tmp_path: Path, dtype: type, channels: int) -> None:
    wave = tone(1000.0) * 0.5
    scale, middle = {np.uint8: (127, 128), np.int16: (32767, 0), np.int32: (2**31 - 1, 0)}.get(dtype, (1.0, 0))
    samples = (wave * scale + middle).astype(dtype)
    wavfile.write(tmp_path / "a.wav", 22_050, np.stack([samples] * channels, axis=1) if channels > 1 else samples)
    rate, values = spectrogram.read(tmp_path / "a.wav")
    assert rate == 22_050 and values.dtype == np.float32
    assert np.abs(values - wave).max() < 0.02


def test_24_bits(tmp_path: Path) -> None:
    values = (tone(1000.0) * 8e6).astype("<i4")
    data = values.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, 22_050, 66_150, 3, 24,
                       b"data", len(data))  # fmt: skip
    (tmp_path / "a.wav").write_bytes(head + data)
    _, found = spectrogram.read(tmp_path / "a.wav")
    assert np.abs(found - tone(1000.0) * 8e6 / 2**23).max() < 0.01


def bad(kind: str) -> bytes:
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 2**32 - 1, b"WAVE", b"fmt ", 16, 1, 1, 22_050, 44_100, 2, 16)
    return {
        "empty": b"",
        "text": b"this is no sound at all" * 10,
        "cut": head[:20],
        "no data": head,
        "large": head + struct.pack("<4sI", b"data", 2**32 - 2) + b"\1\0" * 5,
        "rate": head.replace(struct.pack("<I", 22_050), bytes(4)) + struct.pack("<4sI", b"data", 8) + b"12345678",
        "nothing": head + struct.pack("<4sI", b"data", 0),
        "mp3": b"ID3\x03" + bytes(200),
    }[kind]  # fmt: skip


@pytest.mark.parametrize("kind", ["empty", "text", "cut", "no data", "rate", "nothing", "mp3"])
def test_sounds_that_cannot_be_read_are_left_out_with_the_reason(folder: Path, kind: str) -> None:
    (folder / "owl" / "bad.wav").write_bytes(bad(kind))
    events = draw(folder)
    assert events[-1].images == 4 and events[-1].left_out == 1
    (told,) = (event.text for event in events if isinstance(event, Message))
    assert told.startswith("owl/bad.wav was left out.") and told.endswith(".")


def test_a_length_that_lies_costs_no_memory(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(bad("large"))
    try:
        _, values = spectrogram.read(tmp_path / "a.wav")
    except spectrogram.SoundError:
        return
    assert len(values) <= 6


@pytest.mark.parametrize(("name", "words"), [("a.mp3", "none that can be read"), ("a.txt", "holds no sounds")])
def test_folders_without_sounds(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / name).write_bytes(b"x")
    with pytest.raises(InputError, match=words):
        draw(tmp_path / "x")


def test_only_bad_sounds(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.wav").write_bytes(b"x")
    with pytest.raises(InputError, match="None of the 1 sound could be read"):
        draw(tmp_path / "x")
    assert list(paths.pictures_dir().iterdir()) == []


def test_no_folder() -> None:
    for source in ("", "/no/such/folder"):
        with pytest.raises(InputError, match="There is no folder"):
            list(sounds.draw(SoundsRequest(source)))


def test_cancel_leaves_nothing_behind(folder: Path) -> None:
    calls = iter(range(6))
    events = draw(folder, lambda: next(calls, None) is None)
    assert not any(isinstance(event, Fetched) for event in events)
    assert list(paths.pictures_dir().iterdir()) == []


def test_names_that_would_become_one_are_kept_apart(folder: Path) -> None:
    shutil.copy(folder / "owl" / "0.wav", folder / "owl" / "0.WAV")
    found = draw(folder)[-1]
    assert sorted(path.name for path in (Path(found.folder) / "owl").iterdir()) == ["0 (2).png", "0.png", "1.png"]
