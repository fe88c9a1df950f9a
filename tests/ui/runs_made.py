"""Run folders written by hand, for the tests of the list of runs and of the comparison."""

from pathlib import Path

from PIL import Image

from deskclassify.core.architectures import ARCHITECTURES
from deskclassify.core.events import EpochDone, Verdict
from deskclassify.core.run_folder import RunFolder

CLASSES = ("ants", "bees", "wasps")


def pictures(folder: Path, count: int = 6) -> list[Path]:
    """Small pictures."""
    folder.mkdir(exist_ok=True)
    made = [folder / f"{number}.png" for number in range(count)]
    for path in made:
        Image.new("RGB", (40, 30), "#3060c0").save(path)
    return made


def write_run(
    runs: Path, name: str, said: str, files: list[Path], minute: int = 0, preset: str = "quick", epochs: int = 3
) -> RunFolder:
    """A finished run; `said` holds the first letter of the prediction of each picture, whose class goes round."""
    run = RunFolder(runs / name)
    run.path.mkdir(parents=True)
    labels = [CLASSES[at % 3] for at in range(len(files))]
    answers = [next(one for one in CLASSES if one[0] == letter) for letter in said]
    right = sum(label == answer for label, answer in zip(labels, answers, strict=True)) / len(files)
    run.write_info(
        {
            "status": "finished",
            "created": f"2026-01-02T03:{minute:02d}:00+00:00",
            "request": {"preset": preset, "seed": 1},
            "classes": CLASSES,
            "architecture": "resnet18",
            "preprocess": ARCHITECTURES["resnet18"].preprocess("crop"),
            "recipe": {"frozen_epochs": epochs},
            "result": {"accuracy": right, "seconds": 65.0, "best_epoch": 2, "valid_images": len(files)},
        }
    )
    rows = zip(files, labels, answers, strict=True)
    run.write_predictions(Verdict(str(path), label, answer, 0.7, 0.5) for path, label, answer in rows)
    run.write_history(
        EpochDone("frozen", n, 1 / n, 1.5 / n, right, 1 - right, 1e-3, 0.1, 9.0) for n in range(1, epochs + 1)
    )
    run.best.write_bytes(b"weights")
    (run.path / "model.onnx").write_bytes(b"model")
    return run
