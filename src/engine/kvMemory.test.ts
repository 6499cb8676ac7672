import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BLOCK_LENGTH } from '../model/loopAttention.js';
import { defaultKvMemoryBytes, hostMemory } from './kvBudget.js';
import { KvMemoryError, promptBlocks, requireRoom, rowBlocks, rowPositions } from './kvMemory.js';
import type { GenerateRequest } from './types.js';

const request = (prompt: number, maxTokens: number): GenerateRequest => ({
  id: 'long',
  promptTokens: new Array<number>(prompt).fill(1),
  samples: 1,
  sampling: { greedy: true, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  stopTokens: [],
  maxTokens,
  seed: 0,
});

describe('blocks', () => {
  const memory = fc
    .record({
      blockSize: fc.integer({ min: 1, max: 64 }),
      blocks: fc.constant(100),
      blockBytes: fc.constant(1),
      growth: fc.constantFrom({ rowStep: 1, sharesPrompts: true }, { rowStep: 4, sharesPrompts: false }),
    })
    .map(({ growth, ...memory }) => ({ ...memory, ...growth }));

  test('of a row hold the positions that they are taken for, and one block fewer does not', () => {
    fc.assert(
      fc.property(
        memory,
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 300 }),
        (kv, prompt, drawn) => {
          const positions = prompt + drawn;
          const blocks = rowBlocks(kv, prompt, positions);
          expect(rowPositions(kv, prompt, blocks)).toBeGreaterThanOrEqual(positions);
          expect(rowPositions(kv, prompt, blocks - kv.rowStep)).toBeLessThan(positions);
          // A row computes its prompt's last token itself, so it has a block of its own.
          expect(blocks).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('are a copy of the prompt beside it on the host, and the rest of it where rows share', () => {
    const shape = { blockSize: 32, rowStep: 1, blocks: 10, blockBytes: 1 };
    expect(promptBlocks({ ...shape, sharesPrompts: false }, 100)).toBe(4);
    expect(rowBlocks({ ...shape, sharesPrompts: false }, 100, 130)).toBe(5);
    expect(promptBlocks({ ...shape, sharesPrompts: true }, 100)).toBe(3);
    expect(rowBlocks({ ...shape, sharesPrompts: true }, 100, 130)).toBe(2);
  });
});

describe('requireRoom', () => {
  const memory = { blockSize: 10, rowStep: 1, blocks: 10, blockBytes: 2e6, sharesPrompts: true };

  test('lets through what fits alone, and refuses more with what it needs, what there is and what to do', () => {
    requireRoom(request(50, 51), memory);
    expect(() => requireRoom(request(50, 52), memory)).toThrow(KvMemoryError);
    expect(() => requireRoom(request(50, 52), memory)).toThrow(
      'long: a prompt of 50 tokens and 52 drawn after it need 22 MB of keys and values, and there are 20 MB',
    );
  });
});

describe('the default', () => {
  const config = { layers: 2, kvHeads: 2, headDim: 8, maxPositions: 1000 };
  const manifest = (name: 'loop' | 'paged') =>
    ({ config, layout: { name, blockSize: 32 } }) as unknown as Parameters<typeof defaultKvMemoryBytes>[0];

  test('is half of what is available on the host, and at least the longest request', () => {
    expect(defaultKvMemoryBytes(manifest('loop'), 64e9)).toBe(32e9);
    const least = defaultKvMemoryBytes(manifest('loop'), 0);
    const memory = hostMemory({ ...config, blockLength: BLOCK_LENGTH, turnsBlockValues: false }, least);
    for (const prompt of [1, 2, 500, 999, 1000]) requireRoom(request(prompt, 1001 - prompt), memory);
    expect(() =>
      requireRoom(
        request(1000, 1),
        hostMemory({ ...config, blockLength: BLOCK_LENGTH, turnsBlockValues: false }, 0.6 * least),
      ),
    ).toThrow(KvMemoryError);
  });

  test('is four GiB on a device', () => {
    expect(defaultKvMemoryBytes(manifest('paged'), 1e9)).toBe(4 * 2 ** 30);
  });
});
