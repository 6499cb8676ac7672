import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KvCache } from './kvCache.js';

const SHAPE = { layers: 2, kvHeads: 2, headDim: 3 };
const MAX_ROWS = 5;

/** Marks keys and values so that each number tells its sample, layer, head, position and dimension. */
const mark = (id: number, layer: number, head: number, position: number, dim: number) =>
  id * 100_000 + layer * 50_000 + head * 20_000 + position * 10 + dim;

function part(id: number, first: number, length: number, sign: number) {
  const fill = (layer: number) => {
    const data: number[] = [];
    for (let head = 0; head < SHAPE.kvHeads; head += 1) {
      for (let at = 0; at < length; at += 1) {
        for (let dim = 0; dim < SHAPE.headDim; dim += 1)
          data.push(sign * mark(id, layer, head, first + at, dim));
      }
    }
    return Float32Array.from(data);
  };
  return [fill(0), fill(1)];
}

function joined(parts: Float32Array[][], layer: number): Float32Array {
  return Float32Array.from(parts.flatMap((each) => [...each[layer]!]));
}

/** Every visible slot must hold its row's own numbers, each position once. */
function check(cache: KvCache, rows: readonly { id: number; length: number }[]): void {
  expect(cache.rows).toBe(rows.length);
  const { capacity, positions } = cache;
  let wrong = 0;
  for (const [row, { id, length }] of rows.entries()) {
    const seen = [...positions.subarray(row * capacity, (row + 1) * capacity)].map(Number);
    const visible = seen.filter((position) => position >= 0).sort((a, b) => a - b);
    expect(visible).toEqual(Array.from({ length }, (_, at) => at));
    for (const [slot, position] of seen.entries()) {
      if (position < 0) continue;
      for (let layer = 0; layer < SHAPE.layers; layer += 1) {
        for (let head = 0; head < SHAPE.kvHeads; head += 1) {
          const at = ((row * SHAPE.kvHeads + head) * capacity + slot) * SHAPE.headDim;
          if (cache.keys(layer)[at + 1] !== mark(id, layer, head, position, 1)) wrong += 1;
          if (cache.values(layer)[at + 2] !== -mark(id, layer, head, position, 2)) wrong += 1;
        }
      }
    }
  }
  expect(wrong).toBe(0);
}

const command = fc.oneof(
  fc.record({ kind: fc.constant('seat' as const), row: fc.nat(MAX_ROWS - 1), length: fc.nat(150) }),
  fc.record({ kind: fc.constant('release' as const), row: fc.nat(MAX_ROWS - 1) }),
  fc.record({
    kind: fc.constant('append' as const),
    counts: fc.array(fc.nat(40), { minLength: MAX_ROWS, maxLength: MAX_ROWS }),
  }),
);

test('holds what each row was given through any sequence of seats, appends and releases', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 25 }), (commands) => {
      const cache = new KvCache(SHAPE, MAX_ROWS);
      const rows: { id: number; length: number }[] = [];
      let nextId = 1;
      for (const each of commands) {
        if (each.kind === 'seat') {
          const row = Math.min(each.row, rows.length);
          const id = nextId++;
          const [keys, values] = [part(id, 0, each.length, 1), part(id, 0, each.length, -1)];
          cache.seat(row, { length: each.length, keys, values });
          rows[row] = { id, length: each.length };
        } else if (each.kind === 'release') {
          if (each.row >= rows.length) continue;
          cache.release(each.row);
          const last = rows.pop()!;
          if (each.row < rows.length) rows[each.row] = last;
        } else {
          if (rows.length === 0) continue;
          const counts = Int32Array.from(each.counts.slice(0, rows.length));
          const length = Math.max(...counts);
          const keys = rows.map(({ id, length: first }) => part(id, first, length, 1));
          const values = rows.map(({ id, length: first }) => part(id, first, length, -1));
          cache.append(
            [joined(keys, 0), joined(keys, 1)],
            [joined(values, 0), joined(values, 1)],
            length,
            counts,
          );
          for (const [at, row] of rows.entries()) row.length += counts[at]!;
        }
        check(cache, rows);
      }
    }),
    { numRuns: 60 },
  );
});

test('gives memory back when long rows are gone', () => {
  const cache = new KvCache(SHAPE, MAX_ROWS);
  const seat = (row: number, id: number, length: number) =>
    cache.seat(row, { length, keys: part(id, 0, length, 1), values: part(id, 0, length, -1) });
  seat(0, 1, 30);
  seat(1, 2, 900);
  expect(cache.capacity).toBeGreaterThanOrEqual(900);
  cache.release(1);
  seat(1, 3, 10);
  expect(cache.capacity).toBeLessThan(200);
  check(cache, [
    { id: 1, length: 30 },
    { id: 3, length: 10 },
  ]);
});
