/** A small problem set: the first problems of the bundled one, with their answers. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const BUNDLED = join('problems', 'pebble');

/** Makes the set `few` in `folder`; returns its path. */
export async function fewProblems(folder: string, count: number): Promise<string> {
  const set = join(folder, 'few');
  await mkdir(set, { recursive: true });
  for (const name of ['test.csv', 'answers.csv']) {
    const lines = (await readFile(join(BUNDLED, name), 'utf8')).split('\n');
    await writeFile(join(set, name), lines.slice(0, count + 1).join('\n'));
  }
  await cp(join(BUNDLED, 'set.json'), join(set, 'set.json'));
  return set;
}
