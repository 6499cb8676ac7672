/** Boxes as the engine stops at them and as answers are read out of them; settings and what they ask the engine for. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { boxesOf } from '../src/answers/boxes.js';
import { extractAnswer } from '../src/answers/extract.js';
import { TextStream } from '../src/checkpoint/textStream.js';
import { TextStop } from '../src/engine/stops/textStop.js';
import { EDITIONS, editionOf } from '../src/problems/editions.js';
import { stopTextOf } from '../src/solve/answerStop.js';
import { FRAGMENTS } from './support/randomTexts.js';

/** Length of the text at which the stop fires when it comes in `pieces`; `null` if it does not. */
function stopOf(
  pieces: readonly string[],
  edition: string,
  stopAtAnswer: 'first' | 'thought',
): number | null {
  const stop = stopTextOf({ stopTexts: [], stopAtAnswer }, editionOf(edition))!;
  const texts = new TextStop(stop, new TextStream(pieces, { pending: '', push: (text) => text }));
  const at = pieces.findIndex((_, token) => texts.endsWith(token));
  return at < 0 ? null : pieces.slice(0, at + 1).join('').length;
}

/** Fragments of real outputs, so that boxes nest, break and escape each other. */
const pieces = fc.array(
  fc.oneof(fc.constantFrom(...FRAGMENTS), fc.constantFrom('\\', '{', '}', '\\boxed{5}')),
  {
    maxLength: 25,
  },
);

test('a sample ends at the first box with a number that reading finds, wherever tokens are cut', () => {
  fc.assert(
    fc.property(pieces, (drawn) => {
      const prefixes = drawn.map((_, at) => drawn.slice(0, at + 1).join(''));
      const framed = (text: string) => boxesOf(text).some(({ bare, content }) => !bare && /\d/.test(content));
      expect(stopOf(drawn, 'aime', 'first')).toBe(prefixes.find(framed)?.length ?? null);
      const isOver = (text: string) => framed(text) && text.includes('</think>');
      expect(stopOf(drawn, 'aime', 'thought')).toBe(prefixes.find(isOver)?.length ?? null);
    }),
    { numRuns: 1000 },
  );
});

describe.each(EDITIONS.map(({ name }) => name))('%s', (edition) => {
  test.each([
    '\\boxed{}',
    '\\boxed{ }',
    '\\boxed{\\text{answer}}',
    '\\boxed{...}',
    '\\boxed{\\ldots}',
    '\\boxed{Your answer}',
  ])('goes on after %s, which holds a place', (box) => {
    expect(extractAnswer(box, editionOf(edition)).value).toBeNull();
    expect(stopOf([`in ${box}.`], edition, 'first')).toBeNull();
  });

  test('stops where the text so far has an answer', () => {
    expect(stopOf(['so ', '\\boxed{', '12', '}', '.'], edition, 'first')).toBe('so \\boxed{12}'.length);
    expect(extractAnswer('so \\boxed{12}', editionOf(edition)).value).not.toBeNull();
  });
});

test('in the free edition words and symbols are answers, too', () => {
  for (const answer of ['\\text{yes}', '\\pi', 'x+y', '\\emptyset', '\\text{the text}s'])
    expect(stopOf([`\\boxed{${answer}}`], 'free', 'first')).not.toBeNull();
});

test('asks for nothing where samples end as the model says', () => {
  expect(stopTextOf({ stopTexts: [], stopAtAnswer: 'never' }, null)).toBeNull();
  expect(stopTextOf({ stopTexts: ['\n\n'], stopAtAnswer: 'never' }, null)).toEqual({ strings: ['\n\n'] });
});
