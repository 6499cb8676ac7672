/** Holds the rooms of `src/` to their order: a room imports those above it, and the answer key only scores. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const SOURCE = resolve('src');

/** Rooms in the order in which data flows. */
const ROOMS = [
  'problems',
  'audit',
  'checkpoint',
  'onnx',
  'model',
  'export',
  'engine',
  'answers',
  'solve',
  'run',
  'score',
  'simulate',
  'report',
  'train',
  'kaggle',
  'cli',
];

interface Import {
  readonly from: string;
  readonly to: string;
}

function imports(): Import[] {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(SOURCE, file), 'utf8');
    const targets = [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, target]) => target!);
    return targets.map((target) => ({
      from: file,
      to: relative(SOURCE, resolve(SOURCE, dirname(file), target)).replace(/\.js$/, '.ts'),
    }));
  });
}

const roomOf = (file: string) => (file.includes('/') ? file.split('/')[0]! : null);

test('there are imports to look at', () => {
  expect(imports().length).toBeGreaterThan(100);
});

test('every folder of src is a room', () => {
  const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !ROOMS.includes(name))).toEqual([]);
});

test('a room imports only rooms above it, and the ground floor', () => {
  const wrong = imports().filter(({ from, to }) => {
    const [above, below] = [roomOf(to), roomOf(from)];
    if (above === null) return false;
    return below === null || ROOMS.indexOf(above) > ROOMS.indexOf(below);
  });
  expect(wrong).toEqual([]);
});

test('onnxruntime is reached through one door, which keeps it from sending anything home', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const importers = files.filter((file) =>
    /from 'onnxruntime-node'|import\('onnxruntime-node'\)/.test(readFileSync(join(SOURCE, file), 'utf8')),
  );
  expect(importers).toEqual(['onnx/runtime.ts']);
});

/** Modules that read answers. */
const KEY_READERS = ['problems/answerKey.ts', 'problems/sealedKey.ts'];

/** Everything that a module leads to, itself included. */
function reachableFrom(start: string): Set<string> {
  const reached = new Set([start]);
  const all = imports();
  for (const file of reached) for (const { from, to } of all) if (from === file) reached.add(to);
  return reached;
}

const isTest = (file: string) => file.endsWith('.test.ts');

test('only scoring and training import the answer key', () => {
  const users = imports().filter(
    ({ from, to }) => KEY_READERS.includes(to) && !KEY_READERS.includes(from) && !isTest(from),
  );
  expect(users.length).toBeGreaterThan(0);
  // The command that seals names the cost of it.
  const allowed = ({ from, to }: Import) =>
    ['score', 'train'].includes(roomOf(from) ?? '') ||
    (from === 'cli/seal.ts' && to === 'problems/sealedKey.ts');
  expect(users.filter((user) => !allowed(user))).toEqual([]);
});

test('nothing that a run is made of leads to the answer key, however far one follows it', () => {
  for (const start of ['solve/child.ts', 'solve/lockdown.ts', 'run/evaluate.ts', 'cli/evaluate.ts']) {
    const reached = reachableFrom(start);
    expect(reached.size).toBeGreaterThan(1);
    expect([...reached].filter((file) => KEY_READERS.includes(file) || roomOf(file) === 'score')).toEqual([]);
  }
  expect(reachableFrom('cli/score.ts')).toContain('problems/answerKey.ts');
});

test('a score opens the key in one place, and looks at the seal first', () => {
  const openers = imports().filter(({ from, to }) => to === 'problems/answerKey.ts' && !isTest(from));
  const readers = openers.filter(({ from }) =>
    /\breadAnswerKey\(/.test(readFileSync(join(SOURCE, from), 'utf8')),
  );
  expect(readers.map(({ from }) => from).filter((from) => roomOf(from) === 'score')).toEqual(
    expect.arrayContaining(['score/openKey.ts', 'score/sealKey.ts']),
  );
  expect(readers.filter(({ from }) => roomOf(from) === 'score')).toHaveLength(2);
  for (const file of ['score/scoreFolder.ts', 'score/revoteFolder.ts']) {
    const source = readFileSync(join(SOURCE, file), 'utf8');
    const seal = source.indexOf('checkSeal(folder');
    expect(seal).toBeGreaterThan(0);
    expect(source.indexOf('openKey(answers')).toBeGreaterThan(seal);
  }
});
