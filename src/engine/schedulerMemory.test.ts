import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { promptBlocks, rowBlocks } from './kvMemory.js';
import { drawAll, endless, request, texts } from './scheduling.fixture.js';
import type { KvMemory } from './types.js';

describe('a Scheduler with little memory', () => {
  const memory = (blocks: number, blockSize = 8, rowStep = 1, sharesPrompts = false): KvMemory => {
    return { blocks, blockSize, rowStep, blockBytes: 1, sharesPrompts };
  };

  test('draws the same tokens whatever the memory, as long as each request fits alone', async () => {
    const prompt = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 });
    const job = fc.record({
      promptTokens: prompt,
      maxTokens: fc.integer({ min: 1, max: 120 }),
      samples: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(job, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(30),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom<readonly [number, boolean]>([1, true], [1, false], [3, false]),
        async (jobs, maxRows, spare, blockSize, [rowStep, sharesPrompts]) => {
          const requests = jobs.map((changes, at) => request(`r${at}`, changes));
          const roomy = memory(1e9, blockSize, rowStep, sharesPrompts);
          const alone = requests.map(
            ({ promptTokens: { length }, maxTokens }) =>
              promptBlocks(roomy, length) + rowBlocks(roomy, length, length + maxTokens - 1),
          );
          const tight = memory(Math.max(...alone) + spare, blockSize, rowStep, sharesPrompts);
          const expected = await drawAll(requests, { maxRows });
          const found = await drawAll(requests, { maxRows, memory: tight, prefixBlock: 4 });
          expect(found.session.mostBlocks).toBeLessThanOrEqual(tight.blocks);
          expect(texts(found.byKey)).toEqual(texts(expected.byKey));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('lets rows rest rather than begin again, and admits more of them than their greatest lengths would allow', async () => {
    // Blocks of two and a half rows at their greatest length, which most of them never reach.
    const requests = [request('a', { samples: 60, maxTokens: 128, promptTokens: [7, 8] })];
    const { scheduler } = await drawAll(requests, { maxRows: 16, memory: memory(50) });
    expect(scheduler.mostRows).toBeGreaterThan(5);
  });

  test('does not fill the caches with rows that would then rest', async () => {
    const requests = [request('a', { samples: 64, maxTokens: 256, promptTokens: [7, 8], stopTokens: [] })];
    const { scheduler } = await drawAll(requests, { maxRows: 32, memory: memory(8 * 33), script: endless });
    const drawn = scheduler.chunks * scheduler.mostRows;
    expect(scheduler.restedRows).toBeLessThan(drawn / 2);
  });

  test('a request that finds no room holds back those after it, and none for ever', async () => {
    const { completions } = await drawAll(
      [
        request('small', { samples: 8, maxTokens: 16, stopTokens: [] }),
        request('large', { samples: 1, maxTokens: 150, stopTokens: [] }),
        request('later', { samples: 40, maxTokens: 16, stopTokens: [] }),
      ],
      { maxRows: 4, memory: memory(24), script: endless },
    );
    const order = completions.map(({ id }) => id);
    expect(order.filter((id) => id === 'later')).toHaveLength(40);
    expect(order.indexOf('large')).toBeLessThan(40);
  });
});
