"""How fast a folder and a single picture are classified: `python benchmarks/predict.py RUN MODEL.onnx FOLDER`.

RUN is a run folder, MODEL.onnx its export. In turn, each in a process of its own: fast.ai's `get_preds`, the usual
torchvision loop, this program's job and its command line, all with the weights of RUN on the pictures of FOLDER. Then
in one process how much of the machine's limit the job reaches, and from a drop to its answer. docs/benchmarks.md tells
what each row includes.

    --repeat N              times each is measured (3)
    --fastai-python PYTHON  interpreter that has fast.ai and timm (this one); "none" leaves fast.ai out
    --only folder,share,drop
    --device cpu            hide graphics cards from all
    --batch N               of fast.ai and the loop (64)
    --markdown              print the table as markdown
    --json FILE             write every single measurement
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deskclassify.core.machine import cpu_count, cpu_model
from deskclassify.core.sources import Problem, walk

HERE = Path(__file__).resolve().parent
PARTS = ("folder", "share", "drop")
DROPS, WARM_DROPS = 60, 5
DROP_SIZE = (4000, 3000)  # 12 megapixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--fastai-python", default=sys.executable)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    files = pictures(options.folder.resolve())
    results: dict[str, Any] = {"machine": machine(), "pictures": len(files)}
    lines = [["", "measured", "", "aim"]]
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DESKCLASSIFY_HOME"] = str(Path(scratch, "home"))
        know(options.model)
        if "folder" in options.only:
            lines += folder_rows(options, files, Path(scratch), results)
        if "share" in options.only:
            lines += share_rows(options, files, results)
        if "drop" in options.only:
            lines += drop_rows(options, files, Path(scratch), results)
    print(show(lines, options.markdown))
    print(f"\n{len(files):,} pictures; {results['machine']}; {results.get('versions', '')}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


def pictures(folder: Path) -> list[str]:
    """Those that can be read, in the order of the program: fast.ai and the loop would stop at others."""
    from deskclassify.core.pictures import PictureError, is_picture_name, open_rgb

    found = [
        str(folder / name) for name in walk(folder) if not isinstance(name, Problem) and is_picture_name(name.name)
    ]
    for path in found:
        try:
            open_rgb(path)
        except PictureError as error:
            raise SystemExit(f"{path} cannot be read: {error} Measure with a folder of good pictures.") from None
    if len(found) < 50:
        raise SystemExit("There are too few pictures to measure with: take fifty at least.")
    return found


def know(model: Path) -> None:
    """As after an export here; a model from elsewhere is tried in a process of its own when it is first opened."""
    from deskclassify.ml.foreign.verdicts import remember_own

    remember_own(model.read_bytes())


def machine() -> str:
    return f"{cpu_model()}, {cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"


# The folder, beside others


def folder_rows(
    options: argparse.Namespace, files: list[str], scratch: Path, results: dict[str, Any]
) -> list[list[str]]:
    from deskclassify.core.codec import to_json
    from deskclassify.core.run_folder import RunFolder

    info = RunFolder(options.run).info()
    how = info.preprocess
    if how.resize != "squish":
        raise SystemExit("Take a run that squeezes its pictures (--resize squish): the others are measured so.")
    card = {**to_json(how), "classes": list(info.classes), "architecture": info.architecture}
    card["weights"] = str(RunFolder(options.run).best.resolve())
    job = {
        "card": card,
        "files": files,
        "folder": str(options.folder.resolve()),
        "model": str(options.model.resolve()),
        "batch": options.batch,
        "device": options.device,
        "workers": 0,
    }
    took: dict[str, list[dict[str, Any]]] = {}
    kinds = ["loop", "job", "command line"]
    if options.fastai_python != "none":
        kinds[:0] = ["fastai", "fastai with workers"]
    for number in range(options.repeat):
        for kind in kinds:
            found = command_line(job, scratch) if kind == "command line" else side(kind, job, options, scratch)
            took.setdefault(kind, []).append(found)
            told = f"{found['seconds']:.2f} s, the process {found['process_seconds']:.2f} s"
            print(f"{kind} {number + 1}: {told}", file=sys.stderr, flush=True)
    results["folder"] = {kind: [strip(one) for one in every] for kind, every in took.items()}
    results["versions"] = ", ".join(
        f"{name} {version}"
        for name, version in {k: v for every in took.values() for k, v in every[0].get("versions", {}).items()}.items()
    )
    return folder_table(took, len(files))


def folder_table(took: dict[str, list[dict[str, Any]]], count: int) -> list[list[str]]:
    def median(kind: str, key: str = "seconds") -> float:
        return statistics.median(one[key] for one in took[kind])

    lines = []
    theirs: dict[str, str] = {"loop": "torchvision loop"}
    if "fastai" in took:
        best = min(("fastai", "fastai with workers"), key=median)
        theirs = {best: f"{best.replace('fastai', 'fast.ai')}, get_preds", **theirs}
    for kind, title in theirs.items():
        lines.append([f"{title}, the call", f"{median(kind):.2f} s", f"{count / median(kind):.0f} pictures/s", ""])
    own = median("job")
    lines.append(["deskclassify, the job", f"{own:.2f} s", f"{count / own:.0f} pictures/s", ""])
    lines.append(["until its first answer", f"{1000 * median('job', 'first'):.0f} ms", "", ""])
    for kind, title in theirs.items():
        lines.append([f"{title} / the job", f"{median(kind) / own:.1f}", "", "≥ 6"])
        whole = median(kind, "process_seconds") / median("command line", "process_seconds")
        lines.append([f"{title} / command line, whole processes", f"{whole:.1f}", "", ""])
    labels = took["job"][0]["labels"]
    for kind, title in theirs.items():
        same = sum(a == b for a, b in zip(labels, took[kind][0]["labels"], strict=True))
        lines.append([f"{title}: the same class as the job", f"{100 * same / count:.1f} %", "", ""])
    return lines


def side(kind: str, job: dict[str, Any], options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    task = kind.split()[0]
    workers = None if "workers" in kind else 0
    (scratch / "job.json").write_text(json.dumps({**job, "task": task, "workers": workers}), "utf-8")
    python = sys.executable if task == "job" else options.fastai_python
    if python == "none":
        python = sys.executable
    return timed([python, str(HERE / "predict_side.py"), str(scratch / "job.json")])


def command_line(job: dict[str, Any], scratch: Path) -> dict[str, Any]:
    table = scratch / "t.csv"
    call = [sys.executable, "-m", "deskclassify", "predict", job["model"], job["folder"], "--csv", str(table)]
    found = timed([*call, "--device", job["device"]], json_line=False)
    table.unlink()
    return {**found, "seconds": found["process_seconds"]}


def timed(call: list[str], json_line: bool = True) -> dict[str, Any]:
    begun = time.perf_counter()
    done = subprocess.run(call, capture_output=True, text=True, cwd=HERE.parent)
    seconds = time.perf_counter() - begun
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    result: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    if "error" in result:
        raise SystemExit(result["error"])
    if done.returncode or (json_line and not result):
        raise SystemExit(f"{' '.join(call[1:3])} failed:\n{done.stderr[-3000:]}")
    return {**result, "process_seconds": seconds}


def strip(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "labels"}


# How near the job comes to what the machine can do


def share_rows(options: argparse.Namespace, files: list[str], results: dict[str, Any]) -> list[list[str]]:
    """Decoding alone, the network alone, and the job, in turn, in this process; everything opened beforehand."""
    import numpy as np

    from deskclassify.core.control import never
    from deskclassify.core.requests import PredictRequest
    from deskclassify.ml import ort
    from deskclassify.ml.model_file import open_model
    from deskclassify.ml.prediction import kept_model, predict
    from deskclassify.ml.scale.answering import decode

    model = kept_model(options.model, options.device, True)
    shared = open_model(options.model, options.device)
    how = model.card.preprocess
    pixels = np.stack([one.pixels for one in (decode(path, how) for path in files) if one.pixels is not None])

    def alone(pool: ThreadPoolExecutor) -> None:
        for _ in pool.map(lambda at: model.run(pixels[at : at + 1]), range(len(pixels))):
            pass

    def together(_: ThreadPoolExecutor) -> None:
        for at in range(0, len(pixels), 8):
            shared.run(pixels[at : at + 8])

    def decoding(pool: ThreadPoolExecutor) -> None:
        for _ in pool.map(lambda path: decode(path, how), files):
            pass

    def job(_: ThreadPoolExecutor) -> None:
        for _ in predict(PredictRequest(str(options.model), (str(options.folder),), device=options.device), never):
            pass

    measured: dict[str, list[float]] = {}
    steps: tuple[Callable[[ThreadPoolExecutor], None], ...] = (decoding, alone, job, together)
    with ThreadPoolExecutor(cpu_count()) as pool:
        for number in range(options.repeat + 1):
            for step in steps:
                begun = time.perf_counter()
                step(pool)
                if number:  # the first time warms up
                    measured.setdefault(step.__name__, []).append(len(files) / (time.perf_counter() - begun))
    rates = {name: statistics.median(every) for name, every in measured.items()}
    network = max(rates["alone"], rates["together"])
    on_processor = ort.real_provider(model.session) == ort.CPU_PROVIDER
    limit = 1 / (1 / rates["decoding"] + 1 / network) if on_processor else min(rates["decoding"], network)
    results["share"] = {"rates": measured, "limit": limit, "share": rates["job"] / limit}
    said = "both on the same processors" if on_processor else "the slower of the two"
    return [
        ["decoding alone, all processors", f"{rates['decoding']:.0f} pictures/s", "", ""],
        ["network alone, a picture on each processor", f"{rates['alone']:.0f} pictures/s", "", ""],
        ["network alone, batches of 8 on all", f"{rates['together']:.0f} pictures/s", "", ""],
        [f"limit: {said}", f"{limit:.0f} pictures/s", "", ""],
        ["the job", f"{rates['job']:.0f} pictures/s", "", ""],
        ["share of the limit", f"{100 * rates['job'] / limit:.0f} %", "", "≥ 85 %"],
    ]


# From a drop to its answer


def drop_rows(options: argparse.Namespace, files: list[str], scratch: Path, results: dict[str, Any]) -> list[list[str]]:
    """A photo of 12 megapixels: from the request to the predictor process until its answer is back, both warm."""
    import io

    from PIL import Image

    from deskclassify.core.control import Control
    from deskclassify.core.events import Prediction
    from deskclassify.core.requests import PredictRequest
    from deskclassify.engine.client import EngineClient

    photo = scratch / "drop.jpg"
    with Image.open(max(files, key=lambda path: Path(path).stat().st_size)) as image:
        image.convert("RGB").resize(DROP_SIZE, Image.Resampling.BICUBIC).save(photo, quality=90)
    data = photo.read_bytes()
    client = EngineClient("predictor")
    request = PredictRequest(str(options.model.resolve()), (str(photo),), device=options.device)
    decodes, waits, idle = [], [], 0.0
    try:
        for number in range(WARM_DROPS + DROPS):
            begun = time.perf_counter()
            with Image.open(io.BytesIO(data)) as image:
                image.load()
            decoded = time.perf_counter()
            for event in client.stream(request, Control()):
                if isinstance(event, Prediction):
                    answered = time.perf_counter()
            if number >= WARM_DROPS:
                decodes.append(1000 * (decoded - begun))
                waits.append(1000 * (answered - decoded))
        idle = idle_share(client.pid)
    finally:
        client.close()
    decode = statistics.median(decodes)
    without = [wait - decode for wait in waits]
    results["drop"] = {"decode_ms": decodes, "wait_ms": waits, "idle_share": idle, "bytes": len(data)}
    return [
        ["12-megapixel JPEG: decode alone", f"{decode:.0f} ms", f"p95 {at(decodes, 0.95):.0f} ms", ""],
        ["from the drop to its answer", f"{at(waits, 0.5):.0f} ms", f"p95 {at(waits, 0.95):.0f} ms", ""],
        ["the same without the decode", f"{at(without, 0.5):.0f} ms", f"p95 {at(without, 0.95):.0f} ms", "p95 ≤ 60 ms"],
        ["predictor process at rest", f"{100 * idle:.1f} % of a processor", "", "0 %"],
    ]


def idle_share(pid: int | None) -> float:
    import psutil

    process = psutil.Process(pid)
    before, begun = process.cpu_times(), time.perf_counter()
    time.sleep(2)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / (time.perf_counter() - begun)


def at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def show(lines: list[list[str]], markdown: bool) -> str:
    if markdown:
        head, *rest = (f"| {' | '.join(line)} |" for line in lines)
        return "\n".join((head, "| --- | ---: | ---: | ---: |", *rest))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            (line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)))
        )
        for line in lines
    )


if __name__ == "__main__":
    main()
