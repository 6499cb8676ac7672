/** `--stop-text` and `--stop-at-answer` as a user gives them: where samples end, what the run records and refuses. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ChatTokenizer } from '../src/checkpoint/tokenizer.js';
import { runCli } from './support/cli.js';
import { fewProblems } from './support/fewProblems.js';
import { goldenFolder, temporaryFolder } from './support/models.js';

const MODEL = 'models/pebble-sft';
const PROBLEMS = 12;

interface Sample {
  readonly problemId: string;
  readonly index: number;
  readonly tokens: readonly number[];
  readonly text: string;
  readonly finish: string;
  readonly answerEnd: number | null;
}

let folder: string;
let problems: string;
let tokenizer: ChatTokenizer;

beforeAll(async () => {
  folder = await temporaryFolder();
  problems = await fewProblems(folder, PROBLEMS);
  tokenizer = await ChatTokenizer.open(MODEL);
});

const evaluate = (out: string, ...more: string[]) =>
  runCli(['evaluate', '--model', MODEL, '--problems', problems, '--samples', '4', '--out', out, ...more]);

async function linesOf<Line>(file: string): Promise<Line[]> {
  return (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

async function samplesOf(out: string): Promise<Map<string, Sample>> {
  const samples = await linesOf<Sample>(join(out, 'samples.jsonl'));
  return new Map(samples.map((sample) => [`${sample.problemId}/${sample.index}`, sample]));
}

describe('evaluate', () => {
  test('ends samples at their answer, each a beginning of what it would have been', async () => {
    const [whole, first, thought] = ['whole', 'first', 'thought'].map((name) => join(folder, name));
    expect((await evaluate(whole!)).status).toBe(0);
    expect((await evaluate(first!, '--stop-at-answer')).status).toBe(0);
    expect((await evaluate(thought!, '--stop-at-answer', 'thought')).status).toBe(0);
    const all = await samplesOf(whole!);
    const byAnswer = await samplesOf(first!);
    expect(byAnswer.size).toBe(4 * PROBLEMS);
    let shorter = 0;
    for (const [key, { tokens, text, finish, answerEnd }] of byAnswer) {
      const uncut = all.get(key)!;
      expect(uncut.tokens.slice(0, tokens.length)).toEqual(tokens);
      if (finish !== 'stop' || tokens.length === uncut.tokens.length) continue;
      shorter += 1;
      expect(text).toBe(tokenizer.decode(tokens));
      expect(tokenizer.decode(tokens.slice(0, -1))).not.toMatch(/\\boxed\{\d+\}/);
      expect(answerEnd).toBe(tokens.length);
    }
    expect(shorter).toBeGreaterThan(2 * PROBLEMS);
    for (const { text, finish, tokens } of (await samplesOf(thought!)).values())
      if (finish === 'stop' && tokens.at(-1) !== 0)
        expect(text).toMatch(/\\boxed\{\d+\}.*<\/think>|<\/think>.*\\boxed\{\d+\}/s);
    const settings = (await runCli(['score', first!, '--answers', problems])).stdout;
    expect(settings).toContain('Samples ended at their first box');
  });

  test('records where samples end, and goes on with nothing else', async () => {
    const out = join(folder, 'texts');
    const texts = ['--stop-text', '</think>', '--stop-text', '\n\n', '--no-loop-stop'];
    expect((await evaluate(out, ...texts)).status).toBe(0);
    const { settings } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as {
      settings: Record<string, unknown>;
    };
    expect(settings).toMatchObject({
      stopTexts: ['</think>', '\n\n'],
      stopAtAnswer: 'never',
      stopLoops: false,
    });
    expect((await evaluate(out, ...texts)).stderr).toContain('nothing left to draw');
    for (const [options, field] of [
      [['--stop-text', '</think>', '--no-loop-stop'], 'settings.stopTexts'],
      [[...texts, '--stop-at-answer'], 'settings.stopAtAnswer'],
      [texts.slice(0, -1), 'settings.stopLoops'],
    ] as const) {
      const refused = await evaluate(out, ...options);
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining(field)]);
    }
  });
});

describe('generate', () => {
  async function generate(model: string, line: unknown, ...options: string[]) {
    const [input, output] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')];
    await writeFile(input, JSON.stringify(line));
    const { status, stderr } = await runCli([
      'generate',
      model,
      '--input',
      input,
      '--output',
      output,
      ...options,
    ]);
    return { status, stderr, lines: status === 0 ? await linesOf<Sample>(output) : [] };
  }
  const question = { id: 'q', messages: [{ role: 'user', content: 'What is $20^5 \\bmod 9$?' }] };

  test('ends at a text across tokens, and keeps it', async () => {
    const { lines } = await generate(MODEL, question, '--samples', '6', '--stop-text', 'think>');
    expect(lines).toHaveLength(6);
    for (const { text, tokens } of lines) {
      expect(text).toBe(tokenizer.decode(tokens));
      expect(text).toContain('think>');
      expect(tokenizer.decode(tokens.slice(0, -1))).not.toContain('think>');
    }
  });

  test('ends what repeats itself as a loop, unless told not to', async () => {
    const asked = ['--greedy', '--ignore-eos', '--max-tokens', '800'];
    const prompt = { id: 1, text: '1' };
    const { lines } = await generate(MODEL, prompt, ...asked);
    const { lines: whole } = await generate(MODEL, prompt, ...asked, '--no-loop-stop');
    expect(lines[0]!.finish).toBe('loop');
    expect(whole[0]!.finish).toBe('length');
    expect(whole[0]!.tokens.slice(0, lines[0]!.tokens.length)).toEqual(lines[0]!.tokens);
  });

  test.each<[string, string[], string]>([
    ['an empty text', ['--stop-text', ''], '--stop-text'],
    ['another moment', ['--stop-at-answer', 'soon'], 'first'],
  ])('refuses %s', async (_, options, named) => {
    const { status, stderr } = await generate(MODEL, question, ...options);
    expect(status).toBe(2);
    expect(stderr).toContain(named);
  });

  test('needs a tokenizer to stop at a text', async () => {
    // A copy: its export is left beside the checkpoint.
    const checkpoint = join(folder, 'without-tokenizer');
    await cp(goldenFolder('qwen2-tied-fp32'), checkpoint, { recursive: true });
    const { status, stderr } = await generate(checkpoint, { id: 1, tokens: [5] }, ...['--stop-text', 'x']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('NoTokenizerError')]);
  });
});
