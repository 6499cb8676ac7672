/** How far one distribution over the vocabulary is from another. */

/** Two models after the same tokens. */
export interface Divergence {
  /** Kullback-Leibler divergence of the reference's distribution from the candidate's, in nats. */
  readonly kl: number;
  /** Whether both hold the same token for the likeliest. */
  readonly sameBest: boolean;
  /** -ln p of the token that follows, by each of the two, in nats. */
  readonly referenceLoss: number;
  readonly candidateLoss: number;
}

/** Compares logits over the same vocabulary; `next` is the token that follows. */
export function divergence(reference: Float32Array, candidate: Float32Array, next: number): Divergence {
  const [p, q] = [logSumExp(reference), logSumExp(candidate)];
  let kl = 0;
  for (let token = 0; token < reference.length; token += 1) {
    const logProbability = reference[token]! - p.logSum;
    kl += Math.exp(logProbability) * (logProbability - (candidate[token]! - q.logSum));
  }
  return {
    // Rounding takes the sum of near-equal terms a little below 0, where no divergence is.
    kl: Math.max(0, kl),
    sameBest: p.best === q.best,
    referenceLoss: p.logSum - reference[next]!,
    candidateLoss: q.logSum - candidate[next]!,
  };
}

function logSumExp(logits: Float32Array): { logSum: number; best: number } {
  let best = 0;
  for (let token = 1; token < logits.length; token += 1) if (logits[token]! > logits[best]!) best = token;
  const most = logits[best]!;
  let sum = 0;
  for (let token = 0; token < logits.length; token += 1) sum += Math.exp(logits[token]! - most);
  return { logSum: most + Math.log(sum), best };
}
