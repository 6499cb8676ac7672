/** How long samples are: the quantiles of a box plot. */
import { quantile } from './bootstrap.js';
import { mean } from './intervals.js';

/** Output tokens over samples, not over problems: it describes, and is no estimate of a mean over problems. */
export interface TokenSpread {
  readonly samples: number;
  readonly mean: number;
  /** Quantiles, linear between neighbours (Hyndman and Fan 1996, definition 7). */
  readonly p5: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
  readonly p95: number;
}

/** `null` without samples. */
export function spreadOfTokens(samples: readonly { readonly tokens: number }[]): TokenSpread | null {
  if (samples.length === 0) return null;
  const tokens = Float64Array.from(samples, (sample) => sample.tokens).sort();
  return {
    samples: samples.length,
    mean: mean([...tokens]),
    p5: quantile(tokens, 0.05),
    p25: quantile(tokens, 0.25),
    median: quantile(tokens, 0.5),
    p75: quantile(tokens, 0.75),
    p95: quantile(tokens, 0.95),
  };
}
