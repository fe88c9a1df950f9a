"""A sound as a picture: time from left to right, pitch from bottom to top, loudness as colour.

The frequencies are spaced as the ear hears them, on the mel scale (Stevens, Volkmann & Newman, 1937, in the form of
O'Shaughnessy, 1987: 2595 · log10(1 + f / 700)); loudness is in decibels below the loudest place, 80 of them. The axes
are the same for all sounds, whatever their sampling rate, and a sound of any length fills the width.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deskclassify.core import colormap
from deskclassify.core.errors import InputError

SIDE = 224  # pixels, what most networks take
LOWEST_HZ, HIGHEST_HZ = 40.0, 11_025.0
RANGE_DB = 80.0
WINDOW_SECONDS = 0.046  # 1,024 samples at 22,050 Hz, as is usual
MOST_SECONDS = 60.0  # of a longer sound the beginning is drawn
MOST_BYTES = 1_000_000_000
_RATES = (1_000, 1_000_000)  # Hz, samples a second
_WINDOWS_ACROSS = 4  # a window begins a quarter of its length after the one before it, or closer
Floats = np.ndarray[Any, np.dtype[np.float32]]


class SoundError(InputError):
    """The file is no sound that can be read; the sentence says why."""


def read(file: Path) -> tuple[int, Floats]:
    """Read a .wav file.

    Returns:
        samples a second, and the samples of the first `MOST_SECONDS`, float32 `[N]`, −1 to 1, all channels averaged.

    Raises:
        SoundError: whatever is wrong with the file.
    """
    from scipy.io import wavfile

    try:
        if file.stat().st_size > MOST_BYTES:
            raise SoundError("The sound is larger than 1 GB. Cut it into pieces.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of unknown chunks, which are passed over
            try:
                rate, samples = wavfile.read(file, mmap=True)  # only what is needed is read
            except ValueError:
                rate, samples = wavfile.read(file)  # 24 bits cannot be mapped
        if not _RATES[0] <= rate <= _RATES[1]:
            raise SoundError(f"It tells a sampling rate of {rate} Hz, which cannot be.")
        values = _as_floats(np.array(samples[: int(MOST_SECONDS * rate)]))
    except SoundError:
        raise
    except MemoryError as error:
        raise SoundError("The sound needs more memory than there is. Cut it into pieces.") from error
    except Exception as error:  # struct.error, EOFError, ValueError, TypeError, … on real bad files
        raise SoundError(
            f"The file is damaged, or not a .wav file of a kind that can be read ({error}). Save it anew as PCM."
        ) from error
    if not len(values):
        raise SoundError("The file holds no sound.")
    return int(rate), values


def draw(rate: int, samples: Floats) -> Image.Image:
    """Draw a spectrogram.

    Args:
        rate: samples a second.
        samples: float32 `[N]`, at least one.

    Returns:
        RGB, 224 × 224 pixels.
    """
    from scipy import signal

    window = max(16, round(rate * WINDOW_SECONDS))
    padded = np.pad(samples, (0, max(0, window - len(samples))))
    step = max(1, min(window // _WINDOWS_ACROSS, (len(padded) - window) // (SIDE - 1)))
    _, _, power = signal.spectrogram(padded, rate, "hann", window, window - step, detrend=False, mode="psd")
    bands = _bands(rate, window) @ power.astype(np.float32)
    # Averaged to the width before the logarithm, so that no moment is skipped.
    across = Image.fromarray(bands).resize((SIDE, SIDE), Image.Resampling.BOX if bands.shape[1] > SIDE else _SMOOTH)
    energy = np.maximum(np.asarray(across, dtype=np.float32), 0.0)
    peak = float(energy.max())
    if peak <= 0.0:
        return Image.fromarray(colormap.colorize(np.zeros((SIDE, SIDE), np.uint8), "viridis"))
    decibels = 10.0 * np.log10(np.maximum(energy / peak, 10.0 ** (-RANGE_DB / 10.0)))
    levels = np.rint((decibels / RANGE_DB + 1.0) * 255.0).astype(np.uint8)
    return Image.fromarray(colormap.colorize(levels[::-1], "viridis"))


_SMOOTH = Image.Resampling.BILINEAR


@cache
def _bands(rate: int, window: int) -> Floats:
    """Weights from frequencies to bands, float32 `[224, window // 2 + 1]`: the mean of the power in each band.

    A band that is narrower than a frequency step takes its power; above half the sampling rate there is none.
    """
    low, high = (2595.0 * np.log10(1.0 + hertz / 700.0) for hertz in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700.0 * (10.0 ** (np.linspace(low, high, SIDE + 1) / 2595.0) - 1.0)
    step = rate / window
    centres = np.arange(window // 2 + 1) * step
    begin = np.maximum(edges[:-1, None], centres[None] - step / 2)
    end = np.minimum(edges[1:, None], centres[None] + step / 2)
    weights: Floats = (np.maximum(end - begin, 0.0) / (edges[1:] - edges[:-1])[:, None]).astype(np.float32)
    return weights


def _as_floats(samples: np.ndarray) -> Floats:
    if samples.dtype == np.uint8:
        values = (samples.astype(np.float32) - 128.0) / 128.0
    elif samples.dtype.kind == "i":
        values = samples.astype(np.float32) / float(-np.iinfo(samples.dtype).min)
    else:
        values = np.clip(np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0), -1e6, 1e6)
    mono: Floats = values if values.ndim == 1 else values.mean(axis=1, dtype=np.float32)
    return mono
