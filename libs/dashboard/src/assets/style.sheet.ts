import { TEXTS } from '../texts.js';

const { columns } = TEXTS;

/** Labels of the cells of the overview on a narrow screen. In its rows they would make the page too large. */
const LABELS = {
  '[data-bind=updated]': columns.updated,
  '[data-bind=rowsPerSecond]': columns.rate,
  '[data-bind=remainingMs]': columns.left,
  '[data-bind=quarantined]': columns.quarantined,
  '.targets-done': columns.targets,
  '[data-bind=waitingFor]': columns.waiting,
} as const;
const LABEL_RULES = Object.entries(LABELS)
  .map(
    ([cell, label]) =>
      `  .stacked td${cell}::before { content: ${JSON.stringify(`${label}: `)}; color: var(--muted); }`,
  )
  .join('\n');

/** Colours have a contrast of at least 4.5 to 1 on their backgrounds, in light and in dark. */
export const STYLE = `:root {
  color-scheme: light dark;
  --text: #1b1f24; --back: #ffffff; --soft: #f2f4f7; --line: #c5ccd6; --link: #0a4fb3; --muted: #4a5463;
  --good: #12632e; --bad: #a4161a; --warn: #7a4a00; --warn-back: #fff4dc; --busy: #0a4fb3; --button: #0a4fb3; --on-button: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e8ebf0; --back: #14171c; --soft: #1f242c; --line: #48515f; --link: #8fbaff; --muted: #b3bccb;
    --good: #7fd99a; --bad: #ff9c9c; --warn: #ffcf70; --warn-back: #33280f; --busy: #8fbaff; --button: #8fbaff; --on-button: #10131a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
header { display: flex; flex-wrap: wrap; gap: .5rem 2rem; justify-content: space-between; padding: .75rem 1.25rem; background: var(--soft); border-bottom: 1px solid var(--line); }
header p { margin: 0; }
main { max-width: 80rem; margin: 0 auto; padding: 0 1.25rem 4rem; }
main:focus { outline: none; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; background: var(--back); padding: .5rem 1rem; }
.skip:focus { left: .5rem; top: .5rem; z-index: 1; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 0; }
.visitor, small, .calm { color: var(--muted); }
.attention { border-left: .4rem solid var(--warn); background: var(--warn-back); padding: .6rem 1rem; overflow-wrap: anywhere; white-space: pre-line; }
section.attention { white-space: normal; } .attention h2 { margin: 0; } .attention ul { margin: .3rem 0; padding-left: 1.2rem; }
.done { border-left: .4rem solid var(--good); background: var(--soft); padding: .6rem 1rem; }
.phases { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem; padding: 0; list-style-position: inside; }
.phases li { background: var(--soft); padding: .75rem 1rem; border: 1px solid var(--line); }
.phases li li { border: 0; padding: 0; overflow-wrap: anywhere; } .phases h3 { display: inline; } .phases p { margin: .25rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; min-width: 4.5rem; }
thead th { background: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; min-width: 12rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.breaks-never { white-space: nowrap; } .breaks-late { min-width: 10rem; }
.status { white-space: nowrap; font-weight: 600; }
.complete { color: var(--good); } .failed { color: var(--bad); } .running { color: var(--busy); }
.paused, .cancelled, .incomplete { color: var(--warn); } .status.pending { color: var(--muted); }
progress { width: 6rem; vertical-align: middle; }
.state progress { width: min(30rem, 70%); height: 1.2rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: .5rem 1.5rem; }
.facts dt { color: var(--muted); font-size: .85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1rem 0; }
.button { display: inline-block; padding: .6rem 1.1rem; min-height: 2.75rem; border: 0; border-radius: .3rem; font: inherit; text-decoration: none; cursor: pointer; background: var(--button); color: var(--on-button); }
.button.cancel { background: var(--back); color: var(--bad); border: 2px solid var(--bad); }
input, select, textarea, button { font: inherit; color: var(--text); background: var(--back); border: 1px solid var(--muted); padding: .3rem .5rem; max-width: 100%; min-height: 2.5rem; }
input, textarea { width: 32rem; }
input[type=checkbox], input[type=radio] { width: 1.5rem; min-height: 1.5rem; vertical-align: middle; }
fieldset { border: 1px solid var(--line); margin: 1rem 0; padding: 0 1rem; }
input[type=search] { width: 16rem; }
pre { overflow-x: auto; background: var(--soft); padding: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
figure { margin: 0; } figcaption, .chart-title { color: var(--muted); margin: .3rem 0; }
svg { width: 100%; height: 8rem; background: var(--soft); border-bottom: 1px solid var(--line); }
polyline { fill: none; stroke: var(--busy); stroke-width: 2; vector-effect: non-scaling-stroke; }
.held { fill: var(--warn); fill-opacity: .35; } .held-key { color: var(--warn); }
.targets { max-height: 20rem; overflow: auto; }
.paging { margin: 1rem 0; }
@media (max-width: 40rem) {
  .phases { gap: .25rem; } .phases > li { padding: .35rem .75rem; } .phases > li > p { display: inline; margin-left: .5rem; }
  h2 { margin-top: 1rem; }
  .stacked thead { position: absolute; left: -100rem; }
  .stacked, .stacked tbody, .stacked tr, .stacked td, .stacked tbody th { display: block; }
  .stacked tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .stacked td, .stacked tbody th { border: 0; padding: .1rem .25rem; min-width: 0; text-align: left; }
  .stacked td:empty { display: none; }
  .stacked td[data-label]::before { content: attr(data-label) ": "; color: var(--muted); }
${LABEL_RULES}
  input, textarea { width: 100%; } input[type=checkbox], input[type=radio] { width: 1.5rem; }
}
`;
