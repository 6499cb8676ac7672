import { describe, expect, test } from '@jest/globals';
import {
  byteCount,
  durationMs,
  formatBytes,
  formatMs,
  integerFrom,
  integersFrom,
  numberBetween,
} from './options.js';
import { describeSampling, resolveSampling } from './samplingOptions.js';

describe('options', () => {
  test.each([
    ['90s', 90_000],
    ['5h', 18_000_000],
    ['4h45m', 17_100_000],
    ['1.5h', 5_400_000],
    ['20 min', 1_200_000],
    ['250ms', 250],
  ])('a duration %s', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each(['', '5', 'h', '5x', '5h3', '-5s', '5s later'])('refuses the duration %p', (text) => {
    expect(() => durationMs(text)).toThrow('90s');
  });

  test.each([
    ['8GB', 8e9, '8 GB'],
    ['512MB', 512e6, '512 MB'],
    ['1.5 gib', 1_610_612_736, '1.6 GB'],
    ['2TB', 2e12, '2,000 GB'],
  ])('a size %s', (text, bytes, shown) => {
    expect(byteCount(text)).toBe(bytes);
    expect(formatBytes(bytes)).toBe(shown);
  });

  test.each(['', '8', 'GB', '8XB', '0GB', '-1GB', '8GB 2MB', '1e3GB', '99999999TB', 'constructorGB'])(
    'refuses the size %p',
    (text) => {
      expect(() => byteCount(text)).toThrow('512MB');
    },
  );

  test('numbers are whole, or within their bounds, or refused', () => {
    expect(integerFrom(1)('16')).toBe(16);
    for (const text of ['', ' ', '0', '1.5', 'x', '1e99'])
      expect(() => integerFrom(1)(text)).toThrow('1 or more');
    expect(integersFrom(1)('1,8, 32')).toEqual([1, 8, 32]);
    expect(() => integersFrom(1)('1,,8')).toThrow('1 or more');
    expect(numberBetween(0, 1)('0.9')).toBe(0.9);
    for (const text of ['', '1.1', '-0.1', 'NaN']) expect(() => numberBetween(0, 1)(text)).toThrow('0 to 1');
  });

  test.each([
    [12, '12ms'],
    [12_345, '12.3s'],
    [245_000, '4m05s'],
    [18_060_000, '5h01m'],
  ])('%d ms read %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });
});

describe('sampling', () => {
  const defaults = { temperature: 0.6, topP: 0.95, topK: 20 };

  test('an option beats the checkpoint, the checkpoint beats neutral settings', () => {
    expect(resolveSampling({ topP: 0.8 }, defaults)).toEqual({
      greedy: false,
      temperature: 0.6,
      topK: 20,
      topP: 0.8,
      minP: 0,
      repetitionPenalty: 1,
    });
  });

  test('a greedy checkpoint is sampled from as soon as a sampling option is given', () => {
    expect(resolveSampling({}, { greedy: true }).greedy).toBe(true);
    expect(resolveSampling({ temperature: 0.7 }, { greedy: true }).greedy).toBe(false);
    expect(resolveSampling({ greedy: true, temperature: 0.7 }, {}).greedy).toBe(true);
  });

  test('is described in one line', () => {
    expect(describeSampling(resolveSampling({ minP: 0.05 }, defaults))).toBe(
      'temperature 0.6, top-k 20, top-p 0.95, min-p 0.05',
    );
    expect(describeSampling(resolveSampling({ greedy: true }, {}))).toBe('greedy');
  });
});
