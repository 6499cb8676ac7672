import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { visibleText } from '../visible.js';
import { excerpt, fairLimit } from './excerpt.js';

describe('excerpt', () => {
  test('marks the answer in a text that has room', () => {
    expect(excerpt('so \\boxed{7}.', [3, 12], 100)).toEqual([
      { text: 'so ', isAnswer: false },
      { text: '\\boxed{7}', isAnswer: true },
      { text: '.', isAnswer: false },
    ]);
    expect(excerpt('none', null, 100)).toEqual([{ text: 'none', isAnswer: false }]);
    expect(excerpt('', null, 100)).toEqual([]);
  });

  test('keeps beginning, answer and end of a long one', () => {
    const text = `${'a'.repeat(3000)}\\boxed{7}${'b'.repeat(3000)}`;
    const pieces = excerpt(text, [3000, 3009], 400);
    expect(pieces.map((piece) => ('left' in piece ? piece.left : piece.text.length))).toEqual([
      ...[100, 2700, 200, 9, 200, 2500, 300],
    ]);
    expect(pieces[3]).toEqual({ text: '\\boxed{7}', isAnswer: true });
  });

  test('does not part the halves of a character, and passes over a span beyond the text', () => {
    const text = '\u{1f9ee}'.repeat(50);
    for (let limit = 0; limit < 20; limit++)
      for (const piece of excerpt(text, null, limit))
        if ('text' in piece) expect(piece.text).not.toContain('\ufffd');
    expect(excerpt('abc', [2, 90], 10)).toEqual([
      { text: 'ab', isAnswer: false },
      { text: 'c', isAnswer: true },
    ]);
    expect(excerpt('abc', [70, 90], 10)).toEqual([{ text: 'abc', isAnswer: false }]);
  });

  test('accounts for every character, in order, within its limit', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3000 });
    fc.assert(
      fc.property(text, fc.nat(3000), fc.nat(2000), fc.nat(900), (content, start, length, limit) => {
        const pieces = excerpt(content, [start, start + length], limit);
        let at = 0;
        let shown = 0;
        for (const piece of pieces) {
          if ('left' in piece) {
            expect(piece.left).toBeGreaterThan(0);
            at += piece.left;
          } else {
            const { text: stretch } = piece;
            expect(stretch).toBe(visibleText(content.slice(at, at + stretch.length)));
            shown += stretch.length;
            at += stretch.length;
          }
        }
        expect(at).toBe(content.length);
        // Around the answer at most 600 more, and a half of a character at each cut.
        expect(shown).toBeLessThanOrEqual(Math.max(limit + 604, 0));
        const answer = pieces.flatMap((piece) => ('text' in piece && piece.isAnswer ? [piece.text] : []));
        if (start < content.length && length > 0) expect(answer.join('')).not.toBe('');
        else expect(answer).toEqual([]);
      }),
    );
  });
});

describe('fairLimit', () => {
  test('shortens the long ones alike', () => {
    expect(fairLimit([10, 20, 30], 60)).toBeNull();
    expect(fairLimit([10, 20, 30], 59)).toBe(29);
    expect(fairLimit([10, 200, 300], 100)).toBe(45);
    expect(fairLimit([], 0)).toBeNull();
  });

  test('is the largest limit that fits', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { minLength: 1 }), fc.nat(5000), (lengths, total) => {
        const limit = fairLimit(lengths, total);
        const kept = (most: number): number =>
          lengths.reduce((sum, length) => sum + Math.min(length, most), 0);
        if (limit === null) expect(kept(Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(total);
        else {
          expect(kept(limit)).toBeLessThanOrEqual(total);
          expect(kept(limit + 1)).toBeGreaterThan(total);
        }
      }),
    );
  });
});
