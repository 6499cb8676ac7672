/** Strings looked for in a text that grows. */

export class StringScanner {
  readonly #strings: readonly string[];
  /** Characters at the text's end that a string may begin in. */
  readonly #overlap: number;
  #tail = '';

  constructor(strings: readonly string[]) {
    this.#strings = strings;
    this.#overlap = Math.max(...strings.map(({ length }) => length)) - 1;
  }

  /** Takes in the next characters. Returns whether they complete a string. */
  sees(added: string): boolean {
    const text = this.#tail + added;
    this.#tail = this.#overlap > 0 ? text.slice(-this.#overlap) : '';
    return this.#isIn(text);
  }

  /** Whether these next characters would complete one. */
  wouldSee(pending: string): boolean {
    return this.#isIn(this.#tail + pending);
  }

  #isIn(text: string): boolean {
    return this.#strings.some((string) => text.includes(string));
  }
}
