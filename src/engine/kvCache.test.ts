import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KvArrays } from './kvArrays.js';
import { KvCache } from './kvCache.js';

const SHAPE = { layers: 2, kvHeads: 2, headDim: 3, blockLength: 96, turnsBlockValues: false };
const TURNED = { ...SHAPE, turnsBlockValues: true };
const MAX_ROWS = 5;
/** Fewer blocks than there come to be. */
const RESERVE = 2;
/** So many positions saved that two rows of a prompt of half a block share it. */
const LEAST_SAVED = 48;

/** Marks keys and values so that each number tells its sample, layer, head, position and dimension; never zero. */
const mark = (id: number, layer: number, head: number, position: number, dim: number) =>
  id * 100_000 + layer * 50_000 + head * 20_000 + position * 10 + dim;

/** Positions `first` to `first + length` of several samples. */
function part(samples: readonly { id: number; length: number }[], length: number): KvArrays {
  const fill = (layer: number, sign: number) => {
    const data: number[] = [];
    for (const { id, length: first } of samples) {
      for (let head = 0; head < SHAPE.kvHeads; head += 1) {
        for (let at = 0; at < length; at += 1) {
          for (let dim = 0; dim < SHAPE.headDim; dim += 1)
            data.push(sign * mark(id, layer, head, first + at, dim));
        }
      }
    }
    return Float32Array.from(data);
  };
  return { length, keys: [fill(0, 1), fill(1, 1)], values: [fill(0, -1), fill(1, -1)] };
}

const prompt = (id: number, length: number) => part([{ id, length: 0 }], length);

interface Place {
  readonly position: number;
  readonly keys: (layer: number) => Float32Array;
  readonly values: (layer: number) => Float32Array;
  /** Positions of an item there. */
  readonly width: number;
  /** Whether values are `[headDim, width]`. */
  readonly isTurned?: boolean;
  readonly item: number;
  readonly slot: number;
}

/** Positions of `row` in the order in which the graph puts them together, each with the item and slot where it lies. */
function placesOf(cache: KvCache, row: number, isTurned: boolean): Place[] {
  const { capacity, blocks } = cache;
  const positions = cache.positions();
  const ofRest = { keys: cache.keys.bind(cache), values: cache.values.bind(cache), width: capacity };
  const rest = [...positions.subarray(row * capacity, (row + 1) * capacity)].map((position, slot) => ({
    position: Number(position),
    ...ofRest,
    item: row,
    slot,
  }));
  const shared = sharedPlaces(cache, row);
  const begun = shared.filter(({ position }) => position >= 0).length;
  const ofBlocks = {
    keys: blocks.keys.bind(blocks),
    values: blocks.values.bind(blocks),
    width: SHAPE.blockLength,
    isTurned,
  };
  const table = blocks.table(cache.rows);
  const mine = [...table.blocks.subarray(row * table.width, (row + 1) * table.width)].filter((at) => at >= 0);
  for (const block of mine) expect(Number(blocks.rows[Number(block)])).toBe(row);
  const full = mine.flatMap((block, at) =>
    Array.from({ length: SHAPE.blockLength }, (_, slot) => ({
      position: begun + at * SHAPE.blockLength + slot,
      ...ofBlocks,
      item: Number(block),
      slot,
    })),
  );
  return [...shared, ...full, ...rest];
}

/** The positions of `row` in the prompt that it shares. */
function sharedPlaces(cache: KvCache, row: number): Place[] {
  const part = cache.shared.part(cache.rows);
  const place = part.width === 0 ? -1 : Number(part.table[row]);
  if (place < 0) return [];
  expect(Number(part.rows[place])).toBe(row);
  const item = Math.floor(place / part.rowDims[1]);
  const width = part.arrays.length;
  const of = {
    keys: (layer: number) => part.arrays.keys[layer]!,
    values: (layer: number) => part.arrays.values[layer]!,
    width,
  };
  return [...part.positions.subarray(item * width, (item + 1) * width)].map((position, slot) => ({
    position: Number(position),
    ...of,
    item,
    slot,
  }));
}

/** Every visible slot must hold its row's own numbers, each position once; every other slot zeros; every block belongs to a row. */
function check(cache: KvCache, rows: readonly { id: number; length: number }[], isTurned = false): void {
  cache.settle();
  expect(cache.rows).toBe(rows.length);
  expect(cache.capacity).toBeLessThan(SHAPE.blockLength + 64);
  const blockCount = rows.reduce(
    (sum, { length }, row) => sum + Math.floor((length - cache.shared.positionsOf(row)) / SHAPE.blockLength),
    0,
  );
  expect(cache.blocks.count).toBe(blockCount);
  let wrong = 0;
  for (const [row, { id, length }] of rows.entries()) {
    const places = placesOf(cache, row, isTurned);
    const visible = places.filter(({ position }) => position >= 0).map(({ position }) => position);
    expect(visible).toEqual(Array.from({ length }, (_, at) => at));
    for (const { position, keys, values, width, isTurned: turned, item, slot } of places) {
      for (let layer = 0; layer < SHAPE.layers; layer += 1) {
        for (let head = 0; head < SHAPE.kvHeads; head += 1) {
          const matrix = (item * SHAPE.kvHeads + head) * width * SHAPE.headDim;
          const at = matrix + slot * SHAPE.headDim;
          const valueAt = turned ? matrix + 2 * width + slot : at + 2;
          const key = position < 0 ? 0 : mark(id, layer, head, position, 1);
          const value = position < 0 ? 0 : -mark(id, layer, head, position, 2);
          if (keys(layer)[at + 1] !== key || values(layer)[valueAt] !== value) wrong += 1;
        }
      }
    }
  }
  expect(wrong).toBe(0);
}

const command = fc.oneof(
  fc.record({
    kind: fc.constant('seat' as const),
    row: fc.nat(MAX_ROWS - 1),
    length: fc.nat(400),
    count: fc.integer({ min: 1, max: MAX_ROWS }),
  }),
  fc.record({ kind: fc.constant('release' as const), row: fc.nat(MAX_ROWS - 1) }),
  fc.record({
    kind: fc.constant('append' as const),
    counts: fc.array(fc.nat(40), { minLength: MAX_ROWS, maxLength: MAX_ROWS }),
  }),
);

test.each([
  ['', SHAPE],
  [', values of blocks turned', TURNED],
])('holds what each row was given through any sequence of seats, appends and releases%s', (_, shape) => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
      const cache = new KvCache(shape, MAX_ROWS, RESERVE, LEAST_SAVED);
      const rows: { id: number; length: number }[] = [];
      let nextId = 1;
      for (const each of commands) {
        if (each.kind === 'seat') {
          const id = nextId++;
          const seated = prompt(id, each.length);
          for (let at = 0; at < each.count; at += 1) {
            const row = Math.min((each.row + at) % MAX_ROWS, rows.length);
            cache.seat(row, seated);
            rows[row] = { id, length: each.length };
          }
        } else if (each.kind === 'release') {
          if (each.row >= rows.length) continue;
          cache.release(each.row);
          const last = rows.pop()!;
          if (each.row < rows.length) rows[each.row] = last;
        } else {
          if (rows.length === 0) continue;
          const counts = Int32Array.from(each.counts.slice(0, rows.length));
          cache.append(part(rows, Math.max(...counts)), counts);
          for (const [at, row] of rows.entries()) row.length += counts[at]!;
        }
        check(cache, rows, shape.turnsBlockValues);
      }
    }),
    { numRuns: 60 },
  );
});

test('takes more than a block at once', () => {
  const cache = new KvCache(SHAPE, MAX_ROWS, RESERVE, LEAST_SAVED);
  cache.seat(0, prompt(1, 50));
  cache.settle();
  const row = { id: 1, length: 50 };
  cache.append(part([row], 300), Int32Array.of(300));
  check(cache, [{ id: 1, length: 350 }]);
});

test('computes with no more padding when one row is long', () => {
  const cache = new KvCache(SHAPE, MAX_ROWS, RESERVE, LEAST_SAVED);
  cache.seat(0, prompt(1, 30));
  cache.seat(1, prompt(2, 96 * 9 + 20));
  cache.settle();
  expect(cache.capacity).toBe(64);
  expect(cache.blocks.count).toBe(9);
  cache.release(1);
  expect(cache.blocks.count).toBe(0);
  check(cache, [{ id: 1, length: 30 }]);
});

test('shows rows beyond those that are there as empty, also where one was', () => {
  const cache = new KvCache(SHAPE, MAX_ROWS, RESERVE, LEAST_SAVED);
  cache.seat(0, prompt(1, 30));
  cache.seat(1, prompt(2, 50));
  cache.settle();
  cache.release(1);
  const { capacity } = cache;
  const positions = [...cache.positions(3)];
  expect(positions).toHaveLength(3 * capacity);
  expect(positions.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, at) => BigInt(at)));
  expect(new Set(positions.slice(30))).toEqual(new Set([-1n]));
  expect(cache.keys(0, 3)).toHaveLength(3 * SHAPE.kvHeads * capacity * SHAPE.headDim);
});

test('keeps a prompt once for all its rows, and others beside it if they are about as long', () => {
  const cache = new KvCache(SHAPE, MAX_ROWS, RESERVE, LEAST_SAVED);
  const [first, second, long, small] = [prompt(1, 200), prompt(2, 300), prompt(3, 900), prompt(4, 100)];
  cache.seat(0, first);
  cache.seat(1, second);
  cache.seat(2, first);
  cache.seat(3, second);
  expect(cache.uses(first)).toBe(true);
  cache.settle();
  const lengths = [200, 300, 200, 300];
  check(
    cache,
    [1, 2, 1, 2].map((id, row) => ({ id, length: lengths[row]! })),
  );
  const { rowDims, arrays } = cache.shared.part(4);
  expect(rowDims).toEqual([2, 2]);
  expect(arrays.length).toBe(320);
  expect(cache.capacity).toBe(0);

  // Longer than twice the shortest: copied to both rows.
  cache.seat(4, long);
  cache.seat(1, long);
  cache.settle();
  expect(cache.uses(long)).toBe(false);
  // One row of it goes on sharing; alone its arrays are used as they are.
  for (const row of [4, 3, 2, 1]) cache.release(row);
  expect(cache.uses(second)).toBe(false);
  expect(cache.shared.part(1).arrays.keys[0]!.buffer).toBe(first.keys[0]!.buffer);
  // Another row has it to itself: nothing would be saved.
  cache.seat(1, small);
  cache.settle();
  expect(cache.uses(small)).toBe(false);
  check(cache, [
    { id: 1, length: 200 },
    { id: 4, length: 100 },
  ]);
});
