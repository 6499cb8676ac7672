import { describe, expect, test } from '@jest/globals';
import { EDITIONS, editionOf, UnknownEditionError } from './editions.js';

describe('editions', () => {
  test.each([
    ['aimo1', 0n, 999n, 1000n, 1],
    ['aimo2', 0n, 999n, 1000n, 1],
    ['aimo3', 0n, 99_999n, null, 1],
    ['aime', 0n, 999n, null, null],
  ])('%s', (name, min, max, modulus, inFlight) => {
    expect(editionOf(name)).toEqual({ name, min, max, modulus, inFlight });
  });

  test('an unknown name is refused with those there are', () => {
    let caught: unknown;
    try {
      editionOf('imo');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(UnknownEditionError);
    const { message, hint } = caught as UnknownEditionError;
    expect(message).toContain("'imo'");
    for (const { name } of EDITIONS) expect(hint).toContain(name);
  });

  test('a modulus maps every integer into the range', () => {
    const moduli = EDITIONS.flatMap((edition) =>
      edition.name === 'free' || edition.modulus === null ? [] : [edition],
    );
    expect(moduli.map(({ name }) => name)).toEqual(['aimo1', 'aimo2']);
    for (const { min, max, modulus } of moduli) expect([min, max]).toEqual([0n, modulus! - 1n]);
  });
});
