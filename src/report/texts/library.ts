/** The texts of a report: samples and problems, compressed into volumes that the page opens on demand. */
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type { Problem } from '../../core.js';
import { readRun } from '../../run/readRun.js';
import type { Score } from '../../score/score.js';
import { visibleText } from '../visible.js';
import { cardOf } from './card.js';
import { fairLimit } from './excerpt.js';
import type { Card, VolumeEntry } from './wire.js';

const compress = promisify(deflateRaw);

/**
 * Characters of all texts of a page together. Texts compress to about a third, so that the page stays near 60 MB, which a
 * browser opens in less than a second. Longer texts are shortened alike.
 */
const PAGE_CHARACTERS = 192 * 2 ** 20;
/** JSON of a volume before it is compressed: small enough to open in milliseconds, large enough to compress well. */
const VOLUME_CHARACTERS = 256 * 2 ** 10;

/** A run whose samples are to be shown. */
export interface ShownRun {
  readonly folder: string;
  readonly score: Score;
}

export interface Library {
  /** Raw deflate in base64 of JSON: `VolumeEntry[]`, and last the problems' texts as `string[]` where they are known. */
  readonly volumes: readonly string[];
  /** By run and problem the position of the volume that holds its samples; -1 without samples. */
  readonly shelf: readonly (readonly number[])[];
  /** Volume of the problems' texts; `null` where they are not known. */
  readonly problemVolume: number | null;
  /** Characters to which longer texts were shortened; `null` when all are whole. */
  readonly limit: number | null;
}

/**
 * Reads the journals of `runs`, each as a stream, twice: for the lengths, then for the texts.
 * @param ids of the problems, in the order of the page
 * @throws what reading a run throws
 */
export async function bindLibrary(
  runs: readonly ShownRun[],
  ids: readonly string[],
  problems: readonly Problem[] | null,
  total = PAGE_CHARACTERS,
): Promise<Library> {
  const limit = fairLimit(await textLengths(runs), total);
  const binder = new Binder();
  const positions = new Map(ids.map((id, position) => [id, position]));
  const shelf = runs.map(() => ids.map(() => -1));
  for (const [run, shown] of runs.entries())
    for await (const [problem, cards] of cardsOf(shown, positions, limit ?? Number.POSITIVE_INFINITY)) {
      const entry: VolumeEntry = [run, problem, cards];
      shelf[run]![problem] = binder.add(JSON.stringify(entry));
    }
  binder.close();
  const problemVolume = problems && binder.addWhole(JSON.stringify(textsInOrder(problems, ids)));
  return { volumes: await binder.finish(), shelf, problemVolume, limit };
}

async function textLengths(runs: readonly ShownRun[]): Promise<number[]> {
  const lengths: number[] = [];
  for (const { folder } of runs)
    for await (const { text } of (await readRun(folder)).samples) lengths.push(text.length);
  return lengths;
}

/** The cards of each problem, once its last sample has been read: no more problems are held than are open at once. */
async function* cardsOf(
  { folder, score }: ShownRun,
  positions: ReadonlyMap<string, number>,
  limit: number,
): AsyncGenerator<[problem: number, cards: Card[]]> {
  const right = new Map(score.byProblem.map(({ id, rightIndices }) => [id, new Set(rightIndices)]));
  const open = new Map<string, Card[]>();
  const { run, samples } = await readRun(folder);
  const inOrder = (id: string, cards: Card[]): [number, Card[]] => [
    positions.get(id)!,
    cards.sort((a, b) => a.index - b.index),
  ];
  for await (const sample of samples) {
    const id = sample.problemId;
    const cards = open.get(id) ?? [];
    cards.push(cardOf(sample, right.get(id) ?? new Set(), score.forced, limit));
    open.set(id, cards);
    if (cards.length < run.settings.samples) continue;
    open.delete(id);
    yield inOrder(id, cards);
  }
  for (const [id, cards] of open) yield inOrder(id, cards);
}

function textsInOrder(problems: readonly Problem[], ids: readonly string[]): string[] {
  const texts = new Map(problems.map(({ id, text }) => [id, text]));
  return ids.map((id) => visibleText(texts.get(id) ?? ''));
}

/** Gathers JSON until a volume is full and compresses it while more is gathered. */
class Binder {
  readonly #volumes: Promise<string>[] = [];
  #entries: string[] = [];
  #characters = 0;

  /** @returns the position of the volume that the entry comes into. */
  add(entry: string): number {
    const position = this.#volumes.length;
    this.#entries.push(entry);
    this.#characters += entry.length;
    if (this.#characters >= VOLUME_CHARACTERS) this.close();
    return position;
  }

  /** Ends the volume at hand. */
  close(): void {
    if (this.#entries.length > 0) this.addWhole(`[${this.#entries.join(',')}]`);
    this.#entries = [];
    this.#characters = 0;
  }

  /** A volume of its own. */
  addWhole(json: string): number {
    const compressed = compress(Buffer.from(json));
    return this.#volumes.push(compressed.then((bytes) => bytes.toString('base64'))) - 1;
  }

  finish(): Promise<string[]> {
    return Promise.all(this.#volumes);
  }
}
