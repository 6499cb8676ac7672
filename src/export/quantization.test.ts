import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../errors.js';
import {
  describeQuantization,
  parseBlockSize,
  parseRules,
  precisionOf,
  resolveQuantization,
} from './quantization.js';

const layer = (at: number, projection: string) => `model.layers.${at}.self_attn.${projection}`;

function precisions(rules: string, names: readonly string[], tied = false): string[] {
  const quantization = resolveQuantization('int8', { rules: parseRules(rules) });
  return names.map((name) => precisionOf(quantization, name, tied));
}

describe('precision rules', () => {
  test('name projections, layers, ranges of layers, and both', () => {
    const names = [
      layer(0, 'q_proj'),
      layer(1, 'q_proj'),
      layer(1, 'v_proj'),
      layer(12, 'v_proj'),
      'lm_head',
    ];
    expect(precisions('q_proj=float', names)).toEqual(['float', 'float', 'int8', 'int8', 'int8']);
    expect(precisions('1=int4', names)).toEqual(['int8', 'int4', 'int4', 'int8', 'int8']);
    expect(precisions('1-12.v_proj=int4', names)).toEqual(['int8', 'int8', 'int4', 'int4', 'int8']);
    expect(precisions('lm_head=float', names)).toEqual(['int8', 'int8', 'int8', 'int8', 'float']);
  });

  test('the first that names a matrix counts, and rules given go before those of the default', () => {
    expect(precisions('1.v_proj=float,v_proj=int4', [layer(1, 'v_proj'), layer(2, 'v_proj')])).toEqual([
      'float',
      'int4',
    ]);
    const given = resolveQuantization('int4', { rules: parseRules('lm_head=int4') });
    expect(precisionOf(given, 'lm_head', false)).toBe('int4');
    expect(precisionOf(resolveQuantization('int4'), 'lm_head', false)).toBe('int8');
  });

  test('the embedding follows a tied head, and is quantized elsewhere only if a rule names it', () => {
    const embedding = ['model.embed_tokens'];
    expect(precisions('lm_head=int4', embedding, true)).toEqual(['int4']);
    expect(precisions('lm_head=int4', embedding, false)).toEqual(['float']);
    expect(precisions('embed_tokens=int8', embedding, false)).toEqual(['int8']);
    expect(precisions('embed_tokens=float', [...embedding, 'lm_head'], true)).toEqual(['float', 'int8']);
  });

  test.each([
    '',
    'lm_head',
    'lm_head=',
    '=int8',
    'lm_head=fp8',
    '3-=int8',
    'q_proj.0=int8',
    'a=int8=int4',
    ',',
    'v_proj=int8,',
  ])('refuses %j by name', (text) => {
    expect(() => parseRules(text)).toThrow(UsageError);
    expect(() => parseRules(text)).toThrow('--precision');
  });
});

test('block sizes are those that the operators have', () => {
  expect(parseBlockSize(64)).toBe(64);
  for (const size of [0, 16, 33, 256]) expect(() => parseBlockSize(size)).toThrow(UsageError);
});

test('settings are told apart by their text', () => {
  const texts = [{}, { blockSize: 64 }, { symmetric: false }, { rules: parseRules('0=float') }].map(
    (options) => describeQuantization(resolveQuantization('int8', options as object)),
  );
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts[0]).toBe('int8, blocks of 128');
  expect(texts[2]).toBe('int8, blocks of 128 with zero points');
});
