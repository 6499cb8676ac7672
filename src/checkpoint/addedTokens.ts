/** Tokens added beside a model's own: they are found in a text before anything else is done with it. */

/** An entry of `added_tokens` in `tokenizer.json`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Only found where no letter, digit or underscore touches it. */
  readonly single_word: boolean;
  /** Takes the white space before it. */
  readonly lstrip: boolean;
  /** Takes the white space after it. */
  readonly rstrip: boolean;
  /** Looked for in the normalised text, the content normalised likewise. */
  readonly normalized: boolean;
}

/** A text between added tokens, or the id of an added token. */
export type Section = string | number;

/** White space and word characters as Rust's `regex` has them: `\s` of JavaScript lacks U+0085 and has U+FEFF. */
const SPACE = '\\p{White_Space}';
const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const SPACES_AT_START = new RegExp(`^${SPACE}+`, 'u');
const WORD_AT_START = new RegExp(`^${WORD}`, 'u');
const WORD_AT_END = new RegExp(`${WORD}$`, 'u');
const ONE_SPACE = new RegExp(SPACE, 'u');

/** Finds added tokens as Hugging Face's `tokenizers` does: the leftmost, of several there the longest. */
export class AddedTokenSplitter {
  readonly #tokens = new Map<string, AddedToken>();
  /** `null` without tokens. */
  readonly #pattern: RegExp | null;

  /** `written` is how a token stands in the texts to be split. */
  constructor(tokens: readonly AddedToken[], written: (token: AddedToken) => string) {
    for (const token of tokens) {
      const text = written(token);
      if (text !== '' && !this.#tokens.has(text)) this.#tokens.set(text, token);
    }
    const longestFirst = [...this.#tokens.keys()].sort((a, b) => b.length - a.length);
    this.#pattern =
      longestFirst.length === 0 ? null : new RegExp(longestFirst.map(escapePattern).join('|'), 'gu');
  }

  /** Sections in the order of the text; none for an empty text. */
  split(text: string): Section[] {
    const sections: Section[] = [];
    let end = 0;
    for (const match of this.#pattern ? text.matchAll(this.#pattern) : []) {
      const token = this.#tokens.get(match[0])!;
      let start = match.index;
      let stop = start + match[0].length;
      if (token.single_word && touchesWord(text, start, stop)) continue;
      if (token.lstrip) start = startOfSpaces(text, end, start);
      if (token.rstrip) stop += SPACES_AT_START.exec(text.slice(stop))?.[0].length ?? 0;
      if (start > end) sections.push(text.slice(end, start));
      sections.push(token.id);
      end = stop;
    }
    if (end < text.length) sections.push(text.slice(end));
    return sections;
  }
}

function touchesWord(text: string, start: number, stop: number): boolean {
  // Two code units hold any character.
  const before = text.slice(Math.max(0, start - 2), start);
  return WORD_AT_END.test(before) || WORD_AT_START.test(text.slice(stop, stop + 2));
}

/** Where the white space that ends at `stop` begins, at or after `from`. All of it is in the basic plane. */
function startOfSpaces(text: string, from: number, stop: number): number {
  let start = stop;
  while (start > from && ONE_SPACE.test(text[start - 1]!)) start -= 1;
  return start;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) => `\\u{${character.charCodeAt(0).toString(16)}}`);
}
