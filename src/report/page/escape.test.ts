import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escapeHtml, scriptJson } from './escape.js';

describe('escapeHtml', () => {
  test('leaves no character that ends a text or an attribute, and none that hides', () => {
    expect(escapeHtml(`<b a="1" c='2'>&amp;\u0000\u202e`)).toBe(
      '&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;\u2400\ufffd',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
      }),
    );
  });
});

describe('scriptJson', () => {
  test('is the value, and ends no script', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--', '<script'), (value, text) => {
        const json = scriptJson([value, text]);
        expect(json).not.toContain('<');
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify([value, text])));
      }),
    );
  });
});
