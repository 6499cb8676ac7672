import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { leaveSyntheticRun } from '../../../test/support/runFolders.js';
import { GRPO, SFT, syntheticScore } from '../../../test/support/syntheticRuns.js';
import { bindLibrary, type Library, type ShownRun } from './library.js';
import type { VolumeEntry } from './wire.js';

const SIZE = { problems: 6, samples: 4 };
const IDS = ['p000', 'p001', 'p002', 'p003', 'p004', 'p005'];

let home = '';
let runs: ShownRun[] = [];
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'boxed-library-'));
  for (const behaviour of [SFT, GRPO]) {
    const folder = join(home, behaviour.modelName);
    await leaveSyntheticRun(folder, behaviour, SIZE);
    runs = [...runs, { folder, score: await syntheticScore(behaviour, SIZE) }];
  }
});
afterAll(() => rm(home, { recursive: true }));

function openVolume(library: Library, position: number): unknown {
  return JSON.parse(inflateRawSync(Buffer.from(library.volumes[position]!, 'base64')).toString());
}

function entriesOf(library: Library): VolumeEntry[] {
  const positions = new Set(library.shelf.flat().filter((position) => position >= 0));
  return [...positions].flatMap((position) => openVolume(library, position) as VolumeEntry[]);
}

describe('bindLibrary', () => {
  test('puts every sample where the shelf says, right where the score says so', async () => {
    const library = await bindLibrary(runs, IDS, null);
    expect(library).toMatchObject({ problemVolume: null, limit: null });
    for (const [run, problem, cards] of entriesOf(library)) {
      const volume = openVolume(library, library.shelf[run]![problem]!) as VolumeEntry[];
      expect(volume.some(([ofRun, ofProblem]) => ofRun === run && ofProblem === problem)).toBe(true);
      const score = runs[run]!.score.byProblem[problem]!;
      expect(cards.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
      expect(cards.filter(({ outcome }) => outcome === 'right').map(({ index }) => index)).toEqual(
        score.rightIndices,
      );
    }
    expect(entriesOf(library)).toHaveLength(12);
  });

  test('shelves nothing where there are no samples, and the texts of problems in the order of the page', async () => {
    const problems = [
      { id: 'p900', text: 'not asked' },
      { id: 'p001', text: 'second' },
      { id: 'p000', text: 'first \u202e' },
    ];
    const library = await bindLibrary(runs, [...IDS, 'p006'], problems);
    expect(library.shelf.map((shelf) => shelf[6])).toEqual([-1, -1]);
    expect(openVolume(library, library.problemVolume!)).toEqual([
      'first \ufffd',
      'second',
      '',
      '',
      '',
      '',
      '',
    ]);
  });

  test('shortens texts alike where they are too much for a page', async () => {
    const library = await bindLibrary(runs, IDS, null, 4 * 48);
    expect(library.limit).toBe(4);
    const cards = entriesOf(library).flatMap(([, , found]) => found);
    expect(cards).toHaveLength(48);
    for (const { pieces, answer } of cards)
      if (answer !== null) expect(pieces.some((piece) => 'text' in piece && piece.isAnswer)).toBe(true);
  });
});
