"""What all HTML reports have in common: style, the shell of the document, facts and the words that are explained.

A report needs no network and no script, shows itself light or dark as the reader's system does, and prints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path

from deskclassify import __version__
from deskclassify.core import glossary
from deskclassify.core.errors import InputError

_SUFFIXES = (".html", ".htm")

STYLE = """
:root { --ground: #f4f6f7; --paper: #ffffff; --raised: #eaeef0; --line: #d5dce0; --ink: #182126; --soft: #53616a;
  --accent: #0b6b74; --accent-soft: #d9eef0; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ground: #13181b; --paper: #1b2226; --raised: #263036;
  --line: #38454c; --ink: #e7edf0; --soft: #a3b1b9; --accent: #57c5cc; --accent-soft: #1d3e42; } }
* { box-sizing: border-box; }
html { font: 16px/1.55 Inter, "Segoe UI", system-ui, -apple-system, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 2.1rem; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 8px; }
h3 { font-size: 1.08rem; margin: 0 0 4px; }
h4 { font-size: .92rem; margin: 0; }
p { margin: 0 0 12px; max-width: 74ch; }
figure { margin: 0; }
img { display: block; max-width: 100%; }
a { color: var(--accent); }
code { font: .86em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; color: var(--soft);
  overflow-wrap: anywhere; }
.over { color: var(--accent); font-weight: 600; font-size: .82rem; letter-spacing: .06em; text-transform: uppercase;
  margin: 0 0 6px; }
.soft, figcaption, caption { color: var(--soft); font-size: .88rem; }
section, header.top { background: var(--paper); border: 1px solid var(--line); border-radius: 12px;
  padding: 28px 32px; margin: 0 0 22px; }
.says { font-size: 1.3rem; line-height: 1.35; margin-bottom: 12px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(132px, 1fr)); gap: 10px 20px;
  margin: 20px 0 0; padding: 16px 0 0;
  border-top: 1px solid var(--line); }
.facts div { min-width: 88px; } .facts dt { color: var(--soft); font-size: .8rem; }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 6px; }
th { text-align: left; font-weight: 600; color: var(--soft); }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; } td.n { white-space: nowrap; } tbody th { color: var(--ink); white-space: nowrap; }
.bars td, .bars th { border: 0; padding: 5px 12px 5px 0; vertical-align: middle; }
.bars th { font-weight: 400; white-space: normal; min-width: 6em; max-width: 14em; color: var(--soft);
  overflow-wrap: anywhere; }
.bars td.track { width: 60%; } .bars tr.answer th, .bars tr.answer td { color: var(--ink); font-weight: 600; }
.bar { height: 12px; border-radius: 6px; background: var(--raised); overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 6px; background: var(--accent); min-width: 2px; }
nav ol { margin: 0; padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: 6px 20px; font-size: .92rem; }
.scroll { overflow-x: auto; }
details summary { cursor: pointer; font-weight: 600; } details table { margin-top: 14px; font-size: .84rem; }
dl.words { columns: 2; column-gap: 36px; margin: 12px 0 0; font-size: .9rem; }
dl.words div { break-inside: avoid; margin-bottom: 10px; } dl.words dt { font-weight: 600; }
dl.words dd { margin: 0; color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; }
@media (max-width: 820px) { section, header.top { padding: 20px 18px; } dl.words { columns: 1; } }
@media print { :root { --ground: #fff; --paper: #fff; --raised: #eaeef0; --line: #d5dce0; --ink: #182126;
  --soft: #53616a; --accent: #0b6b74; --accent-soft: #d9eef0; color-scheme: light; }
  @page { size: A4; margin: 14mm 13mm; }
  html { font-size: 10.5pt; } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { padding: 0; max-width: none; }
  section, header.top { border: 0; border-radius: 0; padding: 0; margin: 0 0 18px; }
  th, td { padding: 3px 10px 3px 0; } figure, tr { break-inside: avoid; }
  h2, h3, h4, caption { break-after: avoid; } .scroll { overflow: visible; } dl.words { columns: 2; }
  nav { display: none; } }
"""


def check_target(target: Path) -> None:
    """Refuse what is no name of an HTML file.

    Raises:
        InputError: it is a folder, or ends differently.
    """
    if target.is_dir():
        raise InputError(f"“{target}” is a folder. Give the name of an HTML file, as in {target.name}/report.html.")
    if target.suffix.lower() not in _SUFFIXES:
        raise InputError(f"A report is an HTML file, and “{target.name}” does not end in .html. Give it that ending.")


def document(title: str, style: str, body: str, created: str = "") -> str:
    """The whole document.

    Args:
        title: plain text.
        style: what comes after `STYLE`.
        body: HTML, the sections.
        created: the day, as it is to be read; may be empty.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="deskclassify {__version__}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n"
        f"<footer><p>Made with deskclassify {__version__}{', ' + escape(created) if created else ''}. "
        "This file holds all its pictures; nothing is loaded from elsewhere.</p></footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def facts(values: Mapping[str, str]) -> str:
    """Names and values side by side; empty values are left out."""
    rows = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in values.items() if value)
    return f'<dl class="facts">{rows}</dl>'


def words(body: str) -> str:
    """A section with the words of the glossary that the document uses."""
    text = unescape(re.sub(r"<[^>]*>", " ", body))
    rows = "".join(
        f"<div><dt>{escape(term[:1].upper() + term[1:])}</dt><dd>{escape(glossary.explain(term))}</dd></div>"
        for term in sorted(glossary.terms_in(text), key=str.casefold)
    )
    return f'<section id="words"><h2>The words</h2><dl class="words">{rows}</dl></section>'
