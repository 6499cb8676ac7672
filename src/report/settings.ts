/** What each run was made with: settings, digests and versions, side by side. */
import type { Score } from '../score/score.js';
import { ABSENT } from './format.js';

/** One setting over all runs. */
export interface SettingRow {
  /** Dotted path, such as `sampling.temperature`. */
  readonly name: string;
  /** One value a run, as it stands in run.json. */
  readonly values: readonly string[];
  readonly differs: boolean;
}

/** Every setting, digest and version that any of the runs has. */
export function settingRows(scores: readonly Score[]): SettingRow[] {
  const flat = scores.map(
    ({ modelName, problemSet, program, settings, digests, versions, source }) =>
      new Map([
        ...flatten('model', modelName),
        ...flatten('problems', problemSet),
        ...flatten('boxed', program),
        ...flatten('', settings),
        ...flatten('digest', { ...digests, samples: source.samplesDigest }),
        ...flatten('environment', versions),
      ]),
  );
  const names = new Set(flat.flatMap((settings) => [...settings.keys()]));
  return [...names].map((name) => {
    const values = flat.map((settings) => settings.get(name) ?? ABSENT);
    return { name, values, differs: new Set(values).size > 1 };
  });
}

function flatten(path: string, value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flatten(path ? `${path}.${key}` : key, inner));
}
