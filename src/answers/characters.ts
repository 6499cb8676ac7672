/** Replaces characters that stand for an ASCII one in mathematics (full-width digits, typographic signs and spaces). */

const REPLACEMENTS: Readonly<Record<string, string>> = {
  '\u2212': '-', // minus sign
  '\u2013': '-', // en dash
  '\u2010': '-', // hyphen
  '\u2011': '-', // non-breaking hyphen
  '×': '*',
  '·': '*',
  '\u22c5': '*', // dot operator
  '\u2217': '*', // asterisk operator
  '÷': '/',
  '\u2215': '/', // division slash
  '\u2044': '/', // fraction slash
  '\u221a': '\\radical ',
  '\u221b': '\\cuberoot ',
  '\u2248': '\\approx ',
  '\u2245': '\\approx ',
  '\u2261': '\\equiv ',
  '\u21d2': '\\implies ',
  '\u2234': '\\therefore ',
  '\u2208': '\\in ',
  '\u230a': '\\lfloor ',
  '\u230b': '\\rfloor ',
  '\u2308': '\\lceil ',
  '\u2309': '\\rceil ',
  '\u00b0': '^\\circ ',
  '\u00ba': '^\\circ ',
  '\u2019': "'",
  '±': '\\pm ',
  '\u2213': '\\mp ',
  '\u2264': '\\le ',
  '\u2265': '\\ge ',
  '\u2260': '\\ne ',
  '\u221e': '\\infty ',
  '\u222a': '\\cup ',
  '\u2205': '\\emptyset ',
  π: '\\pi ',
  θ: '\\theta ',
  α: '\\alpha ',
  β: '\\beta ',
  λ: '\\lambda ',
  φ: '\\phi ',
  ℝ: '\\mathbb{R}',
};

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const SUBSCRIPTS = '₀₁₂₃₄₅₆₇₈₉';

// The ranges in order: superscripts, subscripts, spaces, invisible characters, full-width ASCII, bold and other digits.
const UNUSUAL =
  /[⁰¹²³⁴-⁹]+|[₀-₉]+|[\u00a0\u2000-\u200a\u202f\u205f\u3000]|[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]|[\uff01-\uff5e]|[\u{1d7ce}-\u{1d7ff}]|[^\0-\x7f]/gu;

/** `text` with every such character replaced; runs of superscripts and subscripts become `^{…}` and `_{…}`. */
export function asciiMathematics(text: string): string {
  return text.replace(UNUSUAL, (found) => {
    if (SUPERSCRIPTS.includes(found[0]!)) return `^{${scriptDigits(found, SUPERSCRIPTS)}}`;
    if (SUBSCRIPTS.includes(found[0]!)) return `_{${scriptDigits(found, SUBSCRIPTS)}}`;
    const code = found.codePointAt(0)!;
    if (code === 0xa0 || code === 0x202f || code === 0x205f || code === 0x3000) return ' ';
    if (code >= 0x2000 && code <= 0x200a) return ' ';
    if (/[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]/.test(found)) return '';
    if (code >= 0xff01 && code <= 0xff5e) return String.fromCharCode(code - 0xfee0);
    if (code >= 0x1d7ce && code <= 0x1d7ff) return String((code - 0x1d7ce) % 10);
    return REPLACEMENTS[found] ?? found;
  });
}

function scriptDigits(found: string, alphabet: string): string {
  return [...found].map((character) => alphabet.indexOf(character)).join('');
}
