import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { folderWith } from './safetensors.fixture.js';
import { ChatTemplateError, ChatTokenizer, NoChatTemplateError, NoTokenizerError } from './tokenizer.js';

const FOLDER = 'models/pebble-sft';
const QUESTION = [{ role: 'user', content: 'Compute $\\gcd(84,36)$.' }];

let tokenizer: ChatTokenizer;
let definition: string;
let config: Record<string, unknown>;

beforeAll(async () => {
  tokenizer = await ChatTokenizer.open(FOLDER);
  definition = await readFile(`${FOLDER}/tokenizer.json`, 'utf8');
  config = JSON.parse(await readFile(`${FOLDER}/tokenizer_config.json`, 'utf8')) as Record<string, unknown>;
});

const openWith = async (changes: Record<string, unknown>, more: Record<string, string> = {}) =>
  ChatTokenizer.open(
    await folderWith({
      'tokenizer.json': definition,
      'tokenizer_config.json': JSON.stringify({ ...config, ...changes }),
      ...more,
    }),
  );

describe('ChatTokenizer', () => {
  test('renders and encodes the prompt that the checkpoints were trained on', () => {
    expect(tokenizer.renderChat(QUESTION)).toBe('<|user|>\nCompute $\\gcd(84,36)$.\n<|assistant|>\n');
    const { vocab } = (JSON.parse(definition) as { model: { vocab: Record<string, number> } }).model;
    const tokens = tokenizer.encodeChat([{ role: 'user', content: '12=3' }]);
    expect(tokens).toEqual(
      ['<|user|>', 'Ċ', '1', '2', '=', '3', 'Ċ', '<|assistant|>', 'Ċ'].map((token) => vocab[token]),
    );
  });

  test('keeps special tokens in the text', () => {
    expect(tokenizer.decode(tokenizer.encode('<think>\n3*4=12\n</think>\n'))).toBe(
      '<think>\n3*4=12\n</think>\n',
    );
    expect(tokenizer.decode([])).toBe('');
  });

  test('gives every text back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  test('knows how many tokens a number of characters takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), fc.nat(100), (text, at) => {
        fc.pre(!text.includes('\uFFFD'));
        const tokens = tokenizer.encode(text);
        const characters = 1 + (at % text.length);
        const count = tokenizer.tokensCovering(tokens, characters);
        const visible = (n: number) => tokenizer.decode(tokens.slice(0, n)).replace(/\uFFFD+$/, '').length;
        expect(visible(count)).toBeGreaterThanOrEqual(characters);
        expect(visible(count - 1)).toBeLessThan(characters);
      }),
    );
  });

  test('takes the default of several templates, or the one in its own file', async () => {
    const several = [
      { name: 'tool_use', template: 'no' },
      { name: 'default', template: '{{ messages[0].content }}{{ eos_token }}' },
    ];
    expect((await openWith({ chat_template: several })).renderChat([{ role: 'user', content: 'x' }])).toBe(
      'x<|endoftext|>',
    );
    const own = await openWith(
      { chat_template: null },
      { 'chat_template.jinja': 'file: {{ messages[0].content }}' },
    );
    expect(own.renderChat([{ role: 'user', content: 'x' }])).toBe('file: x');
    const object = await openWith({ eos_token: { content: '<e>' }, chat_template: '{{ eos_token }}' });
    expect(object.renderChat([])).toBe('<e>');
  });

  test('has a digest that changes with what decides the prompt', async () => {
    expect((await openWith({})).promptDigest).toBe(tokenizer.promptDigest);
    expect((await openWith({ chat_template: 'x' })).promptDigest).not.toBe(tokenizer.promptDigest);
    expect((await openWith({ eos_token: '<e>' })).promptDigest).not.toBe(tokenizer.promptDigest);
  });

  test('says when there is no template, when it refuses, and when there is no tokenizer', async () => {
    const bare = await openWith({ chat_template: undefined });
    expect(() => bare.renderChat(QUESTION)).toThrow(NoChatTemplateError);
    expect(bare.encode('1+1').length).toBe(3);
    const strict = await openWith({ chat_template: "{{ raise_exception('only system') }}" });
    expect(() => strict.renderChat(QUESTION)).toThrow(ChatTemplateError);
    expect(() => strict.renderChat(QUESTION)).toThrow('only system');
    const broken = await openWith({ chat_template: '{% if %}' });
    expect(() => broken.renderChat(QUESTION)).toThrow(ChatTemplateError);
    await expect(ChatTokenizer.open(await folderWith({}))).rejects.toThrow(NoTokenizerError);
  });
});
