import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FRAGMENTS, randomTexts } from '../../test/support/randomTexts.js';
import { EDITIONS, editionOf } from '../problems/editions.js';
import { CONTENT_CASES } from './contentCases.js';
import { extractAnswer, firstSpanOfFinalAnswer, RULES } from './extract.js';
import { TEXT_CASES } from './textCases.js';

const aimo3 = editionOf('aimo3');
const asBigint = (value: number | null) => (value === null ? null : BigInt(value));
const shorten = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

describe('contents of a box', () => {
  test.each(CONTENT_CASES.map((row) => [row.source, shorten(row.content), row] as const))(
    '%s: %s',
    (_source, _content, { content, value }) => {
      const before = 'So the answer is $';
      const box = `\\boxed{${content}}`;
      const answer = extractAnswer(`${before}${box}$.`, aimo3);
      expect(answer).toMatchObject({ value: asBigint(value) });
      if (value === null) expect(answer.span).toBeNull();
      else expect(answer.span).toEqual([before.length, before.length + box.length]);
    },
  );
});

describe('whole texts', () => {
  test.each(TEXT_CASES.map((row) => [row.source, row.edition, shorten(row.text), row] as const))(
    '%s, %s: %j',
    (_source, _edition, _text, { text, edition, value, rule, warning }) => {
      const answer = extractAnswer(text, editionOf(edition));
      expect(answer).toMatchObject({ value: asBigint(value), rule });
      if (warning === null) expect(answer.warning).toBeNull();
      else expect(answer.warning).toContain(warning);
    },
  );

  test('a span is the box itself, and the text up to its end gives the answer', () => {
    const text = 'Then \\boxed{41}, no: \\boxed{ \\frac{84}{2} } is right. \\boxed{';
    const answer = extractAnswer(text, aimo3);
    expect(text.slice(...answer.span!)).toBe('\\boxed{ \\frac{84}{2} }');
    expect(extractAnswer(text.slice(0, answer.span![1]), aimo3)).toEqual(answer);
  });
});

describe('the first offset that gives the final answer', () => {
  test.each([
    ['\\boxed{42}', 10],
    ['\\boxed{42} and \\boxed{42}', 10],
    ['\\boxed{41} and \\boxed{42} and \\boxed{042}', 25],
    ['\\boxed{42} \\boxed{41} \\boxed{42}', 32],
    ['\\boxed{42} \\boxed{} \\boxed{6\\cdot 7} \\boxed{4', 10],
    ['\\boxed{42} \\boxed{1/3} \\boxed{42}', 33],
    ['\\boxed{\\boxed{42}}', 17],
    ['\\boxed{42} \\boxed 42', 20],
    ['\\boxed{7} \\boxed 7', 9],
    ['Final Answer: 42 and', null],
    ['**Final Answer: 42**', 18],
    ['nothing', null],
    ['\\boxed{42} \\boxed{1/3}', null],
  ])('%s', (text, offset) => {
    expect(firstSpanOfFinalAnswer(text, aimo3)).toBe(offset);
  });
});

const fragmentTexts = fc
  .array(fc.constantFrom(...FRAGMENTS), { maxLength: 24 })
  .map((parts) => parts.join(''));
const mutatedTexts = fc
  .tuple(
    fc.constantFrom(
      ...CONTENT_CASES.filter(({ content }) => content.length < 100).map(
        ({ content }) => `\\boxed{${content}}`,
      ),
      ...TEXT_CASES.map(({ text }) => text),
    ),
    fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), fc.constantFrom(...FRAGMENTS)), {
      maxLength: 3,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((current, [where, removed, inserted]) => {
      const at = Math.floor(where * current.length);
      return current.slice(0, at) + inserted + current.slice(at + removed);
    }, text),
  );
const texts = fc.oneof(fragmentTexts, mutatedTexts, fc.string({ unit: 'binary', maxLength: 60 }));
const editions = fc.constantFrom(...EDITIONS.filter((edition) => edition.name !== 'free'));

describe('for any text', () => {
  test('an answer is in range, its span in the text, its rule known, and reading it again changes nothing', () => {
    const rules = new Set<string>();
    fc.assert(
      fc.property(texts, editions, (text, edition) => {
        const answer = extractAnswer(text, edition);
        rules.add(answer.rule);
        if (answer.value === null) {
          expect(answer.span).toBeNull();
          expect(answer.rule === 'none').toBe(answer.warning === null);
          return;
        }
        const [start, end] = answer.span!;
        const value = answer.value as bigint;
        expect(value >= edition.min && value <= edition.max).toBe(true);
        expect(0 <= start && start < end && end <= text.length).toBe(true);
        expect(extractAnswer(text.slice(0, end), edition)).toEqual(answer);
        expect(extractAnswer(`\\boxed{${answer.value}}`, edition)).toMatchObject({
          value: answer.value,
          warning: null,
        });
        expect(extractAnswer(`${text}\n\\boxed{`, edition).value).toBe(answer.value);
      }),
      { numRuns: 10_000, seed: 1 },
    );
    // The generator would prove nothing if it never reached the paths.
    expect([...rules].sort()).toEqual([...RULES].sort());
  });

  test('from the first offset on every prefix gives the final answer, and for boxes the one before does not', () => {
    fc.assert(
      fc.property(texts, editions, (text, edition) => {
        const { value, rule } = extractAnswer(text, edition);
        const first = firstSpanOfFinalAnswer(text, edition);
        expect(first === null).toBe(value === null);
        if (first === null) return;
        for (let end = first; end <= text.length; end++)
          expect([end, extractAnswer(text.slice(0, end), edition).value]).toEqual([end, value]);
        const before = extractAnswer(text.slice(0, first - 1), edition);
        if (rule !== 'final-answer' && before.rule !== 'final-answer') expect(before.value).not.toBe(value);
      }),
      { numRuns: 2_000, seed: 2 },
    );
  });
});

describe('long texts', () => {
  const long = (unit: string, characters = 100_000) => unit.repeat(Math.ceil(characters / unit.length));
  test.each([
    ['open braces', long('{'), null],
    ['unfinished boxes', long('\\boxed{'), null],
    ['bare commands', long('\\boxed '), null],
    ['backslashes', long('\\'), null],
    ['empty boxes', long('\\boxed{}'), null],
    [
      'different prose boxes',
      Array.from({ length: 5_000 }, (_, i) => `\\boxed{word${'s'.repeat(i % 50)}}`).join(''),
      null,
    ],
    ['equal boxes', long('\\boxed{\\frac{84}{2}} '), 42n],
    ['final answers without a value', long('\nFinal Answer: none '), null],
    ['spaces after a command', `\\boxed${long(' ')}{42}`, 42n],
    [
      'different expressions of one value',
      Array.from({ length: 3_000 }, (_, i) => `\\boxed{1000! - 1000! + 42 + ${i} - ${i}}`).join(''),
      42n,
    ],
    ['one digit run', `\\boxed{${long('9')}}`, null],
    ['prose, then a box', `${long('Let us compute $x^{2} + 1$. ')}\\boxed{42}`, 42n],
  ])('%s', (_name, text, value) => {
    expect(extractAnswer(text, aimo3).value).toBe(value);
    expect(firstSpanOfFinalAnswer(text, aimo3) === null).toBe(value === null);
  });
});

describe('random and mutated texts', () => {
  /** Says which seed to repeat when something fails. */
  function soak(seed: number): void {
    const rules = new Set<string>();
    for (const text of randomTexts(seed, 5_000))
      for (const edition of [editionOf('free'), aimo3]) {
        let answer: ReturnType<typeof extractAnswer>;
        let first: number | null;
        try {
          answer = extractAnswer(text, edition);
          first = firstSpanOfFinalAnswer(text, edition);
        } catch (error) {
          throw new Error(`seed ${seed}, edition ${edition.name}, text ${JSON.stringify(text)}`, {
            cause: error,
          });
        }
        rules.add(answer.rule);
        expect([seed, text, first === null]).toEqual([seed, text, answer.value === null]);
      }
    expect([seed, [...rules].sort()]).toEqual([seed, [...RULES].sort()]);
  }

  test('of a fixed seed', () => soak(1));

  test('of a seed of today', () => soak(Math.floor(Date.now() / 1000)));
});
