/** Which texts share a row, and which rows a batch. */

import type { RowShape } from '../model/packedRows.js';
import { type RandomBits, uniformBelow } from '../score/random.js';

/** Indices of the texts in each row of a batch, all rows of `shape.length` tokens. */
export interface PackedBatch {
  readonly shape: RowShape;
  readonly rows: readonly (readonly number[])[];
}

/** Texts that are sorted and packed together: more would fill rows no better, fewer leave gaps. */
const WINDOW = 512;

/**
 * Packs texts of `lengths` (tokens) into rows, each text whole, in a random order. A text goes to the shortest of
 * `shapes` that holds it, since attention costs as much as rows are long. Longest first into the first row with room (first fit decreasing)
 * within windows; then all rows of a shape are shuffled. No text may be longer than the longest row.
 */
export function packTexts(
  lengths: readonly number[],
  shapes: readonly RowShape[],
  bits: RandomBits,
): PackedBatch[] {
  const order = shuffled([...lengths.keys()], bits);
  const sorted = [...shapes].sort((a, b) => a.length - b.length);
  const batches = sorted.flatMap((shape, at) => {
    const shorter = sorted[at - 1]?.length ?? 0;
    const mine = order.filter((text) => lengths[text]! > shorter && lengths[text]! <= shape.length);
    const rows = shuffled(packRows(mine, lengths, shape.length), bits);
    return Array.from({ length: Math.ceil(rows.length / shape.rows) }, (_, batch) => ({
      shape,
      rows: rows.slice(batch * shape.rows, (batch + 1) * shape.rows),
    }));
  });
  return shuffled(batches, bits);
}

/** In place, by Fisher and Yates. */
export function shuffled<T>(items: T[], bits: RandomBits): T[] {
  for (let at = items.length - 1; at > 0; at -= 1) {
    const other = uniformBelow(bits, at + 1);
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
  return items;
}

function packRows(texts: readonly number[], lengths: readonly number[], length: number): number[][] {
  const all: number[][] = [];
  for (let start = 0; start < texts.length; start += WINDOW) {
    const window = texts.slice(start, start + WINDOW).sort((a, b) => lengths[b]! - lengths[a]!);
    const rows: { texts: number[]; room: number }[] = [];
    for (const text of window) {
      let row = rows.find(({ room }) => room >= lengths[text]!);
      if (row === undefined) {
        row = { texts: [], room: length };
        rows.push(row);
      }
      row.texts.push(text);
      row.room -= lengths[text]!;
    }
    all.push(...rows.map((row) => row.texts));
  }
  return all;
}
