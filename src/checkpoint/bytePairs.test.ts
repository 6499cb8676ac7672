import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BytePairEncoder, type BytePairModel } from './bytePairs.js';
import { MergeTable } from './mergeTable.js';

/** A model over single characters and the merges given, each as the two texts it joins. */
function modelOf(
  characters: string,
  merges: readonly (readonly [string, string])[],
  settings: Partial<BytePairModel> = {},
): BytePairModel {
  const vocabulary = new Map<string, number>();
  const idOf = (text: string) => {
    if (!vocabulary.has(text)) vocabulary.set(text, vocabulary.size);
    return vocabulary.get(text)!;
  };
  for (const character of characters) idOf(character);
  const table = new MergeTable(merges.length);
  for (const [rank, [left, right]] of merges.entries())
    table.set(idOf(left), idOf(right), { rank, id: idOf(left + right) });
  return {
    vocabulary,
    merges: table,
    unknownId: null,
    fuseUnknown: false,
    byteFallback: false,
    ignoreMerges: false,
    ...settings,
  };
}

function textsOf(model: BytePairModel, piece: string): string[] {
  const texts = [...model.vocabulary.keys()];
  const ids: number[] = [];
  new BytePairEncoder(model).encode(piece, ids);
  return ids.map((id) => texts[id]!);
}

/** The definition: the pair of lowest rank, leftmost first, until there is none. */
function slowly(piece: string, merges: readonly (readonly [string, string])[]): string[] {
  const symbols = Array.from(piece);
  for (;;) {
    const ranks = symbols.slice(1).map((right, at) => {
      // Of a pair that is listed twice the later counts.
      const rank = merges.findLastIndex(([a, b]) => a === symbols[at] && b === right);
      return rank === -1 ? Number.POSITIVE_INFINITY : rank;
    });
    const lowest = Math.min(...ranks);
    if (!Number.isFinite(lowest)) return symbols;
    const at = ranks.indexOf(lowest);
    symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
  }
}

describe('BytePairEncoder', () => {
  test('merges as the definition says, for any merges and texts', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 90 });
    fc.assert(
      fc.property(fc.array(fc.tuple(part, part), { maxLength: 20 }), piece, (merges, text) => {
        expect(textsOf(modelOf('abc', merges), text)).toEqual(slowly(text, merges));
      }),
    );
  });

  test('a piece met again, from the cache and beside others', () => {
    const encoder = new BytePairEncoder(modelOf('ab', [['a', 'b']]));
    const ids: number[] = [7];
    for (const piece of ['ab', 'ba', 'ab', '', 'ab'.repeat(50)]) encoder.encode(piece, ids);
    expect(ids).toEqual([7, 2, 1, 0, 2, ...new Array(50).fill(2)]);
  });

  test('characters outside the vocabulary: dropped, unknown, fused', () => {
    const unknown = { unknownId: 0 };
    expect(textsOf(modelOf('?ab', []), 'axxb')).toEqual(['a', 'b']);
    expect(textsOf(modelOf('?ab', [], unknown), 'axxb')).toEqual(['a', '?', '?', 'b']);
    expect(textsOf(modelOf('?ab', [], { ...unknown, fuseUnknown: true }), 'xaxxb')).toEqual([
      ...['?', 'a', '?', 'b'],
    ]);
  });

  test('bytes where there are tokens for all of them', () => {
    const base = modelOf('?a', []);
    const vocabulary = new Map([...base.vocabulary, ['<0xC3>', 2], ['<0xA9>', 3]]);
    const model = { ...base, vocabulary, byteFallback: true, unknownId: 0 };
    expect(textsOf(model, 'aéa漢')).toEqual(['a', '<0xC3>', '<0xA9>', 'a', '?']);
  });

  test('whole pieces before merges, if asked for', () => {
    const merges = [
      ['b', 'c'],
      ['a', 'b'],
      ['ab', 'c'],
    ] as const;
    expect(textsOf(modelOf('abc', merges), 'abc')).toEqual(['a', 'bc']);
    expect(textsOf(modelOf('abc', merges, { ignoreMerges: true }), 'abc')).toEqual(['abc']);
  });
});
