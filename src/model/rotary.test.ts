import { describe, expect, test } from '@jest/globals';
import type { RopeScaling } from '../checkpoint/rope.js';
import type { Weight } from '../onnx/graph.js';
import { rotaryFrequencies, rotaryTables } from './rotary.js';

/** A relative step of float32, and another for a power that is rounded elsewhere. */
const TOLERANCE = 2.5e-7;

const config = (headDim: number, ropeTheta: number, ropeScaling: RopeScaling | null, maxPositions = 8) => ({
  headDim,
  ropeTheta,
  ropeScaling,
  maxPositions,
});

/** `ROPE_INIT_FUNCTIONS` of transformers 5.18: each frequency whose index is a multiple of `every`. */
const REFERENCE: readonly (readonly [string, ReturnType<typeof config>, every: number, readonly number[]])[] =
  [
    [
      'llama3 as in Llama 3.1',
      config(128, 5e5, {
        type: 'llama3',
        factor: 8,
        lowFrequencyFactor: 1,
        highFrequencyFactor: 4,
        originalPositions: 8192,
      }),
      8,
      [1, 0.19392276, 0.037606031, 0.0072926651, 0.00052484602, 3.4281024e-5, 6.6478697e-6, 1.2891732e-6],
    ],
    [
      'yarn as in Qwen2.5',
      config(128, 1e6, {
        type: 'yarn',
        factor: 4,
        attentionFactor: 1.14,
        betaFast: 32,
        betaSlow: 1,
        truncate: true,
        originalPositions: 32768,
      }),
      8,
      [1, 0.17782794, 0.031622779, 0.0053753215, 0.00060294115, 4.4456985e-5, 7.9056936e-6, 1.4058534e-6],
    ],
    [
      'yarn with every setting',
      config(64, 1e4, {
        type: 'yarn',
        factor: 40,
        attentionFactor: 1,
        betaFast: 24,
        betaSlow: 2,
        truncate: false,
        originalPositions: 4096,
      }),
      4,
      [1, 0.31622776, 0.1, 0.029736267, 0.0048861187, 0.00011662647, 2.4999999e-5, 7.9056945e-6],
    ],
    [
      'yarn whose ramp has no width',
      config(16, 1e6, {
        type: 'yarn',
        factor: 2,
        attentionFactor: 1,
        betaFast: 32,
        betaSlow: 1,
        truncate: true,
        originalPositions: 4,
      }),
      1,
      [1, 0.08891397, 0.015811389, 0.0028117066, 0.00050000002, 8.891397e-5, 1.5811387e-5, 2.8117067e-6],
    ],
    [
      'linear',
      config(16, 1e4, { type: 'linear', factor: 2.5 }),
      1,
      [
        0.40000001, 0.1264911, 0.039999999, 0.012649111, 0.0039999997, 0.0012649111, 0.00040000002,
        0.00012649111,
      ],
    ],
  ];

function numbersOf(weight: Weight): number[] {
  const pieces: Buffer[] = [];
  // Copied at once, since a piece is overwritten by the next.
  for (const piece of weight.chunks() as Iterable<Uint8Array>) pieces.push(Buffer.from(piece));
  const bytes = Buffer.concat(pieces);
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(4 * at));
}

describe('rotaryFrequencies', () => {
  test.each(REFERENCE)('%s', (_, settings, every, expected) => {
    const found = [...rotaryFrequencies(settings)].filter((_, at) => at % every === 0);
    expect(found).toHaveLength(expected.length);
    for (const [at, frequency] of found.entries())
      expect(Math.abs(frequency / expected[at]! - 1)).toBeLessThan(TOLERANCE);
  });
});

describe('rotaryTables', () => {
  test('hold one row a position', () => {
    const { cos, sin } = rotaryTables(config(4, 100, null, 3));
    expect(cos.dims).toEqual([3, 2]);
    const angles = [0, 0, 1, 0.1, 2, 0.2];
    for (const [at, angle] of angles.entries()) {
      expect(numbersOf(cos)[at]).toBeCloseTo(Math.cos(angle), 6);
      expect(numbersOf(sin)[at]).toBeCloseTo(Math.sin(angle), 6);
    }
  });

  test('are multiplied by the attention factor of yarn', () => {
    const [, settings] = REFERENCE[1]!;
    const { cos, sin } = rotaryTables(settings);
    expect(numbersOf(cos)[0]).toBe(Math.fround(1.14));
    expect(numbersOf(sin)[64]).toBeCloseTo(1.14 * Math.sin(1), 6);
  });
});
