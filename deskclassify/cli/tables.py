"""Results as tables for people."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deskclassify.core import events, layer_events, words
from deskclassify.core.class_order import confused_pairs
from deskclassify.core.network_parts import shape_text, sight_text, title_of, training_text
from deskclassify.core.words import counted

_MOST_CONFUSION_CLASSES = 15
_MOST_PAIRS = 10
_MOST_ROWS = 20


def table(*columns: str, title: str = "") -> Table:
    """An empty table; columns whose name begins with “#” hold numbers."""
    made = Table(title=title or None, title_justify="left", title_style="bold")
    for name in columns:
        right = name.startswith("#")
        made.add_column(name.removeprefix("#"), justify="right" if right else "left", overflow="fold", no_wrap=right)
    return made


def scanned(result: events.ScanDone) -> RenderableType:
    """What `scan` found."""
    classes = table("class", "#pictures")
    for name, count in result.classes.items():
        classes.add_row(Text(name), str(count))
    split = ", ".join(f"{count} {name}" for name, count in result.subsets.items())
    parts: list[RenderableType] = [
        Text(f"Pictures: {result.images} ({split or 'none'}). Classes: {len(result.classes)}."),
        classes,
    ]
    if result.unreadable:
        parts.append(_paths("Unreadable, left out", [(one.path, one.reason) for one in result.unreadable]))
    if result.problems:
        parts.append(_paths("Remarks", [(one.path, one.reason) for one in result.problems]))
    rows = []
    for group in result.duplicates:
        near = group in result.near_duplicates
        rows.append((group[0], f"{'much like' if near else 'the same as'} {', '.join(group[1:])}"))
    if rows:
        parts.append(_paths("Duplicates", rows, "is"))
    return Group(*parts)


def _paths(title: str, rows: list[tuple[str, str]], second: str = "reason") -> Table:
    made = table("path", second, title=f"{title} ({len(rows)})")
    for path, text in rows[:_MOST_ROWS]:
        made.add_row(Text(path), Text(text))
    if len(rows) > _MOST_ROWS:
        made.add_row(f"… and {len(rows) - _MOST_ROWS} more", "--json lists them all")
    return made


def forecast(result: events.Forecast) -> RenderableType:
    """What a training would cost, and what was timed."""
    made = table("timed", "#images/s")
    for name, rate in result.figures.items():
        made.add_row(Text(name), f"{rate:,.1f}")
    return Group(Text(result.text), made) if result.figures else Text(result.text)


def trained(result: events.FitDone) -> str:
    """The closing line of a training, and what its curves tell."""
    state = "Stopped" if result.stopped else "Done"
    accuracy = "not measured" if result.accuracy is None else f"{result.accuracy:.1%}"
    skipped = f", {result.skipped_images} unreadable left out" if result.skipped_images else ""
    closing = (
        f"{state} in {result.seconds:.1f} s: validation accuracy {accuracy} (best epoch {result.best_epoch}), "
        f"{result.train_images} + {result.valid_images} pictures{skipped}. Saved in {result.run}"
    )
    if result.forecast_seconds and not result.stopped:
        closing += f"\nForecast {words.duration(result.forecast_seconds)}, took {words.duration(result.seconds)}."
    return "\n".join([closing, *(f"{one.title}: {one.text} {one.advice}" for one in result.findings)])


def evaluated(result: events.Evaluated) -> RenderableType:
    """Accuracy, the classes, the confusion matrix and the worst pictures."""
    classes = table("class", "#precision", "#recall", "#F1", "#pictures")
    for name, row in result.per_class.items():
        numbers = (f"{row[key]:.3f}" for key in ("precision", "recall", "f1"))
        classes.add_row(Text(name), *numbers, f"{row['support']:.0f}")
    skipped = f", {result.skipped_images} unreadable left out" if result.skipped_images else ""
    parts: list[RenderableType] = [
        Text(f"Accuracy {result.accuracy:.1%} on {counted(result.images, 'picture')}{skipped}{_interval(result)}."),
        Text(", ".join(_measures(result)) + "."),
        classes,
    ]
    if len(result.classes) <= _MOST_CONFUSION_CLASSES:
        matrix = table("actual \\ predicted", *(f"#{name}" for name in result.classes))
        for name, counts in zip(result.classes, result.confusion, strict=True):
            matrix.add_row(Text(name), *(str(count) if count else "·" for count in counts))
        parts.append(matrix)
    elif pairs := confused_pairs(result.confusion, _MOST_PAIRS):
        confused = table("actual", "taken for", "#pictures", "#of the class", title="Most confused")
        for pair in pairs:
            actual, predicted = Text(result.classes[pair.actual]), Text(result.classes[pair.predicted])
            confused.add_row(actual, predicted, str(pair.count), f"{pair.share:.0%}")
        parts.append(confused)
    wrong = [one for one in result.top_losses if one.predicted != one.label][:10]
    if wrong:
        worst = table("path", "actual", "predicted", "#probability", "#loss", title="Highest losses among the errors")
        for one in wrong:
            cells = (Text(one.path), Text(one.label), Text(one.predicted))
            worst.add_row(*cells, f"{one.probability:.1%}", f"{one.loss:.2f}")
        parts.append(worst)
    return Group(*parts)


def _interval(result: events.Evaluated) -> str:
    if not result.images:
        return ""
    return (
        f"; with 95 % confidence {result.accuracy_low:.0%} to {result.accuracy_high:.0%} on pictures of the same kind"
    )


def _measures(result: events.Evaluated) -> list[str]:
    named = (("error rate", result.error_rate), ("top-3", result.top3), ("top-5", result.top5))
    shares = [f"{name} {share:.1%}" for name, share in (*named, ("macro F1", result.macro_f1)) if share is not None]
    return [shares[0].capitalize(), *shares[1:]]


def layers(result: layer_events.LayersListed) -> RenderableType:
    """The layers of a network."""
    made = table("layer", "kind", "#height × width × channels", "#parameters", "one value", "weights")
    for layer in result.layers:
        cells = (shape_text(layer.shape), f"{layer.parameters:,}", sight_text(layer), training_text(layer))
        made.add_row(Text(layer.name), Text(title_of(layer)), *cells)
    return Group(Text(f"{result.model}: {len(result.layers)} layers, {result.parameters:,} parameters."), made)


def exported(result: events.Exported) -> str:
    """The closing lines of an export."""
    before = "" if result.bytes_before is None else f"; {result.bytes_before / 1e6:.1f} MB in fp32"
    opset = f", opset {result.opset}" if result.opset else ""
    lines = [
        f"Wrote {result.model} ({result.bytes / 1e6:.1f} MB{before}{opset}). On {counted(result.images, 'picture')} it "
        f"gives the same class as training for {result.top1_agreement:.1%}; probabilities differ by at most "
        f"{result.max_abs_diff:.1g}."
    ]
    if result.accuracy_before is not None and result.accuracy is not None:
        lines.append(f"Accuracy {result.accuracy_before:.1%} before, {result.accuracy:.1%} after.")
    if result.speed_ratio is not None:
        lines.append(f"On this computer's processor it is {result.speed_ratio:.2g} times as fast as in fp32.")
    if result.precision == "fp16":
        lines.append("Processors compute in fp32 all the same: 16 bits save room, and time only on a graphics card.")
    return "\n".join(lines)


def examined(result: events.Examined) -> RenderableType:
    """What `doctor` found."""
    made = table("part", "found")
    rows = [
        ("device", f"{result.device}: {result.device_reason}"),
        ("provider", f"{result.provider}: {result.provider_reason}"),
        ("processor", result.cpu),
        *result.versions.items(),
        *((f"folder for {name}", path) for name, path in result.folders.items()),
        *(("conflict", text) for text in result.conflicts),
    ]
    for name, text in rows:
        if text:
            made.add_row(Text(name), Text(text))
    verdict = "All is well." if result.healthy else "Something needs a look, see above."
    return Group(made, Text(verdict))
