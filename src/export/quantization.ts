/** How an export quantizes its matrices: block size, zero points, and which matrices have another precision than the rest. */
import { UsageError } from '../errors.js';
import { BLOCK_SIZES, type BlockSize } from './blocks.js';

/** Precisions that a matrix can have; `float` is the type of the activations. */
export const PRECISIONS = ['float', 'int8', 'int4'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Element types of weights that are quantized. */
export type QuantizedDtype = Exclude<Precision, 'float'>;

/** Matrices that a pattern names, and their precision. */
export interface PrecisionRule {
  /** A projection (`down_proj`, `lm_head`, `embed_tokens`), a layer or a range of them (`0`, `0-3`), or both (`0-3.down_proj`). */
  readonly pattern: string;
  readonly precision: Precision;
}

/** Resolved settings; equal settings give equal exports. */
export interface Quantization {
  /** Precision of matrices without a rule. */
  readonly dtype: QuantizedDtype;
  readonly blockSize: BlockSize;
  readonly symmetric: boolean;
  /** The first rule that names a matrix counts. */
  readonly rules: readonly PrecisionRule[];
}

/** What a user can choose; defaults depend on the element type. */
export interface QuantizationOptions {
  readonly blockSize?: BlockSize;
  readonly symmetric?: boolean;
  readonly rules?: readonly PrecisionRule[];
}

/**
 * Chosen by the figures in bench/README.md. At 8 bits blocks of 128 cost little precision and are faster than smaller ones; at 4 bits
 * they would cost more. At 4 bits the first layer counts most, since its errors pass through all others;
 * keys and values are small where queries share them; and the head decides between neighbouring logits.
 */
const INT4_RULES = ['lm_head', '0', 'k_proj', 'v_proj'].map(
  (pattern): PrecisionRule => ({ pattern, precision: 'int8' }),
);

const DEFAULTS: Readonly<Record<QuantizedDtype, Omit<Quantization, 'dtype'>>> = {
  int8: { blockSize: 128, symmetric: true, rules: [] },
  int4: { blockSize: 32, symmetric: true, rules: INT4_RULES },
};

/** Fills in what was not chosen. Rules given go before those of the default. */
export function resolveQuantization(dtype: QuantizedDtype, options: QuantizationOptions = {}): Quantization {
  const defaults = DEFAULTS[dtype];
  return {
    dtype,
    blockSize: options.blockSize ?? defaults.blockSize,
    symmetric: options.symmetric ?? defaults.symmetric,
    rules: [...(options.rules ?? []), ...defaults.rules],
  };
}

const EMBEDDING = 'model.embed_tokens';
const HEAD = 'lm_head';

/**
 * The precision of a matrix by its name in the checkpoint. The table of embeddings is read a row at a time, so quantizing it
 * makes no step faster: unless a rule names it, it follows the head where both are one matrix, and stays `float` elsewhere.
 */
export function precisionOf(quantization: Quantization, name: string, tied: boolean): Precision {
  const rule = quantization.rules.find(({ pattern }) => matches(pattern, name));
  if (rule) return rule.precision;
  if (name === EMBEDDING) return tied ? precisionOf(quantization, HEAD, tied) : 'float';
  return quantization.dtype;
}

const PATTERN = /^(?:(\d+)(?:-(\d+))?)?(?:(?:^|\.)([a-z][a-z_]*))?$/;

function matches(pattern: string, name: string): boolean {
  const [, first, last = first, projection] = PATTERN.exec(pattern)!;
  if (projection !== undefined && projection !== name.split('.').at(-1)) return false;
  if (first === undefined) return true;
  const layer = /\.layers\.(\d+)\./.exec(name)?.[1];
  return layer !== undefined && Number(layer) >= Number(first) && Number(layer) <= Number(last);
}

/** Reads rules such as `lm_head=int8,0-1=float,down_proj=int8`. @throws UsageError naming the part that is none */
export function parseRules(text: string): PrecisionRule[] {
  return text.split(',').map((part) => {
    const [pattern = '', precision = '', ...rest] = part.trim().split('=');
    const known = PRECISIONS.find((candidate) => candidate === precision);
    if (pattern === '' || !PATTERN.test(pattern) || known === undefined || rest.length > 0) {
      throw new UsageError(
        `--precision: "${part}" is no rule`,
        `Write MATRIX=PRECISION: a projection, a layer or both, as in lm_head=int8,0-1=float,5.down_proj=int8; precisions are ${PRECISIONS.join(', ')}.`,
      );
    }
    return { pattern, precision: known };
  });
}

/** Checks a `--block-size`. @throws UsageError */
export function parseBlockSize(value: number): BlockSize {
  const size = BLOCK_SIZES.find((candidate) => candidate === value);
  if (size !== undefined) return size;
  throw new UsageError(`--block-size ${value} is not supported`, `Choose ${BLOCK_SIZES.join(', ')}.`);
}

/** The settings as a short text: `int4, blocks of 32 with zero points, lm_head int8`. */
export function describeQuantization({ dtype, blockSize, symmetric, rules }: Quantization): string {
  const blocks = `blocks of ${blockSize}${symmetric ? '' : ' with zero points'}`;
  return [dtype, blocks, ...rules.map(({ pattern, precision }) => `${pattern} ${precision}`)].join(', ');
}
