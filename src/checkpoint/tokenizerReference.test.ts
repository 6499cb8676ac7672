/** Against Hugging Face's Python libraries; test/fixtures/tokenizers/generate.py makes what is expected. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { type ChatMessage, compileChatTemplate } from './chatTemplate.js';
import { repositoryFolder } from './testing.js';
import { ChatTokenizer } from './tokenizer.js';

const FOLDER = repositoryFolder('test/fixtures/tokenizers');

interface Expected {
  /** Without and with the tokens that go around every text. */
  readonly encoded: readonly (readonly [string, readonly number[]])[];
  readonly whole: readonly (readonly [string, readonly number[]])[];
  readonly decoded: readonly (readonly [readonly number[], string])[];
  /** `null` where the template raises. */
  readonly chats: readonly (readonly [readonly ChatMessage[], string | null])[];
}

async function readJson<Content>(...path: readonly string[]): Promise<Content> {
  return JSON.parse(await readFile(join(FOLDER, ...path), 'utf8')) as Content;
}

describe.each(['qwen2', 'llama3', 'mistral', 'metaspace'])('%s', (family) => {
  let tokenizer: ChatTokenizer;
  let expected: Expected;
  beforeAll(async () => {
    tokenizer = await ChatTokenizer.open(join(FOLDER, family));
    expected = await readJson<Expected>(family, 'expected.json');
  });

  test('encodes texts', () => {
    const { encoded, whole } = expected;
    expect(encoded.map(([text]) => [text, tokenizer.encodeContinuation(text)])).toEqual(encoded);
    expect(whole.map(([text]) => [text, tokenizer.encode(text)])).toEqual(whole);
  });

  test('decodes ids, those of cut characters and any others too', () => {
    const { decoded } = expected;
    expect(decoded.map(([ids]) => [ids, tokenizer.decode(ids)])).toEqual(decoded);
  });

  test('renders conversations, or refuses them', () => {
    const rendered = expected.chats.map(([messages]) => {
      try {
        return [messages, tokenizer.renderChat(messages)];
      } catch (error) {
        expect(error).toMatchObject({ name: 'ChatTemplateError' });
        return [messages, null];
      }
    });
    expect(rendered).toEqual(expected.chats);
  });

  test('halves of a character are U+FFFD, and long texts are one piece', () => {
    expect(tokenizer.encodeContinuation('a\ud83d b\ude00')).toEqual(
      tokenizer.encodeContinuation('a\ufffd b\ufffd'),
    );
    const long = '漢字word'.repeat(2_000);
    expect(tokenizer.decode(tokenizer.encodeContinuation(long)).trimStart()).toBe(long);
  });
});

test('constructs of templates one by one', async () => {
  const { messages, special, cases } = await readJson<{
    readonly messages: readonly ChatMessage[];
    readonly special: Readonly<Record<string, string>>;
    readonly cases: readonly (readonly [string, string | null])[];
  }>('constructs.json');
  const rendered = cases.map(([source]) => {
    const template = compileChatTemplate('constructs.json', source);
    try {
      return [source, template(messages, special)];
    } catch {
      return [source, null];
    }
  });
  expect(rendered).toEqual(cases);
});
