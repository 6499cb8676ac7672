/** onnxruntime writes and sends home what it is used for, unless it is told not to: nothing that is started here does. */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, expect, test } from '@jest/globals';
import { MAIN } from './support/cli.js';
import { temporaryFolder } from './support/models.js';

const MODEL = 'models/pebble-grpo';

let home: string;
let temporary: string;
beforeEach(async () => {
  const folder = await temporaryFolder();
  [home, temporary] = [join(folder, 'home'), join(folder, 'tmp')];
  await mkdir(home);
  await mkdir(temporary);
});

/** Everything that a Node process with nothing but a home and a place for temporary files has left there. */
async function traces(args: readonly string[]): Promise<string[]> {
  const env = { HOME: home, TMPDIR: temporary, PATH: process.env.PATH };
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const left = await Promise.all([home, temporary].map((folder) => readdir(folder, { recursive: true })));
  return left.flat().filter((name) => /onnxruntime|mat-debug|Microsoft/.test(name));
}

/** Opens a session of no model, through the module at `path`. */
const opening = (path: string) => [
  '--input-type=module',
  '-e',
  `const runtime = await import('${pathToFileURL(resolve(path)).href}');
   const { InferenceSession } = runtime.default ?? runtime;
   await InferenceSession.create(new Uint8Array(3)).catch(() => undefined);
   await new Promise((done) => setTimeout(done, 500));`,
];

test('the runtime by itself keeps a database, so that there is something to turn off', async () => {
  expect(await traces(opening('node_modules/onnxruntime-node/dist/index.js'))).not.toEqual([]);
});

test('the door to the runtime leaves no trace', async () => {
  expect(await traces(opening('dist/src/onnx/runtime.js'))).toEqual([]);
});

test('neither does an engine in its worker', async () => {
  const input = join(temporary, 'prompts.jsonl');
  await writeFile(input, `${JSON.stringify({ id: 1, text: 'Compute' })}\n`);
  const output = join(temporary, 'out.jsonl');
  const files = ['--input', input, '--output', output];
  expect(await traces([MAIN, 'generate', MODEL, ...files, '--samples', '1', '--max-tokens', '8'])).toEqual(
    [],
  );
});

test('neither does a solver process, nor the probe of the providers', async () => {
  const problems = join(temporary, 'problems.csv');
  await writeFile(problems, 'id,problem\na,"What is 1 + 1?"\n');
  const run = [
    '--problems',
    problems,
    '--samples',
    '1',
    '--max-tokens',
    '8',
    '--out',
    join(temporary, 'run'),
  ];
  expect(await traces([MAIN, 'evaluate', '--model', MODEL, ...run])).toEqual([]);
  expect(await traces([MAIN, 'doctor'])).toEqual([]);
});
