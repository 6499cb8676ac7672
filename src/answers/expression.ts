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
  const notes: string[] = [];
  let at = 0;
  let depth = 0;
  const whole = sequence(null);
  return { ...whole, notes };

  /** Reads up to the bracket that closes `pair` (taken as well), or to the end. With `split`, commas end it too. */
  function sequence(pair: string | null, split = false): Piece & { isSplit?: true } {
    if (++depth > MAX_NESTING) throw new RefusedAnswerError(`it nests deeper than ${MAX_NESTING} brackets`);
    const writer = new ExpressionWriter();
    for (;;) {
      const token = tokens[at];
      if (token === undefined) {
        if (pair !== null) throw new RefusedAnswerError('a bracket is not closed');
        break;
      }
      const closesBar = token.kind === 'bar' && pair === 'bar' && writer.holdsValue;
      if (token.kind === 'close' || closesBar) {
        if (token.text !== pair && !closesBar) throw new RefusedAnswerError('its brackets do not match');
        at++;
        break;
      }
      if (token.kind === 'comma' && split) {
        depth--;
        return { ...writer.finish(), isSplit: true };
      }
      at++;
      part(token, writer);
    }
    depth--;
    return writer.finish();
  }

  function part(token: Token, writer: ExpressionWriter): void {
    switch (token.kind) {
      case 'number':
      case 'function':
      case 'bar':
        writer.value(operand(token));
        return;
      case 'open': {
        if (token.text === '(' && tokens[at]?.kind === 'infix') {
          remark(writer);
          return;
        }
        const piece = operand(token);
        if (piece.kind === 'words') words(piece.source, writer);
        else if (piece.kind !== 'empty') writer.value(piece);
        else if (token.text !== '{') throw new RefusedAnswerError('it has empty brackets');
        return;
      }
      case 'operator':
        if (token.text === '^') writer.power(exponent());
        else if (writer.inWords && tokens[at]?.kind === 'words') return;
        else writer.operator(token.text);
        return;
      case 'infix':
        writer.infix(token.text);
        return;
      case 'words':
        words(token.text, writer);
        return;
      case 'residue':
        argument();
        writer.units();
        return;
      case 'subscript': {
        const base = argument();
        if (!writer.endsInNumeral || (base.source !== '10' && base.source !== 'ten'))
          throw new RefusedAnswerError('it has a subscript, or is written in a base other than ten');
        return;
      }
      case 'variable':
        throw new RefusedAnswerError(`it contains '${token.text}'`);
      case 'comma':
        throw new RefusedAnswerError('it holds several values');
      case 'filler':
        throw new RefusedAnswerError(`it contains '${token.text}', so something is left out`);
      case 'relation':
      case 'close':
        throw new RefusedAnswerError('it has a relation inside brackets');
      default:
        token.kind satisfies never;
    }
  }

  /** A parenthesised `(mod m)`: says in which ring the value counts, and changes nothing. */
  function remark(writer: ExpressionWriter): void {
    at++;
    sequence('(');
    writer.units();
  }

  function words(text: string, writer: ExpressionWriter): void {
    const refused = text.split(' ').find((word) => REFUSED_WORDS.has(word.toLowerCase()));
    if (refused !== undefined) throw new RefusedAnswerError(`it contains the word '${refused}'`);
    writer.words(text);
  }

  /** One operand that begins with `token`, already taken. */
  function operand(token: Token): Piece {
    if (token.kind === 'number') return { source: token.text, kind: 'number' };
    if (token.kind === 'function') return call(token.text);
    if (token.kind === 'bar') return operandOf(`abs(${sourceOf(sequence('bar'))})`);
    const inner = sequence(token.text);
    if (inner.kind === 'words' || inner.kind === 'empty') return inner;
    if (token.text === 'floor' || token.text === 'ceil' || token.text === 'abs')
      return operandOf(`${token.text}(${inner.source})`);
    // Braces do not show in print, so {1}2 looks like 12: what is in them keeps its kind.
    return { source: bracketed(inner.source), kind: token.text === '{' ? inner.kind : 'operand' };
  }

  function call(name: string): Piece {
    switch (name) {
      case 'fraction':
      case 'binomial': {
        if (name === 'binomial' && tokens[at]?.text === '(')
          return operandOf(`binomial(${list().join(',')})`);
        const [above, below] = twoArguments(name);
        return name === 'fraction'
          ? { source: `((${above})/(${below}))`, kind: 'fraction' }
          : operandOf(`binomial(${above},${below})`);
      }
      case 'root': {
        let index = '2';
        if (tokens[at]?.text === '[') {
          at++;
          index = sourceOf(sequence('['));
        }
        return operandOf(`root(${sourceOf(argument())},${index})`);
      }
      case 'squareRoot':
      case 'cubeRoot':
        return operandOf(`root(${sourceOf(argument(true))},${name === 'squareRoot' ? 2 : 3})`);
      default:
        return operandOf(`${name}(${list().join(',')})`);
    }
  }

  /**
   * What TeX takes as a command's argument: a group, or one digit. `anyLength` allows a longer numeral,
   * where that can only mean the number.
   */
  function argument(anyLength = false): Piece {
    const token = tokens[at++];
    if (token === undefined) throw new RefusedAnswerError('an argument is missing');
    if (token.kind === 'number' && token.text.length > 1 && !anyLength)
      throw new RefusedAnswerError(`it is ambiguous how far the argument '${token.text}' goes`);
    if (token.kind === 'number' || token.kind === 'open' || token.kind === 'function') return operand(token);
    if (token.kind === 'words') return { source: token.text, kind: 'words' };
    throw new RefusedAnswerError(`'${token.text}' is no argument`);
  }

  function twoArguments(name: string): readonly [string, string] {
    const digits = tokens[at]?.kind === 'number' ? tokens[at]!.text : '';
    if (digits.length < 2 || (name === 'binomial' && digits.length > 2) || digits.includes('.'))
      return [sourceOf(argument()), sourceOf(argument())];
    at++;
    const above = digits.slice(0, -1);
    const below = digits.slice(-1);
    // TeX would take two digits and print the others after the fraction; nobody means that.
    if (digits.length > 2) notes.push(`the fraction of '${digits}' is read as ${above}/${below}`);
    return [above, below];
  }

  /** The arguments of a function in parentheses or braces, separated by commas. */
  function list(): readonly string[] {
    const bracket = tokens[at++];
    if (bracket?.kind !== 'open') throw new RefusedAnswerError('a function has no arguments in parentheses');
    const values: string[] = [];
    for (;;) {
      const piece = sequence(bracket.text, true);
      values.push(sourceOf(piece));
      if (!piece.isSplit) return values;
      at++;
    }
  }

  function exponent(): Piece {
    const token = tokens[at++];
    if (token?.kind === 'operator' && (token.text === '-' || token.text === '+')) {
      const inner = exponent();
      return operandOf(`(${token.text}${sourceOf(inner)})`);
    }
    if (token?.kind === 'number' && token.text.length > 1)
      notes.push(`the exponent is read as ${token.text}, which TeX would cut after one digit`);
    at--;
    return argument(true);
  }
}

const operandOf = (source: string): Piece => ({ source, kind: 'operand' });

function sourceOf(piece: Piece): string {
  if (piece.kind === 'words' || piece.kind === 'empty') throw new RefusedAnswerError('a value is missing');
  return piece.source;
}
