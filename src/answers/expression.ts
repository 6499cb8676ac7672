/** Tokens of one side of an answer -> the same expression in the syntax that mathjs parses. */
import { bracketed, ExpressionWriter, type Piece } from './expressionWriter.js';
import { RefusedAnswerError } from './refusal.js';
import type { Token } from './tokens.js';
import { REFUSED_WORDS } from './vocabulary.js';

/** A translated side. */
export interface Expression extends Piece {
  /** What a careful reader should know about the reading. */
  readonly notes: readonly string[];
}

/** Brackets in brackets; mathjs descends about twenty calls a level, so this also guards its stack. */
export const MAX_NESTING = 30;

/**
 * Translates one side (no relation in it). Units and labels at its ends are dropped.
 * @throws RefusedAnswerError when it is no single number: a list, a variable, an ambiguous juxtaposition.
 */
export function expressionOf(tokens: readonly Token[]): Expression {
  return new ExpressionReader(tokens).read();
}

/** Reads one number; `FreeExpressionReader` adds what an expression in variables may hold. */
export class ExpressionReader {
  protected readonly tokens: readonly Token[];
  protected readonly notes: string[] = [];
  protected at = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  read(): Expression {
    const whole = this.sequence(null);
    return { ...whole, notes: this.notes };
  }

  /** A variable, or a command that is not known. */
  protected variable(text: string, _writer: ExpressionWriter): void {
    throw new RefusedAnswerError(`it contains '${text}'`);
  }

  protected writer(): ExpressionWriter {
    return new ExpressionWriter();
  }

  /** Reads up to the bracket that closes `pair` (taken as well), or to the end. With `split`, commas end it too. */
  protected sequence(pair: string | null, split = false): Piece & { isSplit?: true } {
    if (++this.depth > MAX_NESTING)
      throw new RefusedAnswerError(`it nests deeper than ${MAX_NESTING} brackets`);
    const writer = this.writer();
    for (;;) {
      const token = this.tokens[this.at];
      if (token === undefined) {
        if (pair !== null) throw new RefusedAnswerError('a bracket is not closed');
        break;
      }
      const closesBar = token.kind === 'bar' && pair === 'bar' && writer.holdsValue;
      if (token.kind === 'close' || closesBar) {
        if (token.text !== pair && !closesBar) throw new RefusedAnswerError('its brackets do not match');
        this.at++;
        break;
      }
      if (token.kind === 'comma' && split) {
        this.depth--;
        return { ...writer.finish(), isSplit: true };
      }
      this.at++;
      this.part(token, writer);
    }
    this.depth--;
    this.notes.push(...writer.notes);
    return writer.finish();
  }

  private part(token: Token, writer: ExpressionWriter): void {
    switch (token.kind) {
      case 'number':
      case 'function':
      case 'bar':
        writer.value(this.operand(token));
        return;
      case 'open': {
        if (token.text === '(' && this.tokens[this.at]?.kind === 'infix') {
          this.remark(writer);
          return;
        }
        const piece = this.operand(token);
        if (piece.kind === 'words') this.words(piece.source, writer);
        else if (piece.kind !== 'empty') writer.value(piece);
        else if (token.text !== '{') throw new RefusedAnswerError('it has empty brackets');
        return;
      }
      case 'operator':
        if (token.text === '^') writer.power(this.exponent());
        else if (writer.inWords && this.tokens[this.at]?.kind === 'words') return;
        else writer.operator(token.text);
        return;
      case 'infix':
        writer.infix(token.text);
        return;
      case 'words':
        this.words(token.text, writer);
        return;
      case 'residue':
        this.argument();
        writer.units();
        return;
      case 'subscript': {
        const base = this.argument();
        if (!writer.endsInNumeral || (base.source !== '10' && base.source !== 'ten'))
          throw new RefusedAnswerError('it has a subscript, or is written in a base other than ten');
        return;
      }
      case 'variable':
        this.variable(token.text, writer);
        return;
      case 'comma':
        throw new RefusedAnswerError('it holds several values');
      case 'filler':
        throw new RefusedAnswerError(`it contains '${token.text}', so something is left out`);
      case 'relation':
      case 'union':
      case 'close':
        throw new RefusedAnswerError('it has a relation inside brackets');
      default:
        token.kind satisfies never;
    }
  }

  /** A parenthesised `(mod m)`: says in which ring the value counts, and changes nothing. */
  private remark(writer: ExpressionWriter): void {
    this.at++;
    this.sequence('(');
    writer.units();
  }

  private words(text: string, writer: ExpressionWriter): void {
    const refused = text.split(' ').find((word) => REFUSED_WORDS.has(word.toLowerCase()));
    if (refused !== undefined) throw new RefusedAnswerError(`it contains the word '${refused}'`);
    writer.words(text);
  }

  /** One operand that begins with `token`, already taken. */
  protected operand(token: Token): Piece {
    if (token.kind === 'number') return { source: token.text, kind: 'number' };
    if (token.kind === 'function') return this.call(token.text);
    if (token.kind === 'bar') return operandOf(`abs(${sourceOf(this.sequence('bar'))})`);
    const inner = this.sequence(token.text);
    if (inner.kind === 'words' || inner.kind === 'empty') return inner;
    if (token.text === 'floor' || token.text === 'ceil' || token.text === 'abs')
      return operandOf(`${token.text}(${inner.source})`);
    // Braces do not show in print, so {1}2 looks like 12: what is in them keeps its kind.
    return { source: bracketed(inner.source), kind: token.text === '{' ? inner.kind : 'operand' };
  }

  private call(name: string): Piece {
    switch (name) {
      case 'fraction':
      case 'binomial': {
        if (name === 'binomial' && this.tokens[this.at]?.text === '(')
          return operandOf(`binomial(${this.list().join(',')})`);
        const [above, below] = this.twoArguments(name);
        return name === 'fraction'
          ? { source: `((${above})/(${below}))`, kind: 'fraction' }
          : operandOf(`binomial(${above},${below})`);
      }
      case 'root': {
        let index = '2';
        if (this.tokens[this.at]?.text === '[') {
          this.at++;
          index = sourceOf(this.sequence('['));
        }
        return operandOf(`root(${sourceOf(this.argument())},${index})`);
      }
      case 'squareRoot':
      case 'cubeRoot':
        return operandOf(`root(${sourceOf(this.argument(true))},${name === 'squareRoot' ? 2 : 3})`);
      default:
        return operandOf(`${name}(${this.list().join(',')})`);
    }
  }

  /**
   * What TeX takes as a command's argument: a group, or one digit. `anyLength` allows a longer numeral,
   * where that can only mean the number.
   */
  protected argument(anyLength = false): Piece {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new RefusedAnswerError('an argument is missing');
    if (token.kind === 'number' && token.text.length > 1 && !anyLength)
      throw new RefusedAnswerError(`it is ambiguous how far the argument '${token.text}' goes`);
    if (token.kind === 'number' || token.kind === 'open' || token.kind === 'function')
      return this.operand(token);
    if (token.kind === 'words') return { source: token.text, kind: 'words' };
    throw new RefusedAnswerError(`'${token.text}' is no argument`);
  }

  private twoArguments(name: string): readonly [string, string] {
    const digits = this.tokens[this.at]?.kind === 'number' ? this.tokens[this.at]!.text : '';
    if (digits.length < 2 || (name === 'binomial' && digits.length > 2) || digits.includes('.'))
      return [sourceOf(this.argument()), sourceOf(this.argument())];
    this.at++;
    const above = digits.slice(0, -1);
    const below = digits.slice(-1);
    // TeX would take two digits and print the others after the fraction; nobody means that.
    if (digits.length > 2) this.notes.push(`the fraction of '${digits}' is read as ${above}/${below}`);
    return [above, below];
  }

  /** The arguments of a function in parentheses or braces, separated by commas. */
  private list(): readonly string[] {
    const bracket = this.tokens[this.at++];
    if (bracket?.kind !== 'open') throw new RefusedAnswerError('a function has no arguments in parentheses');
    const values: string[] = [];
    for (;;) {
      const piece = this.sequence(bracket.text, true);
      values.push(sourceOf(piece));
      if (!piece.isSplit) return values;
      this.at++;
    }
  }

  protected exponent(): Piece {
    const token = this.tokens[this.at++];
    if (token?.kind === 'operator' && (token.text === '-' || token.text === '+')) {
      const inner = this.exponent();
      return operandOf(`(${token.text}${sourceOf(inner)})`);
    }
    if (token?.kind === 'number' && token.text.length > 1)
      this.notes.push(`the exponent is read as ${token.text}, which TeX would cut after one digit`);
    this.at--;
    return this.argument(true);
  }
}

export const operandOf = (source: string): Piece => ({ source, kind: 'operand' });

export function sourceOf(piece: Piece): string {
  if (piece.kind === 'words' || piece.kind === 'empty') throw new RefusedAnswerError('a value is missing');
  return piece.source;
}
