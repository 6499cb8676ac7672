/** Prompts whose keys and values several rows of the batch share, laid out for the graph to compute with. */
import {
  type CacheShape,
  capacityFor,
  clearPositions,
  copyPositions,
  emptyArrays,
  type KvArrays,
} from './kvArrays.js';

/** Positions not read again by a prompt's second row, its third and so on: fewer are not worth what joining parts costs (bench/README.md). */
export const LEAST_SAVED = 3072;
/** Whether `rows` rows of one prompt of `length` positions share it, if its length is near those of others that are shared. */
export function isWorthSharing(rows: number, length: number, leastSaved = LEAST_SAVED): boolean {
  return (rows - 1) * length >= leastSaved;
}

/** Lengths of the prompts that are shared at one time differ by this factor at most, since all are padded to the longest. */
const LENGTH_RATIO = 2;

/** The shared prompts of a batch: `G` of them, padded to `C` positions, `M` places each for rows. */
export interface SharedPart {
  /** `[G, M]`; row 0 where a prompt has fewer rows. */
  readonly rows: BigInt64Array;
  readonly rowDims: readonly [prompts: number, places: number];
  /** `[rows of the batch, width]`, the place of each row, -1 where it has none. Width is 0 without shared prompts. */
  readonly table: BigInt64Array;
  readonly width: number;
  /** `[G, C]`, -1 for padding. */
  readonly positions: BigInt64Array;
  /** `[G, kvHeads, C, headDim]`. */
  readonly arrays: KvArrays;
}

export class SharedPrompts {
  readonly #shape: CacheShape;
  readonly #leastSaved: number;
  /** By row. */
  readonly #ofRow: (KvArrays | null)[];
  /** What the arrays hold; a prompt keeps its place among them while it is shared. */
  #prompts: KvArrays[] = [];
  #arrays: KvArrays;
  #room = 0;

  /** A prompt is shared where that saves reading `leastSaved` positions a step. */
  constructor(shape: CacheShape, maxRows: number, leastSaved: number) {
    this.#shape = shape;
    this.#leastSaved = leastSaved;
    this.#ofRow = new Array<KvArrays | null>(maxRows).fill(null);
    this.#arrays = emptyArrays(shape, 0, 0);
  }

  /** Positions of `row` that are in a shared prompt: its first. */
  positionsOf(row: number): number {
    return this.#ofRow[row]?.length ?? 0;
  }

  uses(prompt: KvArrays): boolean {
    return this.#ofRow.includes(prompt);
  }

  /** Whether `prompt` is better shared by `more` rows than copied to each. */
  pays(prompt: KvArrays, more: number): boolean {
    const others = this.#ofRow
      .filter((other) => other !== null && other !== prompt)
      .map((other) => other!.length);
    const lengths = [...others, prompt.length];
    if (Math.max(...lengths) > LENGTH_RATIO * Math.min(...lengths)) return false;
    const rows = this.#ofRow.filter((other) => other === prompt).length;
    return rows > 0 || isWorthSharing(more, prompt.length, this.#leastSaved);
  }

  /** Makes `prompt` the beginning of `row`. Its arrays must stay as they are until the row is dropped. */
  share(row: number, prompt: KvArrays): void {
    this.#ofRow[row] = prompt;
  }

  drop(row: number): void {
    this.#ofRow[row] = null;
  }

  /** What row `from` shares becomes that of `to`. */
  rename(from: number, to: number): void {
    this.#ofRow[to] = this.#ofRow[from]!;
    this.#ofRow[from] = null;
  }

  /** The part of the first `rows` rows. Arrays are copied only where prompts have come or gone, and not at all for a single one. */
  part(rows: number): SharedPart {
    const ofRow = this.#ofRow.slice(0, rows);
    this.#arrange(new Set(ofRow.filter((prompt) => prompt !== null)));
    const prompts = this.#prompts;
    const members = prompts.map((prompt) => [...ofRow.keys()].filter((row) => ofRow[row] === prompt));
    const places = Math.max(0, ...members.map(({ length }) => length));
    const width = prompts.length > 0 ? 1 : 0;
    const table = new BigInt64Array(rows * width).fill(-1n);
    const list = new BigInt64Array(prompts.length * places);
    for (const [at, mine] of members.entries())
      for (const [place, row] of mine.entries()) {
        list[at * places + place] = BigInt(row);
        table[row] = BigInt(at * places + place);
      }
    const { length } = this.#arrays;
    const positions = new BigInt64Array(prompts.length * length).fill(-1n);
    for (const [at, prompt] of prompts.entries())
      for (let position = 0; position < prompt.length; position += 1)
        positions[at * length + position] = BigInt(position);
    return { rows: list, rowDims: [prompts.length, places], table, width, positions, arrays: this.#view() };
  }

  /** Lays `wanted` out, each where it was if it was there. */
  #arrange(wanted: ReadonlySet<KvArrays>): void {
    const old = this.#prompts;
    const next = old.map((prompt) => (wanted.has(prompt) ? prompt : null));
    for (const prompt of wanted) {
      if (old.includes(prompt)) continue;
      const free = next.indexOf(null);
      next[free < 0 ? next.length : free] = prompt;
    }
    for (let free = next.indexOf(null); free >= 0; free = next.indexOf(null)) {
      const last = next.pop()!;
      if (free < next.length) next[free] = last;
    }
    const prompts = next as KvArrays[];
    if (prompts.length === old.length && prompts.every((prompt, at) => prompt === old[at])) return;
    this.#prompts = prompts;
    if (prompts.length <= 1) {
      this.#arrays = prompts[0] ?? emptyArrays(this.#shape, 0, 0);
      this.#room = 0;
      return;
    }
    const capacity = capacityFor(Math.max(...prompts.map(({ length }) => length)));
    const isNew = capacity !== this.#arrays.length || prompts.length > this.#room;
    if (isNew) {
      this.#room = prompts.length;
      this.#arrays = emptyArrays(this.#shape, this.#room, capacity);
    }
    for (const [item, prompt] of prompts.entries())
      if (isNew || prompt !== old[item]) this.#write(item, prompt);
  }

  #write(item: number, prompt: KvArrays): void {
    const arrays = this.#arrays;
    copyPositions(
      this.#shape,
      { arrays: prompt, item: 0, position: 0 },
      { arrays, item, position: 0 },
      prompt.length,
    );
    clearPositions(this.#shape, { arrays, item, position: prompt.length }, arrays.length - prompt.length);
  }

  #view(): KvArrays {
    const { kvHeads, headDim } = this.#shape;
    const { keys, values, length } = this.#arrays;
    const size = this.#prompts.length * kvHeads * length * headDim;
    const cut = (data: Float32Array) => data.subarray(0, size);
    return { keys: keys.map(cut), values: values.map(cut), length };
  }
}
