/** Inputs of the paged graph: new tokens of many sequences packed into one row, and where their keys and values lie. */
import { Tensor } from '../onnx/runtime.js';
import { type Feeds, int64 } from './feeds.js';

/** New tokens of one sequence. */
export interface Segment {
  readonly tokens: readonly number[];
  /** Tokens before these, all of them in the caches. */
  readonly past: number;
  /** Blocks for all of them, in order. */
  readonly blocks: readonly number[];
}

/** `metadata` adds the input that only CUDA takes. */
export function packedFeeds(segments: readonly Segment[], blockSize: number, metadata: boolean): Feeds {
  const lengths = segments.map(({ tokens, past }) => past + tokens.length);
  const longest = Math.max(...lengths);
  // No wider than these sequences need: attention may run over the whole table.
  const width = Math.ceil(longest / blockSize);
  const table = new Int32Array(segments.length * width);
  const cumulative = [0];
  for (const [at, { tokens, blocks }] of segments.entries()) {
    table.set(blocks.slice(0, width), at * width);
    cumulative.push(cumulative[at]! + tokens.length);
  }
  const feeds: Feeds = {
    tokens: int64(
      segments.flatMap(({ tokens }) => tokens.map(BigInt)),
      [cumulative.at(-1)!],
    ),
    cumulative_lengths: int32(cumulative, [cumulative.length]),
    past_lengths: int32(
      segments.map(({ past }) => past),
      [segments.length],
    ),
    block_table: new Tensor('int32', table, [segments.length, width]),
  };
  if (metadata) {
    const newest = Math.max(...segments.map(({ tokens }) => tokens.length));
    feeds.attention_metadata = int32([newest, longest, longest], [3]);
  }
  return feeds;
}

function int32(values: readonly number[], dims: readonly number[]): Tensor {
  return new Tensor('int32', Int32Array.from(values), dims);
}
