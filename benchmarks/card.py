"""The graphics card beside the processor, and beside fast.ai where that is there: `python benchmarks/card.py [FOLDER]`.

Without a folder pictures are drawn. Each measurement runs in a process of its own with an empty
cache, with the card and then with the card hidden; `make gpu-check` calls this. Without a card it
says so and ends.

    --fastai-python PYTHON  interpreter that may have fast.ai and timm (this one)
    --per-class N           drawn pictures of each of five classes (200)
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import vs_fastai

from deskclassify.core.sample import make_sample

TASKS = ("fit", "rate", "lr_find", "evaluate")
ROWS = (
    ("end of quick", "fit", "seconds", "s"),
    ("training unfrozen", "rate", "images_per_second", "pictures/s"),
    ("learning-rate finder", "lr_find", "seconds", "s"),
    ("evaluation of the folder", "evaluate", "seconds", "s"),
)


def measure(folder: Path, scratch: Path, visible: bool) -> dict[str, dict[str, Any]]:
    """All tasks once, with the card or without it."""
    items, bad = vs_fastai.readable(folder, 42)
    train = sum(item.subset == "train" for item in items)
    place = scratch / ("card" if visible else "processor")
    place.mkdir()
    results = {}
    for task in TASKS:
        job = {
            "task": task, "source": str(folder), "seed": 42, "excluded": bad, "size": 224, "preset": "thorough",
            "batch": max(2, min(64, train // 4)), "folder": str(place),
        }  # fmt: skip
        settings = place / "job.json"
        settings.write_text(json.dumps(job), "utf-8")
        with tempfile.TemporaryDirectory(dir=place) as home:
            environment = {**os.environ, "DESKCLASSIFY_HOME": home}
            if not visible:
                environment["CUDA_VISIBLE_DEVICES"] = ""
            side = Path(__file__).with_name("deskclassify_side.py")
            results[task] = vs_fastai.run([sys.executable, str(side), str(settings)], environment)
        print(f"{place.name} {task}: {results[task]}", file=sys.stderr, flush=True)
    return results


def has_fastai(python: str) -> bool:
    """Whether an interpreter can import fast.ai and timm."""
    return subprocess.run([python, "-c", "import fastai, timm"], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--fastai-python", default=sys.executable)
    parser.add_argument("--per-class", type=int, default=200)
    options = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("There is no CUDA device on this machine: nothing was measured.")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder.resolve() if options.folder else make_sample(Path(scratch) / "drawn", options.per_class)
        sides = [measure(folder, Path(scratch), visible) for visible in (True, False)]
        lines = [["", "card", "processor", "ratio", ""]]
        for title, task, key, unit in ROWS:
            card, processor = (side[task][key] for side in sides)
            ratio = card / processor if task == "rate" else processor / card
            lines.append([title, f"{card:.1f} {unit}", f"{processor:.1f} {unit}", f"{ratio:.1f}", ""])
        print(f"{torch.cuda.get_device_name(0)}\n{vs_fastai.show(lines, markdown=False)}\n", flush=True)
        if not has_fastai(options.fastai_python):
            print(f"fast.ai is not installed for {options.fastai_python}: it was not measured. See docs/benchmarks.md.")
            return
        command = [sys.executable, str(Path(vs_fastai.__file__)), str(folder), "--repeat", "1"]
        subprocess.run([*command, "--fastai-python", options.fastai_python], check=True)


if __name__ == "__main__":
    main()
