/** Splits tokens at the relations between them. */
import type { Token } from './tokens.js';

/** What stands on the sides of the relations outside of brackets, and those relations. */
export function splitAtRelations(tokens: readonly Token[]): {
  readonly sides: readonly Token[][];
  readonly relations: readonly string[];
} {
  const sides: Token[][] = [[]];
  const relations: string[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'open') depth++;
    if (token.kind === 'close') depth--;
    if (token.kind === 'relation' && depth === 0) {
      relations.push(token.text);
      sides.push([]);
    } else sides.at(-1)!.push(token);
  }
  return { sides, relations };
}
