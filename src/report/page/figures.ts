/** The plots of the page, with their legends and captions. */
import type { Score } from '../../score/score.js';
import { plotBudgets, plotTokensSpent } from '../plots/budget.js';
import { plotLengths } from '../plots/lengths.js';
import { runStyle } from '../plots/palette.js';
import { plotLost, plotVotes } from '../plots/votes.js';
import { plotWallTime } from '../plots/wall.js';
import type { SectionName } from '../sections.js';
import { escapeHtml } from './escape.js';

/** The plots of each section that has any, each as a figure. */
export async function drawFigures(
  scores: readonly Score[],
): Promise<Readonly<Partial<Record<SectionName, readonly string[]>>>> {
  const votes = plotVotes(scores);
  const lost = plotLost(scores);
  const time = plotWallTime(scores);
  return {
    tokens: [
      figure(
        await plotBudgets(scores),
        'Share of samples that are right within a token budget, with 95% bands over problems. The point is the run as it was.',
      ),
      figure(
        await plotTokensSpent(scores),
        'The same accuracy against the tokens spent for it: mean output tokens when samples are cut at a budget. Further left at the same height is cheaper.',
      ),
    ],
    votes: [
      ...(votes
        ? [
            figure(
              await votes,
              'Full points: maj@k, the vote of k samples. Hollow points: pass@k, any of k samples right. The shaded gap is lost by voting.',
            ),
          ]
        : []),
      ...(lost
        ? [figure(await lost, 'Lost by voting: pass@k minus maj@k, with 95% bands over problems.')]
        : []),
    ],
    time: [
      figure(
        await plotLengths(scores),
        'Boxes hold the middle half of the samples, whiskers the middle 90%; a bar at the median, a point at the mean.',
      ),
      ...(time
        ? [
            figure(
              await time,
              'The vote over the samples that had finished by then. Problems that are not begun yet are wrong.',
            ),
          ]
        : []),
    ],
  };
}

/** Which line is which run; `positions` are theirs among all runs, by default their order here. */
export function legend(labels: readonly string[], positions: readonly number[] = [...labels.keys()]): string {
  const items = labels.map((label, at) => {
    const { colour, dash } = runStyle(positions[at]!);
    const line = `<line x1="0" y1="6" x2="34" y2="6" stroke="${colour}" stroke-width="2.5" stroke-dasharray="${dash.join(' ')}"/>`;
    return `<li><svg width="34" height="12" aria-hidden="true">${line}</svg>${escapeHtml(label)}</li>`;
  });
  return `<ul class="legend">${items.join('')}</ul>`;
}

export function figure(svg: string, caption: string): string {
  return `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}
