"""How long the search for what excites each channel takes: `python benchmarks/excitation.py`.

Searches pictures with an empty cache, then again, then shows what excites some channels of several layers. The
pictures are crops of those of a folder, or of the built-in sample: none is like another, and each is decoded once.

    --pictures 1000       how many
    --folder FOLDER       take these instead of the built-in sample
    --arch NAME           a pretrained network
    --channels 12         how many are shown
    --json FILE           write the figures
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PIL import Image

from deskclassify.core import cache, paths
from deskclassify.core.architectures import DEFAULT
from deskclassify.core.control import never
from deskclassify.core.events import Event
from deskclassify.core.layer_events import LayersListed, PatchesShown, Searched
from deskclassify.core.layer_requests import LayersRequest, PatchesRequest, SearchRequest
from deskclassify.core.machine import cpu_count
from deskclassify.core.pictures import is_picture_name, open_rgb
from deskclassify.core.requests import Request, generator
from deskclassify.core.sample import make_sample

ALLOWED_SECONDS = 30.0  # for 1,000 pictures on two processors
QUALITY = 90
SIDE = (480, 640)  # pixels of a picture that is made


def make_pictures(sources: Sequence[Path], folder: Path, count: int) -> tuple[str, ...]:
    """Write crops of pictures, JPEG of 480 × 640 pixels."""
    chance = random.Random(0)
    files = []
    for number in range(count):
        image = open_rgb(str(sources[number % len(sources)]))
        share = chance.uniform(0.6, 1.0)
        width, height = round(image.width * share), round(image.height * share)
        left, top = chance.randint(0, image.width - width), chance.randint(0, image.height - height)
        part = image.crop((left, top, left + width, top + height))
        file = folder / f"{number:05d}.jpg"
        part.resize(SIDE, Image.Resampling.BILINEAR).save(file, quality=QUALITY)
        files.append(str(file))
    return tuple(files)


def timed(request: Request) -> tuple[float, Event]:
    """Run a job: seconds, and its last event."""
    begun = time.perf_counter()
    last = list(generator(request)(request, never))[-1]
    return time.perf_counter() - begun, last


def measure(arch: str, files: tuple[str, ...], channels: int) -> dict[str, float]:
    """Seconds of the search, of the same again, and of showing a channel: the median and the longest."""
    opening, listed = timed(LayersRequest(arch))
    first, searched = timed(SearchRequest(arch, files))
    again, known = timed(SearchRequest(arch, files))
    assert isinstance(listed, LayersListed) and isinstance(searched, Searched) and isinstance(known, Searched)
    assert not searched.cached and known.cached, "the cache was not empty, or is not used"
    shown = []
    for number in range(channels):
        layer = listed.layers[number * len(listed.layers) // channels]
        seconds, patches = timed(PatchesRequest(arch, layer.name, layer.shape[0] // 2, files))
        assert isinstance(patches, PatchesShown) and patches.patches
        shown.append(seconds)
    kept = cache.folder_bytes(paths.cache_dir() / "excitations")
    return {
        "pictures": len(files),
        "opening": opening,
        "first": first,
        "again": again,
        "channel": statistics.median(shown),
        "slowest channel": max(shown),
        "kept bytes": kept,
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--arch", default=DEFAULT)
    parser.add_argument("--channels", type=int, default=12)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["DESKCLASSIFY_HOME"] = str(Path(temporary) / "home")
        folder = options.folder or make_sample(Path(temporary) / "sample")
        sources = sorted(file for file in folder.rglob("*") if is_picture_name(file.name))
        made = Path(temporary) / "pictures"
        made.mkdir()
        figures = measure(options.arch, make_pictures(sources, made, options.pictures), options.channels)
    print(f"{options.arch}, {options.pictures} pictures, {cpu_count()} processors")
    print(f"opening the network: {figures['opening']:.1f} s")
    print(f"first search: {figures['first']:.1f} s, {1000 * figures['first'] / figures['pictures']:.1f} ms a picture")
    print(f"the same again: {figures['again'] * 1000:.0f} ms; {figures['kept bytes'] / 1e6:.1f} MB are kept")
    print(f"a channel: {figures['channel']:.2f} s (median), {figures['slowest channel']:.2f} s (slowest)")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    is_measured = options.arch == DEFAULT and options.pictures <= 1000
    if is_measured and figures["first"] > ALLOWED_SECONDS:
        print(f"slower than {ALLOWED_SECONDS:.0f} s")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
