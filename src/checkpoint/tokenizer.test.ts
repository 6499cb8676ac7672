import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { editJson, PEBBLE, TIED, withCopy, withFolder } from './testing.js';
import { ChatTokenizer } from './tokenizer.js';

let pebble: ChatTokenizer;
beforeAll(async () => {
  pebble = await ChatTokenizer.open(PEBBLE);
});

const USER = { role: 'user', content: 'The sum is 12.' } as const;

/** Opens a copy of the bundled tokenizer after `change`. */
function openAfter(change: (folder: string) => Promise<unknown>): Promise<ChatTokenizer> {
  return withCopy(PEBBLE, async (folder) => {
    await change(folder);
    return await ChatTokenizer.open(folder);
  });
}
const setConfig = (fields: object) => (folder: string) =>
  editJson(join(folder, 'tokenizer_config.json'), (config) => Object.assign(config, fields));
const setTokenizer = (fields: object) => (folder: string) =>
  editJson(join(folder, 'tokenizer.json'), (tokenizer) => Object.assign(tokenizer, fields));

describe('the bundled tokenizer', () => {
  test('the prompt of a problem', () => {
    expect(pebble.renderChat([USER])).toBe('<|user|>\nThe sum is 12.\n<|assistant|>\n');
    // By hand from the vocabulary and merges of tokenizer.json: <|user|>, line break, "The", " sum", " is", " ",
    // "1", "2", "." with the line break, <|assistant|>, line break.
    expect(pebble.encodeChat([USER])).toEqual([1, 203, 269, 342, 266, 225, 21, 22, 262, 2, 203]);
  });

  test('earlier turns end with the end token', () => {
    const text = pebble.renderChat([USER, { role: 'assistant', content: 'Yes.' }, USER]);
    expect(text).toBe(
      '<|user|>\nThe sum is 12.\n<|assistant|>\nYes.<|endoftext|><|user|>\nThe sum is 12.\n<|assistant|>\n',
    );
  });

  test('what it says of itself', () => {
    expect([pebble.vocabSize, pebble.eosToken]).toEqual([512, '<|endoftext|>']);
    expect([pebble.tokenId('</think>'), pebble.tokenId('<|endoftext|>'), pebble.tokenId('<none>')]).toEqual([
      4,
      0,
      null,
    ]);
  });

  test('tags stay and spaces are not cleaned up', () => {
    const text = "<think>so it 's 3 , no ?</think> \\boxed{3} .<|endoftext|>";
    expect(pebble.decode(pebble.encode(text))).toBe(text);
  });

  test('any text comes back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({
        unit: fc.constantFrom('<think>', '</think>', ' ', '\n', 'é', '😀', '한', '12', '\ufeff', 'is'),
        maxLength: 30,
      }),
    );
    fc.assert(
      fc.property(text, (drawn) => {
        expect(pebble.decode(pebble.encode(drawn))).toBe(drawn);
      }),
    );
  });

  test('no tokens and ids without a token have no text', () => {
    expect([pebble.decode([]), pebble.decode([600]), pebble.decode([600, 21, 512])]).toEqual(['', '', '1']);
    expect([pebble.encode(''), pebble.encodeContinuation('')]).toEqual([[], []]);
  });
});

describe('tokensCovering', () => {
  /** The first prefix, by trying each, that gives the first characters of the whole. */
  function slowly(tokens: readonly number[], characters: number): number {
    const wanted = pebble.decode(tokens).slice(0, characters);
    let length = 0;
    while (!pebble.decode(tokens.slice(0, length)).startsWith(wanted)) length++;
    return length;
  }

  test('a character of several tokens is covered by its last', () => {
    const tokens = pebble.encode('1😀2');
    expect(tokens).toHaveLength(6);
    expect([0, 1, 2, 3, 4].map((characters) => pebble.tokensCovering(tokens, characters))).toEqual([
      0, 1, 5, 5, 6,
    ]);
  });

  test('a byte that belongs to no character is covered by itself', () => {
    const [first] = pebble.encode('😀');
    const tokens = [21, first!, 22];
    expect(pebble.decode(tokens)).toBe('1\ufffd2');
    expect([1, 2, 3].map((characters) => pebble.tokensCovering(tokens, characters))).toEqual([1, 2, 3]);
  });

  test('agrees with trying each prefix, on any tokens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 511 }), { maxLength: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (tokens, share) => {
          const characters = Math.round(share * pebble.decode(tokens).length);
          expect(pebble.tokensCovering(tokens, characters)).toBe(slowly(tokens, characters));
        },
      ),
    );
  });

  test('more characters than there are', () => {
    expect(() => pebble.tokensCovering([21], 2)).toThrow(RangeError);
    expect(() => pebble.tokensCovering([21], -1)).toThrow(RangeError);
    expect(() => pebble.tokensCovering([21], 0.5)).toThrow(RangeError);
  });
});

describe('special tokens', () => {
  const bos = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<|user|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { '<|user|>': { id: '<|user|>', ids: [1], tokens: ['<|user|>'] } },
  };

  test('are added to a whole prompt, and to nothing else', async () => {
    const tokenizer = await openAfter(setTokenizer({ post_processor: bos }));
    expect(tokenizer.encode('12')).toEqual([1, 21, 22]);
    expect(tokenizer.encodeContinuation('12')).toEqual([21, 22]);
    expect(tokenizer.encodeChat([USER])).toEqual(pebble.encodeChat([USER]));
  });

  test('that have no id are refused by name', async () => {
    const unknown = { ...bos, single: [{ SpecialToken: { id: '<none>', type_id: 0 } }, bos.single[1]] };
    const tokenizer = await openAfter(setTokenizer({ post_processor: unknown }));
    expect(() => tokenizer.encode('12')).toThrow(
      expect.objectContaining({ name: 'TokenizerError', message: expect.stringContaining('"<none>"') }),
    );
  });

  test('may be written as objects', async () => {
    const fields = {
      bos_token: { __type: 'AddedToken', content: '<|user|>' },
      eos_token: { content: '</think>' },
      chat_template: '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}',
    };
    const tokenizer = await openAfter(setConfig(fields));
    expect(tokenizer.eosToken).toBe('</think>');
    expect(tokenizer.renderChat([USER])).toBe('<|user|>The sum is 12.</think>');
  });

  test('may be none', async () => {
    expect((await openAfter(setConfig({ eos_token: null }))).eosToken).toBeNull();
  });
});

describe('the chat template', () => {
  const named = (name: string) => [
    { name: 'tool_use', template: 'tools' },
    { name, template: 'named {{ messages[0].content }}' },
  ];

  test('the one called default among several', async () => {
    const tokenizer = await openAfter(setConfig({ chat_template: named('default') }));
    expect(tokenizer.renderChat([USER])).toBe('named The sum is 12.');
  });

  test('a file of its own goes before tokenizer_config.json', async () => {
    const tokenizer = await openAfter((folder) =>
      writeFile(join(folder, 'chat_template.jinja'), 'from the file'),
    );
    expect(tokenizer.renderChat([USER])).toBe('from the file');
  });

  test.each([[null], [named('rag')]])('%j is none: text is still encoded', async (chat_template) => {
    const tokenizer = await openAfter(setConfig({ chat_template }));
    expect(tokenizer.encode('12')).toEqual([21, 22]);
    for (const use of [() => tokenizer.renderChat([USER]), () => tokenizer.encodeChat([USER])])
      expect(use).toThrow(
        expect.objectContaining({ name: 'NoChatTemplateError', hint: expect.stringContaining('{"text"') }),
      );
  });

  test('one that is broken is refused at once, by file', async () => {
    await expect(openAfter(setConfig({ chat_template: '{% for %}' }))).rejects.toMatchObject({
      name: 'ChatTemplateError',
      place: { file: expect.stringMatching(/tokenizer_config\.json$/) },
    });
  });
});

describe('promptDigest', () => {
  test('follows the vocabulary, the template and the special tokens, and nothing else', async () => {
    const digests = await Promise.all(
      [
        setConfig({}),
        setConfig({ chat_template: 'x' }),
        setConfig({ eos_token: '</think>' }),
        setTokenizer({ normalizer: { type: 'NFC' } }),
        setConfig({ remove_space: true, do_lowercase_and_remove_accent: true }),
        setTokenizer({ added_tokens: [] }),
        (folder: string) => writeFile(join(folder, 'chat_template.jinja'), 'y'),
      ].map(async (change) => (await openAfter(change)).promptDigest),
    );
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(digests[0]).toBe(pebble.promptDigest);
    expect(digests[4]).toBe(pebble.promptDigest);
    expect(new Set(digests).size).toBe(6);
  });
});

test('spaces that become marks are where pieces begin, unless split is off', async () => {
  // "a▁b" is a token, and "a b" has it only where the text stays in one piece.
  const vocab = Object.fromEntries(['▁', 'a', 'b', '▁b', 'a▁b'].map((token, id) => [token, id]));
  const model = {
    type: 'BPE',
    vocab,
    merges: [
      ['▁', 'b'],
      ['a', '▁b'],
    ],
  };
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' };
  const ids = async (settings: object) => {
    const pre_tokenizer = { ...metaspace, ...settings };
    const tokenizer = await openAfter(setTokenizer({ model, pre_tokenizer, added_tokens: [] }));
    return tokenizer.encode(' a b');
  };
  expect(await ids({ split: false })).toEqual([0, 4]);
  expect(await ids({})).toEqual([0, 1, 3]);
});

test('settings of tokenizer_config.json do not change the ids', async () => {
  const tokenizer = await openAfter(setConfig({ remove_space: true, do_lowercase_and_remove_accent: true }));
  expect(tokenizer.encodeChat([USER])).toEqual(pebble.encodeChat([USER]));
});

function split(behavior: string, invert: boolean) {
  return { type: 'Split', pattern: { Regex: '\\p{L}+' }, behavior, invert };
}

describe('errors', () => {
  test('a checkpoint without a tokenizer', async () => {
    await expect(ChatTokenizer.open(TIED)).rejects.toMatchObject({
      name: 'NoTokenizerError',
      message: expect.stringContaining('no tokenizer.json and no tokenizer_config.json'),
    });
  });

  test.each(['tokenizer.json', 'tokenizer_config.json'])('%s alone is missing', async (name) => {
    await expect(openAfter((folder) => rm(join(folder, name)))).rejects.toMatchObject({
      name: 'NoTokenizerError',
      message: expect.stringContaining(`there is no ${name}`),
    });
  });

  test('a tokenizer in another form', async () => {
    const open = withFolder({ 'tokenizer.model': '', 'tokenizer_config.json': {} }, (folder) =>
      ChatTokenizer.open(folder),
    );
    await expect(open).rejects.toMatchObject({
      name: 'NoTokenizerError',
      hint: expect.stringContaining('tokenizer.model: convert'),
    });
  });

  test.each(['tokenizer.json', 'tokenizer_config.json'])('%s is not JSON', async (name) => {
    await expect(openAfter((folder) => writeFile(join(folder, name), '{"a":\n1,}'))).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      place: { file: expect.stringContaining(name), line: 2 },
    });
  });

  test.each([
    ['tokenizer_config.json', setConfig({ eos_token: 7 }), 'eos_token'],
    ['tokenizer_config.json', setConfig({ chat_template: 7 }), 'chat_template'],
    ['tokenizer.json', setTokenizer({ model: null }), 'model'],
    ['tokenizer.json', setTokenizer({ added_tokens: [{ id: -1, content: 'a' }] }), 'added_tokens.0.id'],
    ['tokenizer.json', setTokenizer({ pre_tokenizer: 'words' }), 'pre_tokenizer'],
  ])('a bad field of %s', async (name, change, field) => {
    await expect(openAfter(change)).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      place: { file: expect.stringContaining(name), field },
    });
  });

  const setModel = (fields: object) => (folder: string) =>
    editJson(join(folder, 'tokenizer.json'), ({ model }) => Object.assign(model as object, fields));

  test.each([
    ['model.vocab', setModel({ vocab: ['a'] }), 'an object of ids'],
    ['model.vocab', setModel({ vocab: { a: -1 } }), '"a" has -1'],
    ['model.vocab', setModel({ vocab: { a: 1e9 } }), '"a" has 1000000000'],
    ['model.merges', setModel({ merges: null }), 'a list of merges'],
    ['model.merges.0', setModel({ merges: ['a b c'] }), 'two tokens'],
    ['model.merges.0', setModel({ merges: [7] }), 'two tokens'],
    ['model.merges.0', setModel({ merges: [['t', '<none>']] }), '"<none>"'],
    ['model.unk_token', setModel({ unk_token: '<none>' }), '"<none>"'],
  ])('a vocabulary that does not hold together: %s', async (field, change, message) => {
    await expect(openAfter(change)).rejects.toMatchObject({
      name: 'InvalidCheckpointFileError',
      message: expect.stringContaining(message),
      place: { file: expect.stringMatching(/tokenizer\.json$/), field },
    });
  });

  test.each([
    ['model.type', setModel({ type: 'Unigram' }), 'Unigram'],
    ['model.end_of_word_suffix', setModel({ end_of_word_suffix: '</w>' }), '"</w>"'],
    [
      'pre_tokenizer',
      setTokenizer({ pre_tokenizer: split('MergedWithPrevious', false) }),
      'MergedWithPrevious',
    ],
    ['pre_tokenizer', setTokenizer({ pre_tokenizer: split('Isolated', true) }), 'invert true'],
  ])('what would be encoded wrongly: %s', async (field, change, message) => {
    await expect(openAfter(change)).rejects.toMatchObject({
      name: 'TokenizerError',
      message: expect.stringContaining(message),
      place: { file: expect.stringMatching(/tokenizer\.json$/), field },
    });
  });

  test('a kind of tokenizer that the library does not know', async () => {
    await expect(openAfter(setTokenizer({ decoder: { type: 'Telepathy' } }))).rejects.toMatchObject({
      name: 'TokenizerError',
      message: expect.stringContaining('Telepathy'),
      place: { file: expect.stringMatching(/tokenizer\.json$/) },
    });
  });
});
