/** Draws a token from the likeliest candidates on the host, by the rules of `buildSampling`. */
import type { Sampling } from '../core.js';

/**
 * Index of the candidate that `uniform` in [0, 1) draws, or `null` when that needs more candidates. `probabilities` are
 * those of the likeliest tokens, in order, normalised over all `vocabSize` tokens at the row's temperature.
 */
export function drawCandidate(
  probabilities: Float32Array,
  sampling: Sampling,
  uniform: number,
  vocabSize: number,
): number | null {
  // A model whose numbers broke says so in the log-probability of whatever is drawn.
  if (sampling.greedy || Number.isNaN(probabilities[0])) return 0;
  const topK = sampling.topK > 0 ? Math.min(sampling.topK, vocabSize) : vocabSize;
  const ranked = Math.min(topK, probabilities.length);
  const complete = ranked === topK;
  const unlimited = sampling.topP >= 1;
  // Top-p is a share of what top-k leaves, which is everything where top-k leaves all.
  if (topK < vocabSize && !unlimited && !complete) return null;
  const mass = topK < vocabSize && !unlimited ? sum(probabilities, ranked) : 1;
  const nucleus = unlimited ? Number.POSITIVE_INFINITY : sampling.topP * mass;
  const floor = sampling.minP * probabilities[0]!;

  let kept = 0;
  let keptMass = 0;
  while (kept < ranked && keptMass < nucleus && probabilities[kept]! >= floor) {
    keptMass += probabilities[kept]!;
    kept += 1;
  }
  if (kept === ranked && !complete && keptMass < nucleus) {
    // All candidates are kept and more would be; how much there is in all is known only if nothing is cut off.
    if (!unlimited || topK < vocabSize || floor > 0 || uniform >= keptMass) return null;
    keptMass = 1;
  }
  return invert(probabilities, kept, uniform * keptMass);
}

/** The first of `kept` candidates up to which more than `target` has gathered. */
function invert(probabilities: Float32Array, kept: number, target: number): number {
  let gathered = 0;
  for (let at = 0; at < kept - 1; at += 1) {
    gathered += probabilities[at]!;
    if (gathered > target) return at;
  }
  return kept - 1;
}

function sum(values: Float32Array, count: number): number {
  let total = 0;
  for (let at = 0; at < count; at += 1) total += values[at]!;
  return total;
}
