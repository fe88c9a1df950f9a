"""One measurement of fast.ai: `python benchmarks/fastai_side.py JOB.json`, called by `vs_fastai.py`.

Runs in an interpreter that has fast.ai and timm, and imports nothing of this program. The result
is one JSON line on standard output; other lines may be there, of fast.ai's.

The network is timm's `tf_efficientnet_lite0` with the tensors of the given weight file, under
fast.ai's usual head and splitter, as `vision_learner` builds it. Pictures are squeezed to a square
by `Resize`, as this program does by default.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")
try:
    import torch
    from fastai.vision import all as fastai
except ImportError as error:
    sentence = (
        f"fast.ai cannot be imported by {sys.executable} ({error}). Install it there (pip install fastai timm), "
        "or name another interpreter with --fastai-python; docs/benchmarks.md says how to make one."
    )
    print(json.dumps({"error": sentence}))
    raise SystemExit(2) from None

ARCHITECTURE = "tf_efficientnet_lite0"
EPOCHS = 2  # of `rate`


class Ticks(fastai.Callback):
    """Notes when each training batch ends, and leaves out the validation."""

    def __init__(self) -> None:
        self.epochs: list[list[float]] = []

    def before_train(self) -> None:
        """An epoch begins."""
        self.epochs.append([])

    def after_batch(self) -> None:
        """A batch is over."""
        self.epochs[-1].append(time.perf_counter())

    def before_validate(self) -> None:
        """Not wanted here."""
        raise fastai.CancelValidException


def loaders(job: dict[str, Any], augment: bool) -> fastai.DataLoaders:
    """The pictures, in the split of the job."""
    items = job["items"]
    held_out = [at for at, item in enumerate(items) if item["subset"] == "valid"]
    normalise = fastai.Normalize.from_stats([0.5] * 3, [0.5] * 3)
    block = fastai.DataBlock(
        blocks=(fastai.ImageBlock, fastai.CategoryBlock(vocab=job["classes"])),
        get_x=lambda item: item["path"],
        get_y=lambda item: item["label"],
        splitter=fastai.IndexSplitter(held_out),
        item_tfms=fastai.Resize(job["size"], method=fastai.ResizeMethod.Squish),
        batch_tfms=[*(fastai.aug_transforms() if augment else []), normalise],
    )
    return block.dataloaders(items, bs=job["batch"], num_workers=job["workers"])


def learner(job: dict[str, Any], augment: bool) -> fastai.Learner:
    """The network with pretrained weights, its body frozen."""
    data = loaders(job, augment)
    learn = fastai.vision_learner(
        data, ARCHITECTURE, normalize=False, pretrained=False, metrics=fastai.accuracy, path=job["folder"]
    )
    body = learn.model[0].model
    names = [name for name in body.state_dict() if not name.endswith("num_batches_tracked")]
    file = torch.load(job["weights"], map_location="cpu", weights_only=True)
    values = [value for name, value in file.items() if not name.endswith("num_batches_tracked")]
    # Two libraries' names for the same tensors in the same order; what is left over is ImageNet's own head.
    body.load_state_dict(dict(zip(names, values, strict=False)), strict=False)
    learn.freeze()
    return learn.to_fp16() if torch.cuda.is_available() else learn


def fine_tune(job: dict[str, Any]) -> dict[str, Any]:
    """`fine_tune(1)`: one epoch of the head, one of everything. Keeps the network for `evaluate`."""
    learn = learner(job, job["augment"])
    begun = time.perf_counter()
    with learn.no_bar(), learn.no_logging():
        learn.fine_tune(1)
    seconds = time.perf_counter() - begun
    torch.save(learn.model.state_dict(), Path(job["folder"]) / "model.pth")
    return {"seconds": seconds, "accuracy": float(learn.recorder.values[-1][-1])}


def rate(job: dict[str, Any]) -> dict[str, Any]:
    """Pictures a second with the whole network unfrozen, without the first batch of each epoch."""
    learn, ticks = learner(job, augment=True), Ticks()
    learn.unfreeze()
    with learn.no_bar(), learn.no_logging():
        learn.fit_one_cycle(EPOCHS, 1e-3, cbs=ticks)
    batches = sum(len(epoch) - 1 for epoch in ticks.epochs)
    seconds = sum(epoch[-1] - epoch[0] for epoch in ticks.epochs)
    return {"images_per_second": batches * job["batch"] / seconds}


def lr_find(job: dict[str, Any]) -> dict[str, Any]:
    """The range test with fast.ai's own settings, on the frozen network."""
    learn = learner(job, job["augment"])
    begun = time.perf_counter()
    with learn.no_bar(), learn.no_logging():
        found = learn.lr_find(show_plot=False)
    return {"seconds": time.perf_counter() - begun, "suggestion": float(found[0]), "steps": len(learn.recorder.losses)}


def evaluate(job: dict[str, Any]) -> dict[str, Any]:
    """Accuracy on all pictures, with the network that `fine_tune` left."""
    learn = learner(job, augment=False)
    learn.model.load_state_dict(torch.load(Path(job["folder"]) / "model.pth", weights_only=True))
    begun = time.perf_counter()
    with learn.no_bar(), learn.no_logging():
        answers, _ = learn.get_preds(dl=learn.dls.test_dl(job["items"]))
    picked = [job["classes"][at] for at in answers.argmax(dim=1).tolist()]
    right = sum(label == item["label"] for label, item in zip(picked, job["items"], strict=True))
    return {"seconds": time.perf_counter() - begun, "accuracy": right / len(picked)}


TASKS = {"fit": fine_tune, "rate": rate, "lr_find": lr_find, "evaluate": evaluate}


def main() -> None:
    """Do one job and print its result."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    fastai.set_seed(job["seed"])
    result = TASKS[job["task"]](job)
    versions = {"fastai": sys.modules["fastai"].__version__, "torch": torch.__version__}
    print(json.dumps({**result, "versions": versions, "threads": torch.get_num_threads()}), flush=True)


if __name__ == "__main__":
    main()
