/** The style sheet of the page. */
import { RUN_COLOURS } from '../plots/palette.js';

type Scheme = 'light' | 'dark';

const COLOURS: Readonly<Record<Scheme, string>> = {
  light:
    '--paper: #fff; --ink: #1c1d1f; --faint: #5b6067; --rule: #d9dce0; --tint: #eef1f4; --link: #005a8f; --right: #0d6e5c; --low: #000; --high: #fff; --wrong: #b3450a; --warn: #fff4e0;',
  dark: '--paper: #16181b; --ink: #e6e7e9; --faint: #a2a8b0; --rule: #3a3e44; --tint: #24282d; --link: #7cc4f4; --right: #45c4a8; --low: #fff; --high: #000; --wrong: #f0905a; --warn: #3a2f1a;',
};

function variables(scheme: Scheme): string {
  const runs = RUN_COLOURS.map((colour, run) => `--run-${run}: ${colour[scheme]};`).join(' ');
  return `color-scheme: ${scheme}; ${COLOURS[scheme]} ${runs}`;
}

/** Per cent of the colour of "all right" in a shade. */
const SHARES = [0, 12, 24, 36, 48, 60, 75, 88, 100] as const;
/** The ink of each shade: whichever of black and white has contrast enough on it, in light and in dark. */
const INKS = [
  'var(--faint)',
  ...Array<string>(5).fill('var(--low)'),
  '#000',
  ...Array<string>(2).fill('var(--high)'),
] as const;

const SHADE_RULES = SHARES.map(
  (share, shade) =>
    `.shade-${shade} { background: color-mix(in oklab, var(--right) ${share}%, var(--tint)); color: ${INKS[shade]}; }`,
).join('\n');

const UNDERLINES = RUN_COLOURS.map(
  (_, run) => `.cell:is(${cellsOfColour(run)}) { border-bottom-color: var(--run-${run}); }`,
).join('\n');

/** Runs beyond the palette share its colours; 24 runs are more than a page can show. */
function cellsOfColour(colour: number): string {
  return Array.from({ length: 4 }, (_, turn) => `.run-${colour + turn * RUN_COLOURS.length}`).join(', ');
}

/** Tables scroll inside `.scroll`; the page itself never scrolls sideways. */
export const STYLE = `
:root { ${variables('light')} }
@media (prefers-color-scheme: dark) { :root:not([data-scheme="light"]) { ${variables('dark')} } }
:root[data-scheme="dark"] { ${variables('dark')} }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 56px; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 24px 0 8px; }
summary { cursor: pointer; }
summary h2 { display: inline-block; margin: 20px 0 8px; }
summary::marker { color: var(--faint); font-size: 0.8rem; }
p { margin: 0 0 12px; max-width: 78ch; overflow-wrap: anywhere; }
a { color: var(--link); }
.top { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px; }
.faint, figcaption, .note { color: var(--faint); font-size: 0.875rem; }
.note { margin-top: 8px; }
.warning { background: var(--warn); border-left: 3px solid var(--wrong); padding: 8px 12px; font-size: 0.9rem; }
nav { position: sticky; top: 0; z-index: 2; display: flex; gap: 4px; margin: 8px -16px 16px; padding: 8px 16px; overflow-x: auto; background: var(--paper); border-bottom: 1px solid var(--rule); }
nav a { padding: 3px 10px; border-radius: 999px; text-decoration: none; white-space: nowrap; }
nav a:hover { background: var(--tint); }
section { padding-bottom: 16px; border-bottom: 1px solid var(--rule); }
section:last-child { border-bottom: 0; }
button, select { font: inherit; color: inherit; background: var(--tint); border: 1px solid var(--rule); border-radius: 6px; padding: 4px 10px; cursor: pointer; }
button:disabled { opacity: 0.4; cursor: default; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
#scheme { flex: none; width: 38px; height: 34px; padding: 0; font-size: 1.1rem; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 16px 0 8px; padding: 0; list-style: none; font-size: 0.9rem; }
.legend li { display: flex; align-items: center; gap: 8px; overflow-wrap: anywhere; }
.legend svg { flex: none; }
.board { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 4px 32px; align-items: start; }
.board > * { min-width: 0; }
.wide { grid-column: 1 / -1; }
figure { margin: 16px 0 0; max-width: 504px; }
figure svg { display: block; width: 100%; height: auto; }
.scroll { width: fit-content; min-width: min(100%, 480px); max-width: 100%; overflow-x: auto; border-top: 2px solid var(--rule); border-bottom: 2px solid var(--rule); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 5px 12px; text-align: right; white-space: nowrap; vertical-align: top; font-weight: normal; }
th[scope="row"], th[scope="rowgroup"], thead th:first-child { position: sticky; left: 0; background: var(--paper); padding-left: 4px; }
thead th { color: var(--faint); border-bottom: 1px solid var(--rule); }
tbody + tbody tr:first-child > * { border-top: 1px solid var(--rule); }
th[scope="row"], th[scope="rowgroup"], .left { text-align: left; }
th[scope="row"], th[scope="rowgroup"] { font-weight: 600; }
.differs td { background: var(--tint); }
code, pre { font: 0.85rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.heat { columns: calc(104px + var(--runs) * 52px); column-gap: 28px; overflow-x: auto; padding: 4px; }
.row { display: flex; align-items: center; gap: 4px; height: 30px; min-width: calc(76px + var(--runs) * 52px); break-inside: avoid; }
.id { flex: 1 1 0; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 0.85rem; }
.cell { flex: none; width: 48px; height: 26px; padding: 0; border: 0; border-bottom: 3px solid; border-radius: 4px; font-size: 0.8rem; font-variant-numeric: tabular-nums; }
.cell:hover { filter: brightness(1.08); }
.none { background: none; color: var(--faint); }
${SHADE_RULES}
${UNDERLINES}
dialog { width: min(920px, calc(100vw - 32px)); height: min(860px, calc(100dvh - 32px)); max-width: none; max-height: none; padding: 0; border: 1px solid var(--rule); border-radius: 10px; background: var(--paper); color: var(--ink); }
dialog::backdrop { background: rgb(0 0 0 / 0.5); }
.viewer { display: flex; flex-direction: column; height: 100%; padding: 14px 18px; gap: 8px; }
.viewer header { display: flex; justify-content: space-between; gap: 12px; }
.viewer h2 { font-size: 1.15rem; margin: 0; overflow-wrap: anywhere; }
.viewer p { margin: 0; }
.buttons { display: flex; flex: none; gap: 6px; align-items: flex-start; }
.buttons button { width: 34px; height: 34px; padding: 0; font-size: 1.2rem; line-height: 1; }
#viewer-problem { max-height: 30%; overflow: auto; flex: none; }
#viewer-problem-text { white-space: pre-wrap; }
#viewer-problem summary { color: var(--faint); font-size: 0.875rem; }
.tabs { display: flex; flex-wrap: wrap; gap: 4px; flex: none; max-height: 96px; overflow: auto; padding: 3px; }
.tabs button { padding: 2px 9px; font-size: 0.85rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tabs [aria-selected="true"] { box-shadow: inset 0 0 0 2px currentColor; font-weight: 600; }
.tabs .right { color: var(--right); }
.tabs .wrong { color: var(--wrong); }
.tabs .silent, .tabs .cancelled { color: var(--faint); }
#viewer-panel { flex: 1 1 auto; min-height: 0; overflow: auto; padding: 10px 12px; border: 1px solid var(--rule); border-radius: 8px; }
#viewer-panel p { max-width: none; }
#viewer-panel pre { margin: 8px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; unicode-bidi: plaintext; }
mark { padding: 1px 3px; border-radius: 3px; color: inherit; background: color-mix(in oklab, var(--wrong) 28%, var(--paper)); outline: 1px solid var(--wrong); }
mark.right { background: color-mix(in oklab, var(--right) 28%, var(--paper)); outline-color: var(--right); }
.gap { display: block; margin: 8px 0; color: var(--faint); font-style: italic; }
.samples { margin-top: 8px; }
.samples h3 { font-size: 0.95rem; margin: 16px 0 4px; overflow-wrap: anywhere; }
.samples .problem { white-space: pre-wrap; }
.samples details { margin: 2px 0; }
.samples details summary { font-size: 0.9rem; font-variant-numeric: tabular-nums; }
.samples pre { margin: 6px 0 12px; padding: 8px 12px; max-height: 60vh; overflow: auto; background: var(--tint); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; unicode-bidi: plaintext; }
.samples .right { color: var(--right); }
.samples .wrong { color: var(--wrong); }
@media (max-width: 560px) {
  dialog { width: 100vw; height: 100dvh; border: 0; border-radius: 0; }
  .viewer { padding: 10px 12px; }
  th, td { padding: 5px 8px; }
  .heat { max-height: 80vh; overflow-y: auto; }
}
@media print { nav, #scheme, #heat-controls { display: none; } }
`;
