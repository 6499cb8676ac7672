/** Inputs of the loop graph that say how tokens are drawn. */

import type { Sampling } from '../core.js';
import { Tensor } from '../onnx/runtime.js';
import type { RowInput } from './types.js';

/** Tensors by the names of the graph's inputs or outputs. */
export type Feeds = Record<string, Tensor>;

/** Bigger than any vocabulary: the `top_k` of rows without that limit. */
const NO_TOP_K = 2n ** 40n;
/** Above any sum of probabilities: the `top_p` of rows without that limit. */
const NO_TOP_P = 2;

/** For a draw that is thrown away: it needs one candidate. */
export const LIKELIEST: Sampling = {
  greedy: true,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
};

/** A tensor of integers. */
export function int64(values: readonly bigint[] | BigInt64Array, dims: readonly number[]): Tensor {
  return new Tensor('int64', values instanceof BigInt64Array ? values : BigInt64Array.from(values), dims);
}

/** What the graph must know of a row to scale its logits. */
export type ScalingRow = Pick<RowInput, 'sampling' | 'history'>;

/** What changes logits, `[rows, 1]` each: temperature, penalty, and the tokens that it applies to. */
export function scalingFeeds(rows: readonly ScalingRow[]): Feeds {
  return {
    temperature: floatColumn(rows, ({ sampling }) => (sampling.greedy ? 1 : sampling.temperature)),
    penalty: floatColumn(rows, ({ sampling }) => sampling.repetitionPenalty),
    ...historyFeeds(rows),
  };
}

/** How each row draws, `[rows, 1]` each. */
export function samplingFeeds(rows: readonly ScalingRow[]): Feeds {
  const column = [rows.length, 1];
  return {
    ...scalingFeeds(rows),
    top_p: floatColumn(rows, ({ sampling }) => (sampling.topP >= 1 ? NO_TOP_P : sampling.topP)),
    min_p: floatColumn(rows, ({ sampling }) => sampling.minP),
    top_k: int64(
      rows.map(({ sampling }) => (sampling.topK > 0 ? BigInt(sampling.topK) : NO_TOP_K)),
      column,
    ),
    greedy: new Tensor(
      'bool',
      Uint8Array.from(rows, ({ sampling }) => Number(sampling.greedy)),
      column,
    ),
  };
}

function floatColumn<R extends ScalingRow>(rows: readonly R[], pick: (row: R) => number): Tensor {
  return new Tensor('float32', Float32Array.from(rows, pick), [rows.length, 1]);
}

/** Tokens that a penalty applies to; nothing where no row has one. Short rows are filled up with a token they hold. */
function historyFeeds(rows: readonly ScalingRow[]): Feeds {
  const penalised = rows.some(({ sampling }) => sampling.repetitionPenalty !== 1);
  const histories = penalised ? rows.map((row) => row.history) : [];
  const width = histories.reduce((most, history) => Math.max(most, history.length), 0);
  const tokens = new BigInt64Array(histories.length * width);
  for (const [row, history] of histories.entries()) {
    for (let at = 0; at < width; at += 1) tokens[row * width + at] = BigInt(history[at] ?? history[0]!);
  }
  return {
    penalised: new Tensor('bool', Uint8Array.of(Number(penalised)), []),
    history: int64(tokens, [rows.length, width]),
  };
}

/** A run of one step that draws after `draws`, each with its random number, and stops nobody. */
export function onceFeeds(draws: readonly number[], uniform: Float32Array, candidates: number): Feeds {
  const count = draws.length;
  return {
    steps: int64([1n], []),
    draws: int64(draws.map(BigInt), [count]),
    uniform: new Tensor('float32', uniform, [1, count]),
    candidates: int64([BigInt(candidates)], [1]),
    min_active: int64([1n], []),
    stop_tokens: int64(new BigInt64Array(count).fill(-1n), [count, 1]),
    remaining: int64(new BigInt64Array(count).fill(1n), [count]),
  };
}

/** Settings for a run whose draw is thrown away. */
export function greedyFeeds(rows: number): Feeds {
  const column = [rows, 1];
  return {
    temperature: new Tensor('float32', new Float32Array(rows).fill(1), column),
    top_p: new Tensor('float32', new Float32Array(rows).fill(NO_TOP_P), column),
    min_p: new Tensor('float32', new Float32Array(rows), column),
    top_k: int64(new BigInt64Array(rows).fill(NO_TOP_K), column),
    greedy: new Tensor('bool', new Uint8Array(rows).fill(1), column),
    penalty: new Tensor('float32', new Float32Array(rows).fill(1), column),
    penalised: new Tensor('bool', Uint8Array.of(0), []),
    history: int64([], [rows, 0]),
  };
}
