"""One measurement of `predict.py`, in a process of its own: `python benchmarks/predict_side.py JOB.json`.

| task     | what is timed, after the imports                                                                   |
| -------- | -------------------------------------------------------------------------------------------------- |
| `fastai` | `get_preds` on a `test_dl` of all files, with the network of the run                                |
| `loop`   | the usual loop: Pillow, torchvision's transforms, a `DataLoader`, `inference_mode`                  |
| `job`    | this program's job, from opening the model to the last answer                                       |

The first two run in the interpreter that has fast.ai, and timm and safetensors too. The result is one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


def fastai(job: dict[str, Any]) -> dict[str, Any]:
    try:
        from fastai.vision import all as library
    except ImportError as error:
        print(json.dumps({"error": f"fast.ai cannot be imported by {sys.executable} ({error}). See --fastai-python."}))
        raise SystemExit(2) from None
    import torch

    card = job["card"]
    files = [Path(path) for path in job["files"]]
    block = library.DataBlock(
        blocks=(library.ImageBlock, library.CategoryBlock(vocab=card["classes"])),
        get_y=lambda path: card["classes"][0],
        splitter=library.IndexSplitter([0]),
        item_tfms=library.Resize(card["size"], method=library.ResizeMethod.Squish),
        batch_tfms=[library.Normalize.from_stats(card["mean"], card["std"])],
    )
    loaders = block.dataloaders(files[:64], bs=job["batch"], num_workers=job["workers"])
    learn = library.Learner(loaders, network(card), loss_func=library.CrossEntropyLossFlat())
    if torch.cuda.is_available():
        learn.to_fp16()
    begun = time.perf_counter()
    with learn.no_bar(), learn.no_logging():
        answers, _ = learn.get_preds(dl=learn.dls.test_dl(files))
    seconds = time.perf_counter() - begun
    labels = [card["classes"][at] for at in answers.argmax(dim=1).tolist()]
    return {"seconds": seconds, "labels": labels, "versions": versions("fastai", "torch")}


def loop(job: dict[str, Any]) -> dict[str, Any]:
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from torchvision import transforms

    card = job["card"]
    prepare = transforms.Compose(
        [
            transforms.Resize((card["size"], card["size"])),
            transforms.ToTensor(),
            transforms.Normalize(card["mean"], card["std"]),
        ]
    )

    class Pictures(Dataset[torch.Tensor]):
        def __len__(self) -> int:
            return len(job["files"])

        def __getitem__(self, at: int) -> torch.Tensor:
            with Image.open(job["files"][at]) as image:
                tensor: torch.Tensor = prepare(image.convert("RGB"))
                return tensor

    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = network(card).to(where).eval()
    begun = time.perf_counter()
    labels: list[str] = []
    with torch.inference_mode():
        for batch in DataLoader(Pictures(), batch_size=job["batch"], num_workers=0):
            answers = model(batch.to(where)).softmax(dim=1).argmax(dim=1)
            labels += [card["classes"][at] for at in answers.tolist()]
    return {"seconds": time.perf_counter() - begun, "labels": labels, "versions": versions("torch", "torchvision")}


def ours(job: dict[str, Any]) -> dict[str, Any]:
    from deskclassify.core.control import never
    from deskclassify.core.events import Prediction
    from deskclassify.core.requests import PredictRequest
    from deskclassify.ml.prediction import predict

    begun = time.perf_counter()
    first, labels = 0.0, []
    for event in predict(PredictRequest(job["model"], (job["folder"],), 3, job["device"]), never):
        if isinstance(event, Prediction):
            first = first or time.perf_counter() - begun
            labels.append(event.label)
    return {
        "seconds": time.perf_counter() - begun,
        "first": first,
        "labels": labels,
        "versions": versions("onnxruntime", "PIL"),
    }


def network(card: dict[str, Any]) -> Any:
    """The network of the run, with its weights; it takes normalised pictures and gives logits."""
    from deskclassify.ml.zoo import load_run

    return load_run(card["architecture"], len(card["classes"]), Path(card["weights"])).eval()


def versions(*names: str) -> dict[str, str]:
    return {name: str(sys.modules[name].__version__) for name in names}


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    result = {"fastai": fastai, "loop": loop, "job": ours}[job["task"]](job)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
