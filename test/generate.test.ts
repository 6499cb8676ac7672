/** `boxed generate` as a user runs it, against a golden checkpoint and a bundled one. */
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { runCli } from './support/cli.js';
import { exportForTest, goldenFolder, readGolden, temporaryFolder } from './support/models.js';

interface Line {
  readonly id: string | number;
  readonly index: number;
  readonly tokens: readonly number[];
  readonly text: string | null;
  readonly finish: string;
  readonly logprobs: readonly number[];
  readonly seconds: number;
}

const PEBBLE = 'models/pebble-grpo';
const NAME = 'qwen2-tied-fp32';

let folder: string;
let golden: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  golden = join(folder, NAME);
  await cp(goldenFolder(NAME), golden, { recursive: true });
});

async function generate(model: string, lines: readonly unknown[], ...options: string[]) {
  const input = join(folder, 'in.jsonl');
  const output = join(folder, 'out.jsonl');
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  await writeFile(input, text);
  const result = await runCli(['generate', model, '--input', input, '--output', output, ...options]);
  const written = result.status === 0 ? await readFile(output, 'utf8') : '';
  const drawn = written.split('\n').filter((line) => line !== '');
  return { ...result, lines: drawn.map((line) => JSON.parse(line) as Line) };
}

const greedy48 = ['--greedy', '--ignore-eos', '--max-tokens', '48'];

describe('generate', () => {
  test('draws the reference tokens from lines of tokens, without a tokenizer', async () => {
    const { prompts, greedy } = await readGolden(NAME);
    const inputs = prompts.map((tokens, id) => ({ id, tokens }));
    const { status, lines } = await generate(golden, inputs, ...greedy48);
    expect(status).toBe(0);
    expect(lines.map(({ id, index, tokens, text, finish }) => ({ id, index, tokens, text, finish }))).toEqual(
      greedy.map((tokens, id) => ({ id, index: 0, tokens, text: null, finish: 'length' })),
    );
    for (const { tokens, logprobs } of lines) expect(logprobs).toHaveLength(tokens.length);
  });

  test('takes text and messages, n samples of each, in the order of the input', async () => {
    const question = 'Find the greatest common divisor of 112 and 72.';
    const inputs = [
      { id: 'chat', messages: [{ role: 'user', content: question }] },
      { id: 'raw', text: `<|user|>\n${question}\n<|assistant|>\n` },
    ];
    const { lines } = await generate(PEBBLE, inputs, '--samples', '3', '--seed', '1');
    expect(lines.map(({ id, index }) => `${id}/${index}`)).toEqual([
      'chat/0',
      'chat/1',
      'chat/2',
      'raw/0',
      'raw/1',
      'raw/2',
    ]);
    for (const { text, finish, tokens } of lines) {
      expect(finish).toBe('stop');
      expect(tokens.at(-1)).toBe(0);
      expect(text).toContain('</think>');
      expect(text).not.toContain('<|endoftext|>');
    }
  });

  test('the same seed draws the same, whatever the rows; another one does not', async () => {
    const inputs = [{ id: 'q', messages: [{ role: 'user', content: 'What is $20^5 \\bmod 9$?' }] }];
    const draw = async (...options: string[]) =>
      (
        await generate(
          PEBBLE,
          inputs,
          '--samples',
          '6',
          '--temperature',
          '1.5',
          '--top-p',
          '1',
          '--min-p',
          '0',
          ...options,
        )
      ).lines.map(({ tokens }) => tokens);
    const first = await draw('--seed', '7');
    expect(await draw('--seed', '7', '--rows', '2')).toEqual(first);
    expect(await draw('--seed', '8')).not.toEqual(first);
    expect(new Set(first.map((tokens) => tokens.join())).size).toBeGreaterThan(2);
  });

  test('serves lines with one id twice, and an export as a model', async () => {
    const exported = await runCli(['export', golden, '--json']);
    const { folder: place } = JSON.parse(exported.stdout) as { folder: string };
    const inputs = [
      { id: 'same', tokens: [5, 6] },
      { id: 'same', tokens: [5, 6] },
    ];
    const { lines } = await generate(place, inputs, ...greedy48);
    expect(lines.map(({ id }) => id)).toEqual(['same', 'same']);
    expect(lines[0]!.tokens).toEqual(lines[1]!.tokens);
  });

  test.each<[string, readonly unknown[], string[], string[]]>([
    ['a line that is not JSON', [{ id: 1, tokens: [1] }, '{"id"'], [], ['BadPromptError', 'in.jsonl:2']],
    ['a line without a prompt', [{ id: 1 }], [], ['BadPromptError', 'in.jsonl:1']],
    ['an empty prompt', [{ id: 1, tokens: [] }], [], ['BadPromptError']],
    ['a file without lines', [''], [], ['BadPromptError', 'no prompts']],
    [
      'a token outside the vocabulary',
      [{ id: 'far', tokens: [1, 9999] }],
      [],
      ['BadRequestError', 'far', '9999'],
    ],
    ['text where there is no tokenizer', [{ id: 1, text: 'x' }], [], ['NoTokenizerError']],
    [
      'a device that there is none of',
      [{ id: 1, tokens: [1] }],
      ['--device', 'tpu'],
      ['UsageError', '--device cpu'],
    ],
  ])('refuses %s', async (_, inputs, options, parts) => {
    const { status, stderr } = await generate(golden, inputs, ...options);
    expect(status).not.toBe(0);
    for (const part of parts) expect(stderr).toContain(part);
  });

  // Elsewhere the provider needs no driver of Vulkan's that could be hidden.
  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('refuses a device that does not work here before anything is exported (on Linux)', async () => {
    const [place, input, output] = ['untouched', 'one.jsonl', 'none.jsonl'].map((name) => join(folder, name));
    await writeFile(input!, '{"id":1,"tokens":[1]}');
    const options = ['--device', 'webgpu', '--export-dir', place!, '--input', input!, '--output', output!];
    const hidden = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
    const { status, stderr } = await runCli(['generate', golden, ...options], '', hidden);
    expect(status).toBe(1);
    expect(stderr).toContain('ProviderUnavailableError');
    expect(stderr).toContain('Vulkan');
    expect(existsSync(place!)).toBe(false);
  });

  const withFullDevice = existsSync('/dev/full') ? test : test.skip;
  withFullDevice('says so when the disk fills up (where the system has /dev/full)', async () => {
    const input = join(folder, 'many.jsonl');
    await writeFile(input, '{"id":1,"tokens":[1]}');
    const args = ['--input', input, '--output', '/dev/full', '--samples', '4', '--max-tokens', '8'];
    const { status, stderr } = await runCli(['generate', golden, ...args]);
    expect(stderr).toContain('FileAccessError');
    expect(stderr).toContain('ENOSPC');
    expect(status).toBe(1);
  });

  test('a tokenizer that does not fit the model stops texts, and not tokens', async () => {
    const copy = join(await temporaryFolder(), 'copy');
    await cp((await exportForTest(PEBBLE)).folder, copy, { recursive: true });
    const file = join(copy, 'tokenizer.json');
    const tokenizer = JSON.parse(await readFile(file, 'utf8')) as { added_tokens: object[] };
    tokenizer.added_tokens.push({ id: 512, content: '<new>' });
    await writeFile(file, JSON.stringify(tokenizer));
    const refused = await generate(copy, [{ id: 1, text: 'a' }], '--max-tokens', '1');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('ids up to 512, and the embedding only 512 rows');
    const drawn = await generate(copy, [{ id: 1, tokens: [1] }], '--max-tokens', '1');
    expect(drawn.lines).toHaveLength(1);
  });

  test('refuses an output that cannot be written before it draws', async () => {
    const input = join(folder, 'one.jsonl');
    await writeFile(input, '{"id":1,"tokens":[1]}');
    const { status, stderr } = await runCli([
      'generate',
      golden,
      '--input',
      input,
      '--output',
      join(input, 'out'),
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain('FileAccessError');
  });
});
