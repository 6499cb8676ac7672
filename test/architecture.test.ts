/** Holds the rooms of `src/` to their order: a room imports those above it, and the answer key only scores. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const SOURCE = resolve('src');

/** Rooms in the order in which data flows. */
const ROOMS = [
  'problems',
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

test('only scoring and training import the answer key', () => {
  const users = imports().filter(
    ({ from, to }) => to.startsWith('problems/answerKey') && !from.startsWith('problems/answerKey'),
  );
  expect(users.length).toBeGreaterThan(0);
  expect(users.filter(({ from }) => !['score', 'train'].includes(roomOf(from) ?? ''))).toEqual([]);
});
