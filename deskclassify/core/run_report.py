"""All about a run as one HTML file: how good it is, how it got there, where it errs, and how to repeat it.

All names are escaped, and of the writer's disk only the names of files and folders are in it.
"""

from __future__ import annotations

import copy
import json
import shlex
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from html import escape
from pathlib import Path, PurePath
from typing import Any

from deskclassify.core import architectures, atomic, report_page, run_sections
from deskclassify.core.balance import effect
from deskclassify.core.codec import from_json
from deskclassify.core.control import ShouldStop
from deskclassify.core.data_events import Calibration
from deskclassify.core.data_requests import RunReportRequest
from deskclassify.core.errors import InputError
from deskclassify.core.events import EpochDone, Evaluated, Event, Progress, Scored, Throttle, Verdict
from deskclassify.core.layer_events import ReportWritten
from deskclassify.core.pictures import open_rgb
from deskclassify.core.report_pictures import photo_uri
from deskclassify.core.requests import FitRequest
from deskclassify.core.run_folder import RunFolder
from deskclassify.core.run_settings import compare_settings
from deskclassify.core.runs import title
from deskclassify.core.sources import DataSpec, Item, Listing, list_data
from deskclassify.core.words import counted, duration

MOST_PICTURES = 24
_THUMBNAIL_PIXELS = 200  # of the longer side: 6 to 12 KB each
_WALKED_KINDS = {
    "unreadable": "Files that cannot be read",
    "unlabelled": "Pictures without a class",
    "link": "Links that are not followed",
    "folder": "Folders that cannot be read",
    "class": "Classes with too few pictures",
    "note": "Remarks",
}
_OPTIONS = {
    "preset": "--preset",
    "architecture": "--arch",
    "epochs": "--epochs",
    "frozen_epochs": "--frozen-epochs",
    "learning_rate": "--lr",
    "batch_size": "--batch-size",
    "image_size": "--image-size",
    "resize": "--resize",
    "augment": "--augment",
    "mix": "--mix",
    "balance": "--balance",
    "gradual": "--gradual",
    "progressive": "--progressive",
    "patience": "--patience",
    "tta": "--tta",
    "weights": "--weights",
}
_DATA_OPTIONS = {
    "rule": "--label-from",
    "valid_pct": "--valid-pct",
    "valid_folder": "--valid-folder",
    "seed": "--seed",
    "test_pct": "--test-pct",
    "grouping": "--group-by",
}


_BY_HAND = ("renamed", "relabelled", "excluded", "together")


@dataclass(frozen=True)
class RunStory:
    """What a report tells of.

    Attributes:
        name: of the run.
        raw: contents of `run.json`.
        items: what was trained, validated and tested on.
        scored: None where the run has kept no probabilities.
        pictures: the worst ones: verdict, name, `data:` address or nothing.
        listing: the data as they are now; None where they cannot be walked, and `data_problem` says why.
        created: the day of the report.
    """

    name: str
    raw: dict[str, Any]
    history: Sequence[EpochDone]
    evaluated: Evaluated
    items: Sequence[Item] = ()
    scored: Scored | None = None
    verdicts: Sequence[Verdict] = ()
    calibration: Calibration | None = None
    pictures: Sequence[tuple[Verdict, str, str]] = ()
    listing: Listing | None = None
    data_problem: str = ""
    created: str = field(default="")

    def part(self, key: str) -> dict[str, Any]:
        """A part of `run.json`; empty where it is missing or of another form."""
        value = self.raw.get(key)
        return value if isinstance(value, dict) else {}


def write(request: RunReportRequest, should_stop: ShouldStop) -> Iterator[Event]:
    """The job of `RunReportRequest`. Stopped, it leaves no file, and one that was there as it was.

    Raises:
        InputError: there is no finished run, or the target is no HTML file.
        OSError: the file cannot be written.
    """
    target = Path(request.target)
    report_page.check_target(target)
    run = RunFolder(Path(request.model))
    info, verdicts = run.info(), run.predictions()
    evaluated = run.evaluated()
    worst = evaluated.top_losses[:MOST_PICTURES]
    throttle, shown = Throttle(), []
    for done, one in enumerate(worst):
        if throttle.ready(done == 0):
            yield Progress("report", done, len(worst) + 2)
        shown.append((one, PurePath(one.path).name, thumbnail(one.path)))
        if should_stop():
            return
    yield Progress("report", len(worst), len(worst) + 2)
    listing, problem = _walk(request.data if request.data.sources else run.data(), should_stop)
    if should_stop():
        return
    yield Progress("report", len(worst) + 1, len(worst) + 2)
    story = RunStory(
        name=title(run),
        raw=info.raw,
        history=run.history(),
        evaluated=evaluated,
        items=_split(run),
        scored=run.scored(),
        verdicts=verdicts,
        calibration=_calibration(run),
        pictures=shown,
        listing=listing,
        data_problem=problem,
        created=time.strftime("%Y-%m-%d"),
    )
    data = as_html(story).encode("utf-8", "replace")
    if should_stop():
        return
    atomic.write_bytes(target, data)
    yield ReportWritten(str(target), len(data), 0)


def short_name(path: str) -> str:
    """The picture's folder and name, without what lies above."""
    return "/".join(PurePath(path).parts[-2:])


def thumbnail(path: str) -> str:
    """A small picture as a `data:` address; empty where it cannot be read."""
    try:
        return photo_uri(open_rgb(path, draft=_THUMBNAIL_PIXELS), _THUMBNAIL_PIXELS)
    except Exception:  # whatever a file holds, and that it is gone, is told by the empty place
        return ""


def _split(run: RunFolder) -> list[Item]:
    try:
        return run.split()
    except (OSError, KeyError):
        return []


def _calibration(run: RunFolder) -> Calibration | None:
    try:
        return from_json(Calibration, json.loads((run.path / "calibration.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _walk(data: DataSpec | None, should_stop: ShouldStop) -> tuple[Listing | None, str]:
    if data is None or not data.sources:
        return None, ""
    try:
        return list_data(data, should_stop), ""
    except (InputError, OSError):
        return None, "The folders of the pictures are not where they were, so they could not be looked at again."


def as_html(story: RunStory) -> str:
    """The whole document."""
    raw = _without_paths(story.raw)
    found = compare_settings(raw, raw)
    skipped = _skipped(story)
    worst = (
        "<p>The validation pictures whose answer surprises most: the loss is high where the right class got a low "
        "probability. Wrong labels are often among them.</p>" + run_sections.worst_pictures(story.pictures)
    )
    certainty = run_sections.certainty(story.scored, story.calibration)
    parts = [
        ("curves", "How it learned", _findings(story) + run_sections.history(story.history, _best(story))),
        ("confusion", "What is taken for what", run_sections.confusion(story.evaluated)),
        ("classes", "Each class", _classes(story)),
        ("worst", "The worst pictures", worst),
        ("certainty", "How far it can be believed", certainty),
        ("data", "The data", _data_text(story) + run_sections.problems(skipped)),
        ("settings", "Settings", run_sections.settings(found, ("Pictures", "Asked for", "Recipe", "Machine"))),
        ("repeat", "How to repeat it", _repeat(story)),
    ]
    sections = [(place, name, text) for place, name, text in parts if text]
    links = "".join(f'<li><a href="#{place}">{name}</a></li>' for place, name, _ in sections)
    nav = f'<nav aria-label="Contents"><section><ol>{links}<li><a href="#words">The words</a></li></ol></section></nav>'
    body = _header(story) + nav
    body += "".join(f'<section id="{place}"><h2>{name}</h2>{text}</section>' for place, name, text in sections)
    body += report_page.words(body)
    return report_page.document(f"{story.name}: report", run_sections.STYLE, body, story.created)


def _header(story: RunStory) -> str:
    evaluated, result = story.evaluated, story.part("result")
    right = sum(row[at] for at, row in enumerate(evaluated.confusion))
    count = Counter(item.subset for item in story.items)
    network = architectures.ARCHITECTURES.get(str(story.raw.get("architecture", "")))
    seconds = result.get("seconds")
    facts = {
        "network": network.title if network else str(story.raw.get("architecture", "")),
        "preset": str(story.part("request").get("preset", "")),
        "classes": f"{len(evaluated.classes):,}",
        "trained on": counted(count["train"], "picture"),
        "validated on": counted(evaluated.images, "picture"),
        "kept for a test": counted(count["test"], "picture") if count["test"] else "",
        "error rate": f"{100 * evaluated.error_rate:.1f} %",
        "time": duration(float(seconds)) if isinstance(seconds, int | float) else "",
        "device": str(story.part("device").get("title", "")),
        "begun": str(story.raw.get("created", ""))[:16].replace("T", " ") + " UTC" if story.raw.get("created") else "",
    }
    number = f"{100 * evaluated.accuracy:.1f} %" if evaluated.images else "–"
    return (
        f'<header class="top"><p class="over">Report of a training</p><h1>{escape(story.name)}</h1>'
        f'<div class="top-line"><div><p class="big">{number}</p><p class="soft">accuracy: {right:,} of '
        f"{counted(evaluated.images, 'validation picture')} are right</p></div>"
        f"<div>{run_sections.verdict_bar(right, evaluated.images)}</div></div>{report_page.facts(facts)}</header>"
    )


def _best(story: RunStory) -> int | None:
    best = story.part("result").get("best_epoch")
    return best if isinstance(best, int) and best > 0 else None


def _findings(story: RunStory) -> str:
    found = story.part("result").get("findings")
    return run_sections.findings(found) if isinstance(found, list) else ""


def _classes(story: RunStory) -> str:
    train = Counter(item.label for item in story.items if item.subset == "train")
    reason = str(story.part("balance").get("reason", ""))
    told = f"<p>{escape(f'{reason} {effect(train, story.verdicts)}'.strip())}</p>" if reason else ""
    return told + run_sections.classes(story.evaluated, train)


def _skipped(story: RunStory) -> list[tuple[str, list[tuple[str, str]]]]:
    """What is known to be wrong, by kind; each with its name."""
    skipped = story.raw.get("skipped")
    rows = [
        (short_name(str(one.get("path", ""))), str(one.get("reason", "")))
        for one in (skipped if isinstance(skipped, list) else ())
        if isinstance(one, Mapping)
    ]
    found = [("Pictures that could not be read and were left out", rows)]
    problems = story.listing.problems if story.listing is not None else ()
    for kind, name in _WALKED_KINDS.items():
        told = [(_named(one.path), _no_paths(one.reason)) for one in problems if one.kind == kind]
        found.append((name, told))
    return found


def _named(path: str) -> str:
    return short_name(path) if "/" in path or "\\" in path else path


def _no_paths(text: str) -> str:
    """A sentence in which paths are only names."""
    return " ".join(short_name(word) if word.startswith(("/", "\\")) else word for word in text.split(" "))


def _data_text(story: RunStory) -> str:
    data = story.part("request").get("data")
    data = data if isinstance(data, dict) else {}
    told = [story.data_problem] if story.data_problem else []
    for key, text in (("relabelled", "given another class by hand"), ("excluded", "left out by hand")):
        number = len(data.get(key) or ())
        if number:
            told.append(f"{counted(number, 'picture')} {'was' if number == 1 else 'were'} {text}.")
    mark = str(story.raw.get("data_fingerprint") or "")
    fingerprint = f'<p class="soft">Fingerprint of pictures, labels and split: <code>{escape(mark)}</code></p>'
    return (f"<p>{escape(' '.join(told))}</p>" if told else "") + (fingerprint if mark else "")


def _repeat(story: RunStory) -> str:
    line = command(story.part("request"))
    note = (
        "The same pictures, labels and seed give the same split; the same versions on the same machine give the same "
        "network, up to rounding."
    )
    mended = any((story.part("request").get("data") or {}).get(key) for key in _BY_HAND)
    hand = " Some of it was mended by hand: give the project’s folder as DATA, which knows of it." if mended else ""
    return f"<p>{note}{hand}</p><pre><code>{escape(line)}</code></pre>"


def command(request: Mapping[str, Any]) -> str:
    """The command line that does what a request asked for; what is as usual is left out.

    Args:
        request: of `run.json`.
    """
    usual: dict[str, Any] = {one.name: one.default for one in fields(FitRequest)}
    usual_data: dict[str, Any] = {one.name: one.default for one in fields(DataSpec)}
    data = request.get("data")
    data = data if isinstance(data, dict) else {}
    words = ["deskclassify", "train", "DATA", "--out", "RUN"]
    for values, names, plain in ((request, _OPTIONS, usual), (data, _DATA_OPTIONS, usual_data)):
        for key, option in names.items():
            value = values.get(key)
            if value in (None, "", False) or (value == plain.get(key) and key not in ("seed", "preset")):
                continue
            text = PurePath(str(value)).name if key == "weights" else _rule(str(value)) if key == "rule" else str(value)
            words += [option] if value is True else [option, shlex.quote(text)]
    return " ".join(words)


def _rule(rule: str) -> str:
    """A label rule without the folder of its table."""
    kind, colon, rest = rule.partition(":")
    return f"csv:{PurePath(rest).name}" if kind == "csv" and colon else rule


def _without_paths(raw: dict[str, Any]) -> dict[str, Any]:
    """The same with names in place of paths."""
    result = copy.deepcopy(raw)
    request = result.get("request")
    if not isinstance(request, dict):
        return result
    if request.get("weights"):
        request["weights"] = PurePath(str(request["weights"])).name
    data = request.get("data")
    if isinstance(data, dict):
        data["rule"] = _rule(str(data.get("rule", "folder")))
        for source in data.get("sources") or ():
            if isinstance(source, dict):
                source["path"] = PurePath(str(source.get("path", ""))).name
    return result
