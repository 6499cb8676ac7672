/** What runs are called in tables and plots. */
import type { Score } from '../score/score.js';

/** Names longer than this are shortened in the middle on a terminal, so that a table keeps to 100 columns. */
const LABEL_WIDTH = 18;

/** One label a run: the model's name where that tells the runs apart, else the run's own, numbered if that is shared too. */
export function labelRuns(scores: readonly Score[]): string[] {
  const models = scores.map(({ modelName }) => modelName);
  return numberRepeats(new Set(models).size === models.length ? models : scores.map(({ name }) => name));
}

/** The same names, the second of a name with `(2)` behind it and so on. */
export function numberRepeats(names: readonly string[]): string[] {
  const times = new Map<string, number>();
  return names.map((label) => {
    const nth = (times.get(label) ?? 0) + 1;
    times.set(label, nth);
    return nth === 1 ? label : `${label} (${nth})`;
  });
}

/** `DeepSeek…-Qwen-14B`: both ends of a name tell more than its beginning. */
export function shortenLabel(label: string): string {
  const characters = [...label];
  if (characters.length <= LABEL_WIDTH) return label;
  const tail = Math.floor(LABEL_WIDTH / 2);
  return `${characters.slice(0, LABEL_WIDTH - tail - 1).join('')}…${characters.slice(-tail).join('')}`;
}
