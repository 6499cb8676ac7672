import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { repositoryFolder } from './testing.js';
import { WindowStream } from './textStream.js';
import { ChatTokenizer } from './tokenizer.js';

const FAMILIES = ['qwen2', 'llama3', 'mistral', 'metaspace'];

describe.each(FAMILIES)('%s', (family) => {
  let tokenizer: ChatTokenizer;
  beforeAll(async () => {
    tokenizer = await ChatTokenizer.open(join(repositoryFolder('test/fixtures/tokenizers'), family));
  });

  /** Each prefix of `ids`: decoded at once, and as it came. */
  function prefixes(ids: readonly number[]): { readonly whole: string; readonly streamed: string }[] {
    const stream = tokenizer.stream();
    let certain = '';
    return ids.map((id, at) => {
      certain += stream.push(id);
      return { whole: tokenizer.decode(ids.slice(0, at + 1)), streamed: certain + stream.pending };
    });
  }

  test('gives the text of all tokens so far, but for a character that is not whole', () => {
    const ids = fc.array(fc.nat(tokenizer.vocabSize + 3), { maxLength: 24 });
    fc.assert(
      fc.property(ids, (drawn) => {
        for (const { whole, streamed } of prefixes(drawn)) {
          expect(whole.slice(0, streamed.length)).toBe(streamed);
          expect(whole.slice(streamed.length)).toMatch(/^\ufffd*$/);
        }
      }),
    );
  });

  test('has nothing missing where no character is cut', () => {
    const text = fc.string({ unit: 'binary', maxLength: 12 });
    fc.assert(
      fc.property(text, (written) => {
        const last = prefixes(tokenizer.encodeContinuation(`${written}.`)).at(-1)!;
        expect(last.streamed).toBe(last.whole);
        for (const { whole, streamed } of prefixes(tokenizer.encodeContinuation(`${written}.`)))
          expect(whole.startsWith(streamed)).toBe(true);
      }),
    );
  });
});

test('byte tokens are pending until their run ends, since one byte more may change them all', () => {
  const run = (tokens: readonly string[]) =>
    Buffer.from(tokens.map((token) => Number.parseInt(token.slice(3, 5), 16))).toString();
  const stream = new WindowStream((tokens) =>
    tokens.every((token) => token.startsWith('<0x')) ? run(tokens) : 'text',
  );
  expect(['<0xE4>', '<0xBD>', '<0xA0>'].map((token) => [stream.push(token), stream.pending])).toEqual([
    ['', ''],
    ['', ''],
    ['', '\u4f60'],
  ]);
});

test('takes a run of bytes that never ends in parts', () => {
  const stream = new WindowStream((tokens) => 'a'.repeat(tokens.length));
  const certain = Array.from({ length: 1000 }, () => stream.push('<0x61>')).join('');
  expect(certain.length).toBeGreaterThan(500);
  expect(certain + stream.pending).toBe('a'.repeat(1000));
});
