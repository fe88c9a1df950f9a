"""How the report of a walk looks beyond what all reports share: on the screen, light and dark, and on paper."""

from __future__ import annotations

from deskclassify.core.colormap import table

_STOPS = ", ".join("#" + bytes(table("viridis")[at]).hex() for at in range(0, 256, 51))

STYLE = (
    """
:root { --trained: #0b6b74; --lid: #4f9aa1; --side: #07474d; --frozen: #b9c6cc; --hatch: #8b9aa2; }
@media (prefers-color-scheme: dark) { :root { --trained: #3aa3ab; --lid: #7fd3d9; --side: #23737a; --frozen: #4b5a62;
  --hatch: #76868f; } }
.hero { display: grid; grid-template-columns: fit-content(42%) 1fr; gap: 40px; align-items: start; margin-top: 18px; }
.hero .photo { width: auto; height: auto; max-width: 100%; max-height: 400px; border-radius: 8px; }
main, .hero > *, .look > *, .pair > * { min-width: 0; }
.inset { display: flex; gap: 12px; align-items: center; margin-top: 12px; }
.inset img { width: 72px; height: 72px; border-radius: 6px; flex: none; }
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
@media (max-width: 820px) { .hero, .look, .pair { grid-template-columns: 1fr; } .pair figure { max-width: 420px; }
  .look .over-picture { position: static; max-width: 320px; }
  .tiles { grid-template-columns: repeat(4, minmax(0, 1fr)); } .tiles span { flex-wrap: wrap; }
  .kernels { grid-template-columns: repeat(8, minmax(0, 1fr)); } }
@media print { :root { --trained: #0b6b74; --lid: #4f9aa1; --side: #07474d; --frozen: #b9c6cc; --hatch: #8b9aa2; }
  .hero { grid-template-columns: fit-content(44%) 1fr; } .hero .photo { max-height: 62mm; }
  .look .over-picture { position: static; }
  .look { grid-template-columns: 44mm 1fr; gap: 6mm; }
  .tiles { grid-template-columns: repeat(6, minmax(0, 1fr)); }
  .kernels { grid-template-columns: repeat(16, minmax(0, 1fr)); }
  .chapter, .why { break-before: page; } .stage, .sheet, #answer { break-inside: avoid; }
  svg.plan { min-width: 0; } .pair { grid-template-columns: 1fr 1fr .8fr; gap: 6mm; }
  #layers { display: none; } }
"""
)
