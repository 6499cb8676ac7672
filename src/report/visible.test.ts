import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { visibleText } from './visible.js';

describe('visibleText', () => {
  test.each([
    ['a\nb\tc', 'a\nb\tc'],
    ['\u001b[31mred\u0000\u007f', '\u241b[31mred\u2400\u2421'],
    ['ab\u202ecd\u2066', 'ab\ufffdcd\ufffd'],
    ['\u0085\u2028', '\ufffd\ufffd'],
    ['\ud83e\uddee \ud83e \uddee', '\ud83e\uddee \ufffd \ufffd'],
  ])('%j is %j', (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test('keeps every offset and leaves nothing hidden', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visibleText(text);
        expect(shown).toHaveLength(text.length);
        expect(visibleText(shown)).toBe(shown);
        expect(Buffer.from(shown).toString()).toBe(shown);
        expect(shown).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});
