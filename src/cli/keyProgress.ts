/** Progress while a sealed key is asked about the answers that were given. */
import type { OpenKeyProgress } from '../score/openKey.js';
import { ProgressLine } from './progress.js';

/** Shows progress only where there is any: a readable key has none. */
export async function withKeyProgress<Result>(
  work: (onProgress: OpenKeyProgress) => Promise<Result>,
): Promise<Result> {
  const line = new ProgressLine({ label: 'opening the key', unit: 'problems', rateUnit: 'digests/s' });
  try {
    return await work((done, total, amount) => line.update({ done, total, amount }));
  } finally {
    line.stop();
  }
}
