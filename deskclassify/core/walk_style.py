"""How the report of a walk looks: on the screen, light and dark, and on paper."""

from __future__ import annotations

from deskclassify.core.colormap import table

_STOPS = ", ".join("#" + bytes(table("viridis")[at]).hex() for at in range(0, 256, 51))

STYLE = (
    """
:root { --ground: #f4f6f7; --paper: #ffffff; --raised: #eaeef0; --line: #d5dce0; --ink: #182126; --soft: #53616a;
  --accent: #0b6b74; --accent-soft: #d9eef0; --trained: #0b6b74; --lid: #4f9aa1; --side: #07474d; --frozen: #b9c6cc;
  --hatch: #8b9aa2; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ground: #13181b; --paper: #1b2226; --raised: #263036;
  --line: #38454c; --ink: #e7edf0; --soft: #a3b1b9; --accent: #57c5cc; --accent-soft: #1d3e42; --trained: #3aa3ab;
  --lid: #7fd3d9; --side: #23737a; --frozen: #4b5a62; --hatch: #76868f; } }
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
.hero { display: grid; grid-template-columns: fit-content(42%) 1fr; gap: 40px; align-items: start; margin-top: 18px; }
.hero .photo { width: auto; height: auto; max-width: 100%; max-height: 400px; border-radius: 8px; }
main, .hero > *, .look > *, .pair > * { min-width: 0; }
.says { font-size: 1.3rem; line-height: 1.35; margin-bottom: 12px; }
.inset { display: flex; gap: 12px; align-items: center; margin-top: 12px; }
.inset img { width: 72px; height: 72px; border-radius: 6px; flex: none; }
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
svg.plan { display: block; width: 100%; min-width: 720px; height: auto; margin: 4px 0 14px; }
svg.plan text { font: 400 12.5px Inter, "Segoe UI", system-ui, sans-serif; }
.plan-strong { fill: var(--ink); font-weight: 600 !important; } .plan-soft { fill: var(--soft); }
.plan-floor { stroke: var(--line); stroke-width: 1.5; }
polygon { stroke: var(--paper); stroke-width: 1.2; stroke-linejoin: round; }
.plan-trained { fill: var(--trained); } .plan-trained.plan-lid { fill: var(--lid); }
.plan-trained.plan-side { fill: var(--side); }
.plan-unknown { fill: var(--raised); } polygon.plan-unknown { stroke: var(--hatch); }
.plan-frozen { fill: var(--frozen); } polygon.plan-frozen { fill: url(#frozen); }
.plan-hatch { stroke: var(--hatch); stroke-width: 1.6; } .plan-answer { fill: var(--accent); }
.key { display: inline-block; width: 14px; height: 14px; border-radius: 3px; vertical-align: -2px; margin-right: 6px; }
.key.t { background: var(--trained); }
.key.u { background: var(--raised); border: 1px solid var(--hatch); }
.key.f { background: repeating-linear-gradient(45deg, var(--hatch) 0 1.5px, var(--frozen) 1.5px 4.5px); }
.chapter > header { margin-bottom: 20px; }
.stage { border-top: 1px solid var(--line); padding-top: 20px; margin-top: 24px; }
.look { display: grid; grid-template-columns: 252px 1fr; gap: 28px; margin-top: 14px; align-items: start; }
.look .over-picture { position: sticky; top: 24px; }
.look .over-picture img { width: 100%; height: auto; border-radius: 8px; }
.over-picture figcaption, .pair figcaption { margin-top: 8px; }
.sheet { margin-bottom: 18px; } .sheet > figcaption { margin-bottom: 8px; color: var(--soft); }
.sheet > figcaption h4 { color: var(--ink); }
.tiles { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 8px; margin: 0; padding: 0;
  list-style: none; }
.tiles img { width: 100%; height: auto; aspect-ratio: 1; border-radius: 4px; image-rendering: pixelated; }
.tiles span { display: flex; justify-content: space-between; gap: 4px; font-size: .7rem; line-height: 1.5;
  color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; }
.tiles b { color: var(--ink); }
.kernels { grid-template-columns: repeat(16, minmax(0, 1fr)); gap: 5px; } .kernels img { border-radius: 3px; }
.scale { display: inline-block; width: 90px; height: 9px; border-radius: 5px; vertical-align: 0; margin: 0 6px;
  background: linear-gradient(90deg, """
    + _STOPS
    + """); }
.pair { display: grid; grid-template-columns: 1fr 1fr minmax(180px, .8fr); gap: 24px; margin: 14px 0 0; }
.pair img { width: 100%; height: auto; border-radius: 8px; }
details summary { cursor: pointer; font-weight: 600; } details table { margin-top: 14px; font-size: .84rem; }
dl.words { columns: 2; column-gap: 36px; margin: 12px 0 0; font-size: .9rem; }
dl.words div { break-inside: avoid; margin-bottom: 10px; } dl.words dt { font-weight: 600; }
dl.words dd { margin: 0; color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; }
@media (max-width: 820px) { .hero, .look, .pair { grid-template-columns: 1fr; } .pair figure { max-width: 420px; }
  .look .over-picture { position: static; max-width: 320px; }
  .tiles { grid-template-columns: repeat(4, minmax(0, 1fr)); } .tiles span { flex-wrap: wrap; }
  .kernels { grid-template-columns: repeat(8, minmax(0, 1fr)); } section, header.top { padding: 20px 18px; }
  dl.words { columns: 1; } }
@media print { :root { --ground: #fff; --paper: #fff; --raised: #eaeef0; --line: #d5dce0; --ink: #182126;
  --soft: #53616a; --accent: #0b6b74; --accent-soft: #d9eef0; --trained: #0b6b74; --lid: #4f9aa1; --side: #07474d;
  --frozen: #b9c6cc; --hatch: #8b9aa2; color-scheme: light; }
  @page { size: A4; margin: 14mm 13mm; }
  html { font-size: 10.5pt; } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  main { padding: 0; max-width: none; }
  section, header.top { border: 0; border-radius: 0; padding: 0; margin: 0 0 18px; }
  .hero { grid-template-columns: fit-content(44%) 1fr; } .hero .photo { max-height: 62mm; }
  .look .over-picture { position: static; } th, td { padding: 3px 10px 3px 0; }
  .look { grid-template-columns: 44mm 1fr; gap: 6mm; }
  .tiles { grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .kernels { grid-template-columns: repeat(16, minmax(0, 1fr)); }
  .chapter, .why { break-before: page; } .stage, .sheet, #answer, figure, tr { break-inside: avoid; }
  h2, h3, h4, caption { break-after: avoid; } svg.plan { min-width: 0; } .scroll { overflow: visible; }
  .pair { grid-template-columns: 1fr 1fr .8fr; gap: 6mm; } dl.words { columns: 2; }
  nav, #layers { display: none; } }
"""
)
