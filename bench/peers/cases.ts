/** What is measured: shapes, rows, lengths of context, and how many tokens. */
import type { PeerDtype } from './prepare.js';

export interface BenchShape {
  /** As `syntheticCheckpoint` knows it. */
  readonly name: string;
  readonly small: boolean;
  /** Element type of the peers' files. */
  readonly peerDtype: PeerDtype;
  /** Element types of ours; the first is the one to compare. */
  readonly dtypes: readonly string[];
  readonly torchDtypes: readonly string[];
  /** Keys and values of a position of a row in float32. */
  readonly kvBytes: number;
  /** Tokens of each row that are timed, at a short and at a long context. */
  readonly tokens: { readonly short: number; readonly long: number };
}

export const BENCH_SHAPES: readonly BenchShape[] = [
  {
    name: 'tiny',
    small: true,
    peerDtype: 'fp32',
    dtypes: ['fp32'],
    torchDtypes: ['float32'],
    kvBytes: 6 * 2 * 2 * 32 * 4,
    tokens: { short: 128, long: 64 },
  },
  {
    name: 'small',
    small: true,
    peerDtype: 'fp32',
    dtypes: ['fp32'],
    torchDtypes: ['float32'],
    kvBytes: 8 * 2 * 2 * 64 * 4,
    tokens: { short: 64, long: 24 },
  },
  {
    name: 'qwen2.5-0.5b',
    small: false,
    peerDtype: 'int8',
    dtypes: ['int8', 'int4'],
    torchDtypes: ['float32', 'bfloat16'],
    kvBytes: 24 * 2 * 2 * 64 * 4,
    tokens: { short: 8, long: 4 },
  },
];

export const ROWS = [1, 8, 32, 64] as const;
export const CONTEXTS = [128, 2000] as const;
/** Tokens of each row before the clock starts. */
export const WARM_UP = 4;

export interface Case {
  readonly shape: BenchShape;
  readonly rows: number;
  readonly context: number;
  readonly tokens: number;
}

/** Contexts from here on are long. */
const LONG_CONTEXT = 1000;
/** Beyond this transformers.js and PyTorch, which copy or reread all keys and values at each token, take minutes. */
const COPIED_KV_BYTES = 2 * 2 ** 30;

export function makeCase(shape: BenchShape, rows: number, context: number, quick: boolean): Case {
  const tokens = context < LONG_CONTEXT ? shape.tokens.short : shape.tokens.long;
  return { shape, rows, context, tokens: quick ? Math.ceil(tokens / 4) : tokens };
}

/** Why a participant does not take part in a case, `null` if it does. */
export function leftOut(participant: string, { shape, rows, context }: Case): string | null {
  const copies = participant === 'transformers.js' || participant === 'PyTorch';
  if (copies && rows * context * shape.kvBytes > COPIED_KV_BYTES)
    return 'would take minutes: keys and values are more than 2 GiB';
  return null;
}

/** Any tokens will do; those of low numbers may be special. */
export function benchPrompt(length: number, vocabSize: number): number[] {
  return Array.from({ length }, (_, at) => (20 + 7 * at) % vocabSize);
}
