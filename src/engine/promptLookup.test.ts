import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PromptLookup } from './promptLookup.js';

describe('a guess', () => {
  test('is what followed the last tokens when they stood there before', () => {
    expect(new PromptLookup([1, 2, 3, 4, 5, 6, 1, 2, 3], 2).guess(9)).toEqual([4, 5]);
  });

  test('is none where the last tokens are new, or too few', () => {
    expect(new PromptLookup([1, 2, 3, 4], 4).guess(9)).toEqual([]);
    expect(new PromptLookup([2, 3, 4, 9, 3, 4], 4).guess(9)).toEqual([]);
    for (const prompt of [[], [1], [1, 1]]) expect(new PromptLookup(prompt, 4).guess(9)).toEqual([]);
  });

  test('follows the place that agrees for the longest stretch, of equal ones the latest', () => {
    const longest = [9, 1, 2, 3, 50, 8, 1, 2, 3, 60, 9, 1, 2, 3];
    expect(new PromptLookup(longest, 1).guess(9)).toEqual([50]);
    const latest = [9, 1, 2, 3, 50, 8, 1, 2, 3, 60, 7, 1, 2, 3];
    expect(new PromptLookup(latest, 1).guess(9)).toEqual([60]);
  });

  test('goes on with itself where it reaches the end', () => {
    expect(new PromptLookup([1, 2, 3, 4, 1, 2, 3, 4], 10).guess(10)).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2]);
    expect(new PromptLookup([7, 7, 7, 7], 5).guess(5)).toEqual([7, 7, 7, 7, 7]);
  });

  test('is no longer than there is room for', () => {
    expect(new PromptLookup([1, 2, 3, 4, 5, 1, 2, 3], 4).guess(1)).toEqual([4]);
    expect(new PromptLookup([1, 2, 3, 4, 5, 1, 2, 3], 4).guess(0)).toEqual([]);
  });

  test('is one token longer than what came true before, or twice as long when all of it did', () => {
    const lookup = new PromptLookup([...Array(40).keys(), 0, 1, 2], 8);
    const lengthAfter = (guessed: number, right: number) => {
      lookup.saw(guessed, right);
      return lookup.guess(99).length;
    };
    expect(lookup.guess(99)).toHaveLength(8);
    expect(lengthAfter(8, 0)).toBe(1);
    expect(lengthAfter(1, 1)).toBe(2);
    expect(lengthAfter(2, 2)).toBe(4);
    expect(lengthAfter(4, 2)).toBe(3);
    expect(lengthAfter(0, 0)).toBe(3);
    expect(lengthAfter(8, 8)).toBe(8);
    expect([lookup.guessed, lookup.right]).toEqual([23, 13]);
  });
});

test('a guess agrees with a search of the whole text, whatever the tokens', () => {
  const text = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(151_935)), { maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 60 }), (tokens, split) => {
      const lookup = new PromptLookup(tokens.slice(0, split), 1);
      for (const token of tokens.slice(split)) lookup.push(token);
      const agreeing = (place: number) => {
        let length = 0;
        while (length < place && tokens[place - 1 - length] === tokens.at(-1 - length)) length += 1;
        return length;
      };
      const places = [...tokens.keys()].filter((place) => place > 0 && agreeing(place) >= 3);
      const [guess] = lookup.guess(1);
      if (places.length === 0) expect(guess).toBeUndefined();
      else expect(places.map((place) => tokens[place])).toContain(guess);
    }),
  );
});
