/** Problems by runs: a cell a pair, in a stronger colour where more of its samples are right. */
import type { Score } from '../../score/score.js';
import { ABSENT } from '../format.js';
import { escapeHtml } from './escape.js';

/** Shades between "none right" and "all right"; a reader tells no more of them apart. */
const SHADES = 8;

interface HeatRow {
  readonly id: string;
  /** Position in `ids`. */
  readonly problem: number;
  readonly cells: readonly HeatCell[];
  /** Mean share of right samples over the runs that have any. */
  readonly share: number;
  /** Largest difference of that share between two runs. */
  readonly gap: number;
}

interface HeatCell {
  readonly text: string;
  /** 0 to `SHADES`; `null` without samples. */
  readonly shade: number | null;
}

/** The map, hardest problems first. `ids` are in the order by which the page numbers them. */
export function heatMap(scores: readonly Score[], labels: readonly string[], ids: readonly string[]): string {
  const rows = heatRows(scores, ids);
  const byHardness = rankOf(rows, (row) => row.share);
  const byGap = rankOf(rows, (row) => -row.gap);
  const drawn = [...rows]
    .sort((a, b) => byHardness.get(a)! - byHardness.get(b)!)
    .map((row) => {
      const ranks = `data-hardness="${byHardness.get(row)}" data-gap="${byGap.get(row)}" data-problem="${row.problem}"`;
      const cells = row.cells.map((cell, run) => drawCell(cell, run, `${row.id}, ${labels[run]}`));
      return `<div class="row" role="row" ${ranks}><span class="id" role="rowheader" title="${escapeHtml(row.id)}">${escapeHtml(row.id)}</span>${cells.join('')}</div>`;
    });
  const options = [
    ['hardness', 'hardest first'],
    ...(scores.length > 1 ? [['gap', 'where runs differ most']] : []),
    ['problem', 'by name'],
  ].map(([value, text]) => `<option value="${value}">${text}</option>`);
  return `<p id="heat-controls" hidden><label>Order <select id="heat-sort">${options.join('')}</select></label></p>
<div id="heat" class="heat" role="grid" aria-label="Right samples by problem and run" style="--runs:${scores.length}">
${drawn.join('\n')}
</div>`;
}

function heatRows(scores: readonly Score[], ids: readonly string[]): HeatRow[] {
  const byRun = scores.map(({ byProblem }) => new Map(byProblem.map((problem) => [problem.id, problem])));
  return ids.map((id, problem) => {
    const found = byRun.map((problems) => problems.get(id));
    const shares = found.flatMap((score) => (score ? [score.right / score.samples] : []));
    return {
      id,
      problem,
      cells: found.map((score) =>
        score
          ? { text: `${score.right}/${score.samples}`, shade: shadeOf(score.right, score.samples) }
          : { text: ABSENT, shade: null },
      ),
      share: shares.reduce((sum, share) => sum + share, 0) / shares.length,
      gap: Math.max(...shares) - Math.min(...shares),
    };
  });
}

/** The ends are for none and for all alone. */
function shadeOf(right: number, samples: number): number {
  if (right === 0) return 0;
  if (right === samples) return SHADES;
  return Math.min(SHADES - 1, Math.max(1, Math.round((SHADES * right) / samples)));
}

function drawCell({ text, shade }: HeatCell, run: number, name: string): string {
  const spoken = shade === null ? 'no samples' : `${text.replace('/', ' of ')} right`;
  const kind = shade === null ? 'none' : `shade-${shade}`;
  return `<button type="button" role="gridcell" tabindex="-1" class="cell ${kind} run-${run}" data-run="${run}" aria-label="${escapeHtml(name)}: ${spoken}">${text}</button>`;
}

/** The position of each row when sorted by `key`, equal ones in the order given. */
function rankOf(rows: readonly HeatRow[], key: (row: HeatRow) => number): Map<HeatRow, number> {
  const sorted = [...rows].sort((a, b) => key(a) - key(b));
  return new Map(sorted.map((row, rank) => [row, rank]));
}
