/** The library's template interpreter, with Python's way of stripping texts. */
import { Environment, Interpreter } from '@huggingface/jinja';

/** What is used of the library's syntax trees and values, whose declarations do not resolve in ECMAScript modules. */
interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly computed?: boolean;
  readonly callee?: Node;
  readonly object?: Node;
  readonly property?: Node;
  readonly args?: readonly Node[];
  readonly operand?: Node;
  readonly filter?: Node;
}
interface Value {
  readonly type: string;
  readonly value: unknown;
}
const LibraryInterpreter: new (
  environment: Environment,
) => {
  run(program: unknown): Value;
  evaluate(node: Node | undefined, environment: Environment): Value;
} = Interpreter;

/**
 * Renders as the library does, but for `strip`, `lstrip`, `rstrip` and the filter `trim`: the library takes off white space
 * whatever characters are asked for, and `content.lstrip('\n')`, as in templates of reasoning models, would lose indents.
 */
export class TemplateInterpreter extends LibraryInterpreter {
  override evaluate(node: Node | undefined, environment: Environment): Value {
    const call = strippingCall(node);
    if (!call) return super.evaluate(node, environment);
    const text: Value = this.evaluate(call.text, environment);
    if (text.type !== 'StringValue') return super.evaluate(node, environment);
    const characters = call.characters && this.evaluate(call.characters, environment).value;
    const stripped = strip(String(text.value), typeof characters === 'string' ? characters : null, call);
    return new Environment().set('stripped', stripped);
  }
}

interface Ends {
  readonly left: boolean;
  readonly right: boolean;
}
const METHODS: ReadonlyMap<unknown, Ends> = new Map([
  ['strip', { left: true, right: true }],
  ['lstrip', { left: true, right: false }],
  ['rstrip', { left: false, right: true }],
]);

/** `text.strip(characters)` and the like, and `text | trim`; `null` for any other node. */
function strippingCall(
  node: Node | undefined,
): (Ends & { readonly text: Node; readonly characters: Node | null }) | null {
  if (node?.type === 'FilterExpression' && node.filter?.type === 'Identifier' && node.filter.value === 'trim')
    return { left: true, right: true, text: node.operand!, characters: null };
  if (node?.type !== 'CallExpression' || node.callee?.type !== 'MemberExpression' || node.callee.computed)
    return null;
  const ends = METHODS.get(node.callee.property?.value);
  return ends ? { ...ends, text: node.callee.object!, characters: node.args?.[0] ?? null } : null;
}

/** White space of Python's `str.isspace`; `trim` of JavaScript has U+FEFF besides, and lacks U+001C to U+001F and U+0085. */
const PYTHON_SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Python's `str.strip`: any of `characters`, or white space where that is `null`, is taken off the ends. */
function strip(text: string, characters: string | null, { left, right }: Ends): string {
  const given = characters === null ? null : new Set(characters);
  const goes = (character: string) => given?.has(character) ?? PYTHON_SPACE.test(character);
  const all = Array.from(text);
  let start = 0;
  let end = all.length;
  while (left && start < end && goes(all[start]!)) start += 1;
  while (right && end > start && goes(all[end - 1]!)) end -= 1;
  return all.slice(start, end).join('');
}
