import { expect, test } from '@jest/globals';
import { BlockPool, QuantizingFailedError } from './blockPool.js';
import { quantizeRows } from './blocks.js';

const FORMAT = { bits: 4, blockSize: 32, symmetric: false, scaleType: 'float32' } as const;
const numbers = (seed: number) => Float32Array.from({ length: 128 }, (_, at) => Math.sin(seed + at));
const jobOf = (values: Float32Array<ArrayBuffer>, columns = 64) => ({
  values,
  stored: 'F32' as const,
  columns,
  format: FORMAT,
});

test('gives each job its own result, the same as without workers', async () => {
  const pool = new BlockPool(2);
  try {
    const results = await Promise.all([1, 2, 3, 4, 5].map((seed) => pool.run(jobOf(numbers(seed)))));
    for (const [at, { rows }] of results.entries()) {
      const expected = quantizeRows(numbers(at + 1), 64, FORMAT);
      expect(Buffer.from(rows!.integers)).toEqual(Buffer.from(expected.integers));
      expect([...rows!.scales]).toEqual([...expected.scales]);
      expect([...rows!.zeroPoints!]).toEqual([...expected.zeroPoints!]);
      expect(rows!.squaredError).toBe(expected.squaredError);
    }
  } finally {
    await pool.close();
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('finds the element that is %d', async (value) => {
  const pool = new BlockPool(1);
  try {
    const values = numbers(1);
    values[77] = value;
    expect((await pool.run(jobOf(values))).nonFinite).toEqual({ at: 77, value });
  } finally {
    await pool.close();
  }
});

test('a worker that breaks fails all jobs, and later ones', async () => {
  const pool = new BlockPool(1);
  try {
    // So narrow a matrix has more rows than fit into an array.
    const jobs = [pool.run(jobOf(numbers(1), 2 ** -50)), pool.run(jobOf(numbers(2)))];
    for (const job of await Promise.allSettled(jobs)) expect(job.status).toBe('rejected');
    await expect(pool.run(jobOf(numbers(3)))).rejects.toThrow(QuantizingFailedError);
  } finally {
    await pool.close();
  }
});

test('closing rejects what is under way', async () => {
  const pool = new BlockPool(1);
  const job = pool.run(jobOf(numbers(1)));
  const outcome = expect(job).rejects.toThrow('closed');
  await pool.close();
  await outcome;
});
