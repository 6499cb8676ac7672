import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockAllocator, OutOfBlocksError } from './blockAllocator.js';

test('gives each block once until it is free again, and says when there is none', () => {
  const blocks = new BlockAllocator(3);
  const taken = [blocks.take(), blocks.take(), blocks.take()];
  expect(taken.sort()).toEqual([0, 1, 2]);
  expect(() => blocks.take()).toThrow(OutOfBlocksError);
  expect(() => blocks.take()).toThrow('all 3 blocks');
  blocks.drop([1]);
  expect(blocks.take()).toBe(1);
});

test('a shared block is free when its last holder has dropped it', () => {
  const blocks = new BlockAllocator(1);
  const block = blocks.take();
  blocks.share([block]);
  blocks.drop([block]);
  expect(blocks.free).toBe(0);
  blocks.drop([block]);
  expect(blocks.free).toBe(1);
});

test('never gives out a block that somebody holds', () => {
  const verb = fc.constantFrom('take', 'share', 'drop');
  fc.assert(
    fc.property(fc.array(fc.tuple(verb, fc.nat())), (steps) => {
      const blocks = new BlockAllocator(5);
      const held: number[] = [];
      for (const [what, at] of steps) {
        const block = held[at % held.length];
        if (what === 'take' && blocks.free > 0) {
          const taken = blocks.take();
          expect(held).not.toContain(taken);
          held.push(taken);
        } else if (what === 'share' && block !== undefined) {
          blocks.share([block]);
          held.push(block);
        } else if (what === 'drop' && block !== undefined) {
          blocks.drop([block]);
          held.splice(at % held.length, 1);
        }
        expect(blocks.free).toBe(5 - new Set(held).size);
      }
    }),
  );
});
