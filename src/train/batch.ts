/** A batch of packed rows as the training graph takes it. */
import type { RowShape } from '../model/packedRows.js';
import type { PackedBatch } from './packing.js';

/** A text to learn from: the last of its tokens is only a target. */
export interface TrainingText {
  readonly tokens: ArrayLike<number>;
  /** Tokens before this one are given, those from it on are learnt. At least 1. */
  readonly learnFrom: number;
}

/** What a policy loss needs of each token that is learnt, in order. */
export interface PolicyTerms {
  readonly advantage: number;
  readonly oldLogprobs: ArrayLike<number>;
  readonly referenceLogprobs: ArrayLike<number>;
}

/** A text with its policy terms. */
export type PolicyText = TrainingText & PolicyTerms;

/** Where the tokens that are learnt of a text lie in the batch. */
export interface TextPlace {
  readonly text: number;
  readonly first: number;
  readonly count: number;
}

/** Tokens that a text takes in a row: every one but the last is an input. */
export function rowTokens(text: TrainingText): number {
  return text.tokens.length - 1;
}

/** Tokens that are learnt of a text. */
export function learntTokens(text: TrainingText): number {
  return text.tokens.length - text.learnFrom;
}

/** Buffers of one shape, filled again for every batch. All arrays have `rows · length` elements. */
export class BatchBuffers {
  readonly tokens: BigInt64Array;
  readonly targets: BigInt64Array;
  readonly positions: BigInt64Array;
  readonly segments: BigInt64Array;
  readonly weights: Float32Array;
  readonly advantages: Float32Array;
  readonly oldLogprobs: Float32Array;
  readonly referenceLogprobs: Float32Array;

  constructor(readonly shape: RowShape) {
    const count = shape.rows * shape.length;
    const integers = () => new BigInt64Array(count);
    const floats = () => new Float32Array(count);
    [this.tokens, this.targets, this.positions, this.segments] = [
      integers(),
      integers(),
      integers(),
      integers(),
    ];
    [this.weights, this.advantages, this.oldLogprobs, this.referenceLogprobs] = [
      floats(),
      floats(),
      floats(),
      floats(),
    ];
  }

  /** Lays out `batch`; each token learnt weighs `weight`. Returns where each text lies. */
  fill(batch: PackedBatch, texts: readonly TrainingText[], weight: number): TextPlace[] {
    for (const array of [this.tokens, this.targets, this.positions]) array.fill(0n);
    // Padding is a text of its own.
    this.segments.fill(-1n);
    for (const array of [this.weights, this.advantages, this.oldLogprobs, this.referenceLogprobs])
      array.fill(0);
    const places: TextPlace[] = [];
    for (const [row, indices] of batch.rows.entries()) {
      let start = row * this.shape.length;
      for (const [segment, index] of indices.entries()) {
        const text = texts[index]!;
        this.#place(text, start, segment, weight);
        places.push({ text: index, first: start + text.learnFrom - 1, count: learntTokens(text) });
        start += rowTokens(text);
      }
    }
    return places;
  }

  /** The same with what a policy loss needs. */
  fillPolicy(batch: PackedBatch, texts: readonly PolicyText[], weight: number): TextPlace[] {
    const places = this.fill(batch, texts, weight);
    for (const { text, first, count } of places) {
      const { advantage, oldLogprobs, referenceLogprobs } = texts[text]!;
      this.advantages.fill(advantage, first, first + count);
      for (let at = 0; at < count; at += 1) {
        this.oldLogprobs[first + at] = oldLogprobs[at]!;
        this.referenceLogprobs[first + at] = referenceLogprobs[at]!;
      }
    }
    return places;
  }

  #place({ tokens, learnFrom }: TrainingText, start: number, segment: number, weight: number): void {
    for (let at = 0; at < tokens.length - 1; at += 1) {
      this.tokens[start + at] = BigInt(tokens[at]!);
      this.targets[start + at] = BigInt(tokens[at + 1]!);
      this.positions[start + at] = BigInt(at);
      this.segments[start + at] = BigInt(segment);
      if (at + 1 >= learnFrom) this.weights[start + at] = weight;
    }
  }
}
