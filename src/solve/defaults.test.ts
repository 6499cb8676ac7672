import { describe, expect, test } from '@jest/globals';
import { editionOf } from '../problems/editions.js';
import { defaultInFlight, defaultPace } from './defaults.js';

const [aimo3, aime] = [editionOf('aimo3'), editionOf('aime')];
const HOUR = 3_600_000;

describe('defaultPace', () => {
  test('against the clock of a competition, stops early and forces answers', () => {
    expect(defaultPace(aimo3, 5 * HOUR, null)).toEqual({
      ...{ budgetPolicy: 'clamp', stop: 'agree:4', budgetForcing: true },
    });
  });

  test('without a clock, or outside a competition, draws everything', () => {
    const measuring = { budgetPolicy: 'equal', stop: 'none', budgetForcing: false };
    expect(defaultPace(aimo3, null, null)).toEqual(measuring);
    expect(defaultPace(aime, HOUR, null)).toEqual(measuring);
    expect(defaultPace(null, HOUR, null)).toEqual(measuring);
  });

  test('where nothing stops early, nobody takes what the others need', () => {
    expect(defaultPace(aimo3, HOUR, 'none')).toMatchObject({ budgetPolicy: 'equal', stop: 'none' });
    expect(defaultPace(aimo3, HOUR, 'leader')).toMatchObject({ budgetPolicy: 'equal', stop: 'leader' });
  });
});

describe('defaultInFlight', () => {
  test('is what the edition says, else what fills the batch, and a row each under a budget', () => {
    const batch = { rows: 64, samples: 8, timeBudgetMs: null };
    expect(defaultInFlight(aimo3, batch)).toBe(1);
    expect(defaultInFlight(aime, batch)).toBe(25);
    expect(defaultInFlight(null, { ...batch, timeBudgetMs: HOUR })).toBe(64);
  });
});
