/** The style sheet of the HTML report. */
import { RUN_COLOURS } from './palette.js';

function runVariables(scheme: 'light' | 'dark'): string {
  return RUN_COLOURS.map((colour, run) => `--run-${run}: ${colour[scheme]};`).join(' ');
}

/** Tables scroll inside `.scroll`; the page itself never scrolls sideways. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1d1f; --faint: #5b6067; --rule: #d9dce0; --tint: #eceff2; ${runVariables('light')} }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e6e7e9; --faint: #a2a8b0; --rule: #3a3e44; --tint: #262a30; ${runVariables('dark')} }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 40px 0 8px; }
p { margin: 0 0 12px; max-width: 72ch; overflow-wrap: anywhere; }
.faint, figcaption, .note { color: var(--faint); font-size: 0.875rem; }
.note { margin-top: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 20px 0 8px; padding: 0; list-style: none; }
.legend li { display: flex; align-items: center; gap: 8px; overflow-wrap: anywhere; }
.legend svg { flex: none; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 360px), 1fr)); gap: 16px 24px; }
figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; }
.scroll { width: fit-content; min-width: min(100%, 480px); max-width: 100%; overflow-x: auto; border-top: 2px solid var(--rule); border-bottom: 2px solid var(--rule); }
.scroll:focus-visible { outline: 2px solid var(--run-0); }
.tall { max-height: 480px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 5px 12px; text-align: right; white-space: nowrap; vertical-align: top; font-weight: normal; }
th[scope="row"], th[scope="rowgroup"], thead th:first-child { position: sticky; left: 0; background: var(--paper); padding-left: 4px; }
thead th { color: var(--faint); border-bottom: 1px solid var(--rule); }
tbody + tbody tr:first-child > * { border-top: 1px solid var(--rule); }
th[scope="row"], th[scope="rowgroup"], .left { text-align: left; }
th[scope="row"], th[scope="rowgroup"] { font-weight: 600; }
.differs td { background: var(--tint); }
code { font: 0.85rem ui-monospace, Menlo, Consolas, monospace; }
summary { cursor: pointer; margin: 40px 0 8px; font-size: 1.15rem; font-weight: 700; }
`;
