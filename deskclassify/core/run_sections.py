"""The parts of a run's report as HTML: figures, curves, confusions, classes, pictures, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from deskclassify.core import metrics, report_charts
from deskclassify.core.data_events import Calibration
from deskclassify.core.events import EpochDone, Evaluated, Scored, Verdict
from deskclassify.core.report_charts import Curve
from deskclassify.core.run_settings import Setting
from deskclassify.core.words import counted, duration, percent

MOST_IN_MATRIX = 30  # classes
_MOST_PAIRS = 12
_MOST_OPEN = 40  # rows of a table that is not folded
_MOST_LISTED = 40  # problems of one kind that are named


def verdict_bar(right: int, total: int) -> str:
    """The accuracy as a bar, with the interval that holds the true one."""
    low, high = metrics.wilson(right, total)
    share = right / total if total else 0.0
    return (
        f'<div class="scale-bar" role="img" aria-label="{share:.1%}, between {low:.0%} and {high:.0%}">'
        f'<i class="span" style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></i>'
        f'<i class="mark" style="left:{100 * share:.1f}%"></i></div>'
        f'<p class="soft">Measured on {counted(total, "validation picture")}: on others of the same kind expect '
        f"{100 * low:.0f} to {100 * high:.0f} % (95 % confidence, Wilson’s interval).</p>"
    )


def findings(found: Sequence[Mapping[str, object]]) -> str:
    """What the curves told when the training ended."""
    return "".join(
        f'<div class="finding {escape(str(one.get("level", "info")))}"><h3>{escape(str(one.get("title", "")))}</h3>'
        f"<p>{escape(str(one.get('text', '')))} {escape(str(one.get('advice', '')))}</p></div>"
        for one in found
        if isinstance(one, Mapping)
    )


def history(rows: Sequence[EpochDone], best: int | None) -> str:
    """Loss, accuracy and learning rate over the epochs."""
    if not rows:
        return "<p>This run has kept no history.</p>"
    frozen = [row.epoch for row in rows if row.phase == "frozen"]
    border = float(max(frozen)) if frozen and len(frozen) < len(rows) else None
    loss = [
        Curve("training", "c1", [(row.epoch, row.train_loss) for row in rows]),
        Curve("validation", "c2", [(row.epoch, row.valid_loss) for row in rows]),
    ]
    accuracy = [Curve("validation accuracy", "c2", [(row.epoch, row.accuracy) for row in rows])]
    rate = [Curve("learning rate", "c1", [(row.epoch, row.lr) for row in rows])]
    kept = float(best) if best else None
    charts = (
        report_charts.curves("Loss", loss, lambda y: f"{y:.2g}", border, kept)
        + report_charts.curves("Accuracy", accuracy, lambda y: f"{100 * y:.4g} %", border, kept, from_zero=False)
        + report_charts.curves("Learning rate of the last layer", rate, lambda y: f"{y:.2g}", border, kept)
    )
    note = f"The vertical line is epoch {best}, whose network was kept." if best else ""
    seconds = sum(row.seconds for row in rows)
    told = f"{counted(len(rows), 'epoch')} in {duration(seconds)} of learning. {note}"
    return f'<p>{told}</p><div class="charts">{charts}</div>'


def confusion(evaluated: Evaluated) -> str:
    """The whole matrix where it can be read, and the pairs that are confused most."""
    if not evaluated.images:
        return "<p>There are no validation pictures.</p>"
    whole = len(evaluated.classes) <= MOST_IN_MATRIX
    matrix = _matrix(evaluated) if whole else ""
    note = "Rows: the actual class. Columns: what the network says. Strong colour: a large share of the row."
    text = note if whole else f"With {len(evaluated.classes)} classes the matrix is too large for a page."
    return f'<p class="soft">{text}</p><div class="side-by-side">{matrix}{_pairs(evaluated)}</div>'


def _matrix(evaluated: Evaluated) -> str:
    names = evaluated.classes
    small = " small" if len(names) > 14 else ""
    heads = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    rows = []
    for at, (name, row) in enumerate(zip(names, evaluated.confusion, strict=True)):
        total = sum(row)
        cells = "".join(_cell(count, total, at == column) for column, count in enumerate(row))
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        f'<div class="scroll"><table class="matrix{small}"><thead><tr><td></td>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(count: int, total: int, is_right: bool) -> str:
    share = count / total if total else 0.0
    strong = " strong" if share > 0.55 else ""
    kind = "right" if is_right else "wrong"
    veil = f'<i style="opacity:{0.12 + 0.88 * share:.2f}"></i>' if count else ""
    return f'<td class="{kind}{strong}">{veil}<b>{count or ""}</b></td>'


def _pairs(evaluated: Evaluated) -> str:
    names = evaluated.classes
    found = [
        (count, count / max(1, sum(row)), names[at], names[column])
        for at, row in enumerate(evaluated.confusion)
        for column, count in enumerate(row)
        if at != column and count
    ]
    found.sort(key=lambda pair: (-pair[0], -pair[1], pair[2], pair[3]))
    if not found:
        return "<p>No picture gets a wrong class.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(actual)}</th><td>{escape(said)}</td><td class="n">{count}</td>'
        f'<td class="n">{percent(share)}</td></tr>'
        for count, share, actual, said in found[:_MOST_PAIRS]
    )
    more = f"<caption>The {_MOST_PAIRS} most frequent of {len(found)}.</caption>" if len(found) > _MOST_PAIRS else ""
    heads = '<th scope="col">is</th><th scope="col">taken for</th><th class="n" scope="col">pictures</th>'
    return (
        f'<div><h3>Most confused pairs</h3><table>{more}<thead><tr>{heads}<th class="n" scope="col">of the class</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def classes(evaluated: Evaluated, train: Mapping[str, int]) -> str:
    """Precision, recall and F1 of each class, the worst first."""
    order = sorted(evaluated.classes, key=lambda name: (evaluated.per_class[name]["f1"], name))
    rows = "".join(_class_row(name, evaluated.per_class[name], train.get(name, 0)) for name in order)
    heads = "".join(
        f'<th class="n" scope="col">{text}</th>'
        for text in ("trained on", "validated on", "precision", "recall", "F1 score")
    )
    table = f'<table><thead><tr><th scope="col">class</th>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    if len(order) > _MOST_OPEN:
        table = f"<details><summary>All {len(order)} classes</summary>{table}</details>"
        worst = ", ".join(f"{escape(name)} ({percent(evaluated.per_class[name]['recall'])})" for name in order[:15])
        table = f"<p>Found least often (recall): {worst}.</p>{table}"
    return table


def _class_row(name: str, values: Mapping[str, float], train: int) -> str:
    cells = [f"{train:,}", f"{values['support']:,.0f}"]
    cells += [percent(values[key]) if values["support"] else "–" for key in ("precision", "recall", "f1")]
    numbers = "".join(f'<td class="n">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row">{escape(name)}</th>{numbers}</tr>'


def worst_pictures(shown: Sequence[tuple[Verdict, str, str]]) -> str:
    """The pictures with the highest losses.

    Args:
        shown: verdict, name of the file, and the `data:` address of a thumbnail; empty where it cannot be read.
    """
    if not shown:
        return "<p>There are no validation pictures.</p>"
    tiles = []
    for one, name, uri in shown:
        wrong = one.label != one.predicted
        picture = (
            f'<img src="{uri}" alt="{escape(name)}">' if uri else '<div class="missing">cannot be read any more</div>'
        )
        said = f"{escape(one.predicted)} {percent(one.probability)}"
        verdict = f"<b>{said}</b><br>is {escape(one.label)}" if wrong else f"<b>{said}</b><br>right, but unsure"
        tiles.append(
            f'<li class="{"wrong" if wrong else "right"}">{picture}<p>{verdict}</p><code>{escape(name)}</code></li>'
        )
    return f'<ul class="thumbs">{"".join(tiles)}</ul>'


def certainty(scored: Scored | None, calibration: Calibration | None) -> str:
    """How far the probabilities can be believed."""
    parts = []
    if scored is not None and len(scored.verdicts):
        sure = scored.probabilities.max(axis=1)
        right = np.array([one.label == one.predicted for one in scored.verdicts])
        bins = metrics.reliability(sure, right)
        error = metrics.expected_calibration_error(bins)
        points = [(one.confidence, one.accuracy, one.count) for one in bins if one.count]
        chart = report_charts.diagonal("Said and true", points, "A dot on the line: said as often as it is right.")
        parts.append(
            f"<p>Expected calibration error: {percent(error)}. So far apart are the probability that the network "
            "gives to its answer and the share of such answers that is right, on average. A dot below the line means "
            f'that it is too sure there; the larger the dot, the more pictures.</p><div class="charts">{chart}</div>'
        )
    if calibration is not None:
        parts.append(f"<p>{_calibrated(calibration)}</p>")
    return "".join(parts)


def _calibrated(found: Calibration) -> str:
    told = [f"Calibrated: the scores are divided by a temperature of {found.temperature:.3g}."]
    if found.error_before is not None and found.error_after is not None:
        told.append(
            f"On held-out pictures the expected calibration error went from {percent(found.error_before)} to "
            f"{percent(found.error_after)}."
        )
    if found.threshold > 0:
        told.append(
            f"Below a probability of {percent(found.threshold)} the answer is “none of these”, so that "
            f"{percent(found.coverage)} of the pictures of known classes are answered."
        )
        if found.reached is not None:
            told.append(f"Held-out pictures that were answered: {percent(found.reached)}.")
        if found.accuracy_answered is not None:
            told.append(f"Of those {percent(found.accuracy_answered)} were right.")
        if found.others and found.others_refused is not None:
            told.append(f"Of {counted(found.others, 'foreign picture')} {percent(found.others_refused)} got no answer.")
    return escape(" ".join(told))


def problems(found: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> str:
    """What is known of the data.

    Args:
        found: title, and names with reasons; a name may be empty.
    """
    if not any(rows for _, rows in found):
        return "<p>Nothing is known to be wrong with the data.</p>"
    parts = []
    for title, rows in found:
        if rows:
            items = "".join(
                f"<li>{f'<code>{escape(name)}</code> ' if name else ''}{escape(reason)}</li>"
                for name, reason in rows[:_MOST_LISTED]
            )
            more = f"<li>… and {len(rows) - _MOST_LISTED:,} more</li>" if len(rows) > _MOST_LISTED else ""
            parts.append(f"<h3>{escape(title)} ({len(rows):,})</h3><ul>{items}{more}</ul>")
    return "".join(parts)


def settings(found: Sequence[Setting], groups: Sequence[str]) -> str:
    """Settings by group, side by side."""
    parts = []
    for group in groups:
        rows = "".join(
            f'<tr><th scope="row">{escape(one.name)}</th><td>{escape(one.first)}</td></tr>'
            for one in found
            if one.group == group
        )
        if rows:
            parts.append(f"<div><h3>{escape(group)}</h3><table><tbody>{rows}</tbody></table></div>")
    return f'<div class="columns">{"".join(parts)}</div>'


STYLE = """
:root { --wrong: #b3261e; --c1: #7b74dc; --c2: #0b6b74; --on: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --wrong: #ff8a80; --c1: #a7a1f5; --c2: #57c5cc; --on: #06282b; } }
main > *, .top-line > *, .side-by-side > *, .columns > * { min-width: 0; }
.top-line { display: grid; grid-template-columns: auto 1fr; gap: 12px 44px; align-items: center; }
.big { font-size: 4rem; line-height: 1; font-weight: 600; letter-spacing: -.03em; margin: 0;
  font-variant-numeric: tabular-nums; }
.scale-bar { position: relative; height: 14px; border-radius: 7px; background: var(--raised); margin: 6px 0 10px; }
.scale-bar i { position: absolute; top: 0; bottom: 0; border-radius: 7px; }
.scale-bar .span { background: var(--accent); opacity: .35; }
.scale-bar .mark { width: 4px; margin-left: -2px; top: -4px; bottom: -4px; background: var(--accent); }
.finding { border-left: 4px solid var(--accent); padding: 2px 0 2px 16px; margin: 0 0 14px; }
.finding.warning { border-color: var(--wrong); } .finding p { margin: 0; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 26px 30px; }
.chart { max-width: 560px; } .chart svg { display: block; width: 100%; height: auto; }
.chart text { font: 400 12px Inter, "Segoe UI", system-ui, sans-serif; fill: var(--soft); }
.chart .value { text-anchor: end; } .chart .note { paint-order: stroke; stroke: var(--paper); stroke-width: 5px; }
 .chart .axis { text-anchor: middle; }
.chart .grid { stroke: var(--line); } .chart .edge { stroke: var(--soft); stroke-dasharray: 4 4; }
.chart .best { stroke: var(--soft); stroke-width: 1.5; }
.chart polyline { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.chart .c1 { stroke: var(--c1); } .chart .c2 { stroke: var(--c2); }
.chart .point.c1 { fill: var(--c1); } .chart .point.c2 { fill: var(--c2); }
.chart .dot { fill: var(--accent); fill-opacity: .75; }
.keys { min-height: 1.5em; margin: 0 0 4px; color: var(--soft); font-size: .88rem; } .keys span { margin-right: 18px; }
.keys i { display: inline-block; width: 18px; height: 4px; border-radius: 2px; margin-right: 7px; vertical-align: 3px; }
.keys .c1 { background: var(--c1); } .keys .c2 { background: var(--c2); }
.side-by-side { display: grid; grid-template-columns: minmax(0, auto) minmax(260px, 1fr); gap: 24px 44px; }
.matrix { width: auto; border-collapse: separate; border-spacing: 2px; }
.matrix th, .matrix td { border: 0; padding: 0; }
.matrix tbody th { vertical-align: middle; padding-right: 10px; max-width: 11em;
  overflow: hidden; text-overflow: ellipsis; }
.matrix tbody td { position: relative; width: 44px; min-width: 44px; height: 36px; text-align: center;
  vertical-align: middle; background: var(--raised); border-radius: 4px; overflow: hidden; }
.matrix i { position: absolute; inset: 0; } .matrix .right i { background: var(--accent); }
.matrix .wrong i { background: var(--wrong); } .matrix b { position: relative; font-weight: 600; }
.matrix .strong b { color: var(--on); }
.matrix thead th { vertical-align: bottom; text-align: center; }
.matrix thead span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9em; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; display: inline-block; padding-top: 6px; line-height: 1.2; }
.matrix.small { font-size: .72rem; } .matrix.small tbody td { width: 26px; min-width: 26px; height: 22px; }
.thumbs { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 18px 14px; margin: 0;
  padding: 0; list-style: none; }
.thumbs img, .missing { width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--raised);
  border-radius: 6px; }
.missing { display: grid; place-items: center; text-align: center; color: var(--soft); font-size: .8rem; }
.thumbs p { margin: 6px 0 0; font-size: .88rem; line-height: 1.35; overflow-wrap: anywhere; }
.thumbs .wrong b { color: var(--wrong); } .thumbs code { font-size: .74rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(225px, 1fr)); gap: 24px 36px; }
.columns th { white-space: normal; width: 46%; font-weight: 400; color: var(--soft); }
.columns td { overflow-wrap: anywhere; }
pre { background: var(--raised); border-radius: 8px; padding: 14px 16px; overflow-x: auto; white-space: pre-wrap; }
pre code { color: var(--ink); }
@media (max-width: 820px) { .side-by-side, .top-line { grid-template-columns: minmax(0, 1fr); } }
@media print { :root { --wrong: #b3261e; --c1: #7b74dc; --c2: #0b6b74; --on: #ffffff; }
  .charts { grid-template-columns: 1fr 1fr; gap: 5mm; } .thumbs { grid-template-columns: repeat(6, 1fr); gap: 4mm; }
  .thumbs li, .finding { break-inside: avoid; } .matrix tbody td { width: 30px; min-width: 30px; height: 24px; }
  .matrix.small tbody td { width: 17px; min-width: 17px; height: 15px; } .matrix.small { font-size: 5.5pt; }
  .columns { grid-template-columns: 1fr 1fr; } .top-line { grid-template-columns: auto 1fr; }
  #worst { break-before: page; } }
"""
