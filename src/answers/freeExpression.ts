/** Adds variables, constants and functions without parentheses to what an expression may hold. */
import { type Expression, ExpressionReader, operandOf, sourceOf } from './expression.js';
import { ExpressionWriter, type Piece } from './expressionWriter.js';
import { RefusedAnswerError } from './refusal.js';
import { isWord } from './textAnswer.js';
import type { Token } from './tokens.js';
import { NAMED_VARIABLES, PREFIX_FUNCTIONS } from './vocabulary.js';

/**
 * Translates one side of a free answer.
 * @throws RefusedAnswerError when it has no single value, or more than one reading.
 */
export function freeExpressionOf(tokens: readonly Token[]): Expression {
  return new FreeExpressionReader(tokens).read();
}

class FreeExpressionReader extends ExpressionReader {
  protected override writer(): ExpressionWriter {
    return new ExpressionWriter(true);
  }

  /** A run of letters is a product, `xy^2` is x times y^2; only its last letter may have a subscript. */
  protected override variable(text: string, writer: ExpressionWriter): void {
    const name = text.replace('\\', '');
    if (PREFIX_FUNCTIONS.has(name)) {
      writer.value(this.applied(name));
      return;
    }
    if (text !== name || name === 'pi') {
      writer.value(operandOf(this.subscripted(this.named(name))));
      return;
    }
    if (isWord(name)) throw new RefusedAnswerError(`it contains the word '${name}'`);
    const letters = [...name];
    for (const letter of letters.slice(0, -1)) writer.value(operandOf(letter));
    writer.value(operandOf(this.subscripted(letters.at(-1)!)));
  }

  /** An argument may also be a letter. */
  protected override argument(anyLength = false): Piece {
    const token = this.tokens[this.at];
    if (token?.kind !== 'variable') return super.argument(anyLength);
    this.at++;
    const name = token.text.replace('\\', '');
    if (name === token.text && name.length > 1 && name !== 'pi')
      throw new RefusedAnswerError(`it is ambiguous how far the argument '${name}' goes`);
    return operandOf(name === token.text ? name : this.named(name));
  }

  private named(name: string): string {
    if (!NAMED_VARIABLES.has(name)) throw new RefusedAnswerError(`it contains '\\${name}'`);
    return name;
  }

  private subscripted(name: string): string {
    if (this.tokens[this.at]?.kind !== 'subscript') return name;
    this.at++;
    const index = this.argument(true).source.replace(/[()]/g, '');
    if (!/^[A-Za-z0-9]+$/.test(index)) throw new RefusedAnswerError('it has a subscript');
    return `${name}_${index}`;
  }

  /** `\sin^2 x`, `\log_2 8`, `\cos(2x)`: a function with its power, its base and its argument. */
  private applied(name: string): Piece {
    let [base, power] = ['', ''];
    for (;;) {
      const next = this.tokens[this.at];
      if (next?.kind === 'subscript' && (name === 'log' || name === 'lg')) {
        this.at++;
        base = sourceOf(this.argument(true));
      } else if (next?.kind === 'operator' && next.text === '^') {
        this.at++;
        power = sourceOf(this.exponent());
      } else break;
    }
    if (/^\(?-/.test(power)) throw new RefusedAnswerError(`it has a negative power of ${name}`);
    if (name === 'lg') base = '10';
    const argument = this.functionArgument(name);
    const call = base === '' ? `${name}(${argument})` : `log(${argument},${base})`;
    return operandOf(power === '' ? call : `(${call})^(${power})`);
  }

  private functionArgument(name: string): string {
    const first = this.tokens[this.at];
    if (first?.kind === 'open' && first.text !== '{') {
      this.at++;
      return sourceOf(this.operand(first));
    }
    const writer = this.writer();
    while (this.extendsArgument(writer)) {
      const token = this.tokens[this.at++]!;
      if (token.kind === 'variable') this.variable(token.text, writer);
      else writer.value(this.operand(token));
      if (this.tokens[this.at]?.text !== '^') continue;
      this.at++;
      writer.power(this.exponent());
    }
    if (!writer.holdsValue) throw new RefusedAnswerError(`'${name}' has no argument`);
    return sourceOf(writer.finish());
  }

  /** A number, group, root or fraction begins an argument; letters go on with it. */
  private extendsArgument(writer: ExpressionWriter): boolean {
    const token = this.tokens[this.at];
    if (token?.kind === 'variable') return !PREFIX_FUNCTIONS.has(token.text.replace('\\', ''));
    if (writer.holdsValue) return false;
    return token?.kind === 'number' || token?.kind === 'function' || token?.text === '{';
  }
}
