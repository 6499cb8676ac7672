/** Writes one bracket's worth of an expression and knows what may stand beside what. */
import { RefusedAnswerError } from './refusal.js';

/** A piece of an expression in mathjs syntax. */
export interface Piece {
  /** For words, the words; empty for nothing. */
  readonly source: string;
  /** `words`: nothing but words; `empty`: nothing at all; the rest are values. */
  readonly kind: 'empty' | 'words' | 'number' | 'fraction' | 'operand';
}

const PLAIN_NUMERAL = /^\d+(?:\.\d+)?$/;

/** `source` in parentheses, where it needs them. */
export function bracketed(source: string): string {
  return PLAIN_NUMERAL.test(source) ? source : `(${source})`;
}

function isProperFraction({ kind, source }: Piece): boolean {
  const parts = kind === 'fraction' ? /^\(\((\d+)\)\/\((\d+)\)\)$/.exec(source) : null;
  return parts !== null && BigInt(parts[1]!) < BigInt(parts[2]!);
}

/** Collects operands and operators in reading order; every refusal is about how two of them meet. */
export class ExpressionWriter {
  readonly notes: string[] = [];
  readonly #allowsMixed: boolean;
  #source = '';
  /** Where the last piece begins. */
  #lastStart = 0;
  #last: 'start' | 'operator' | 'number' | 'fraction' | 'operand' = 'start';
  #parts = 0;
  #words = '';
  #inUnits = false;
  #isUnderSlash = false;
  #infix: { readonly name: string; readonly left: string } | null = null;

  /** @param allowsMixed reads a whole number before a proper fraction as their sum, as in a mixed number */
  constructor(allowsMixed = false) {
    this.#allowsMixed = allowsMixed;
  }

  /** Whether an operand has just been completed. */
  get holdsValue(): boolean {
    return this.#last !== 'start' && this.#last !== 'operator';
  }

  /** Whether that operand is a numeral as printed. */
  get endsInNumeral(): boolean {
    return this.#last === 'number';
  }

  /** Whether the last thing said was words: what joins them to others, as in km/h, says nothing. */
  get inWords(): boolean {
    return this.#inUnits || (this.#parts === 0 && this.#words !== '');
  }

  value(piece: Piece): void {
    if (this.#inUnits) throw new RefusedAnswerError('it has words between numbers');
    if (this.#allowsMixed && this.#last === 'number' && isProperFraction(piece)) {
      this.#source = `${this.#source.slice(0, this.#lastStart)}(${this.#source.slice(this.#lastStart)}+${piece.source})`;
      this.#last = 'operand';
      this.notes.push('read as a mixed number');
      return;
    }
    if (this.holdsValue) this.#multiply(piece);
    this.#append(piece.source);
    this.#last = piece.kind === 'number' || piece.kind === 'fraction' ? piece.kind : 'operand';
  }

  operator(symbol: string): void {
    if (this.#inUnits) throw new RefusedAnswerError('it goes on after words');
    const isSign = symbol === '+' || symbol === '-';
    if (!this.holdsValue && !isSign) throw new RefusedAnswerError(`its '${symbol}' has nothing to act on`);
    if (symbol === '!') {
      // A double factorial is not the factorial of a factorial.
      if (this.#source.endsWith('!')) throw new RefusedAnswerError('it has a double factorial');
      this.#append('!');
      this.#last = 'operand';
      return;
    }
    this.#isUnderSlash = symbol === '/';
    this.#append(symbol);
    this.#last = 'operator';
  }

  /** Raises the last operand. An exponent of words, as in 42^{th}, or of units, as in cm^2, says nothing. */
  power(exponent: Piece): void {
    if (this.inWords) return;
    if (exponent.kind === 'words' && this.holdsValue) {
      this.#inUnits = true;
      return;
    }
    if (!this.holdsValue || exponent.kind === 'words' || exponent.kind === 'empty')
      throw new RefusedAnswerError('it has a power without base or exponent');
    this.#append(`^${bracketed(exponent.source)}`);
    this.#last = 'operand';
  }

  /** An operator that binds looser than all others: `a \bmod b`, `a \over b`, `a \choose b`. */
  infix(name: string): void {
    if (!this.holdsValue || this.#infix !== null)
      throw new RefusedAnswerError(`it is ambiguous what its '${name}' acts on`);
    this.#infix = { name, left: this.#source };
    this.#source = '';
    this.#last = 'start';
    this.#isUnderSlash = false;
  }

  /** Words before the value are a label; words after it, a unit. */
  words(text: string): void {
    this.#words = text;
    if (this.#last === 'operator') throw new RefusedAnswerError(`it has the word '${text}' for a number`);
    if (this.holdsValue) this.#inUnits = true;
  }

  /** Ends the value: what follows may only be units. */
  units(): void {
    if (!this.holdsValue) throw new RefusedAnswerError('a value is missing');
    this.#inUnits = true;
  }

  finish(): Piece {
    if (this.#parts === 0) return { source: this.#words, kind: this.#words === '' ? 'empty' : 'words' };
    if (!this.holdsValue) throw new RefusedAnswerError('it breaks off');
    if (this.#infix !== null) {
      const { name, left } = this.#infix;
      if (name === 'over') return { source: `((${left})/(${this.#source}))`, kind: 'fraction' };
      const called = name === 'choose' ? 'binomial' : 'modulo';
      return { source: `${called}(${left},${this.#source})`, kind: 'operand' };
    }
    const isAlone = this.#parts === 1 && this.#last !== 'operator' && this.#last !== 'start';
    return { source: this.#source, kind: isAlone ? (this.#last as Piece['kind']) : 'operand' };
  }

  #multiply(next: Piece): void {
    const isTight = (kind: string) => kind === 'number' || kind === 'fraction';
    if (isTight(this.#last) && isTight(next.kind))
      throw new RefusedAnswerError('two numbers stand side by side, as in a mixed number or a list');
    if (this.#isUnderSlash) throw new RefusedAnswerError('it is ambiguous how far the denominator goes');
    this.#append('*');
  }

  #append(source: string): void {
    this.#lastStart = this.#source.length;
    this.#source += source;
    this.#parts++;
  }
}
