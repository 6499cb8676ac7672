/** The structure of a free answer: what is listed, what is in brackets, what is related to what. */
import { closesAtEnd, peeled, splitAt } from './brackets.js';
import { isInfinite, textOfValue } from './freeValue.js';
import { RefusedAnswerError } from './refusal.js';
import { isRelated, relationOf } from './relations.js';
import { textOf } from './textAnswer.js';
import type { Token } from './tokens.js';
import { spend } from './work.js';

/**
 * The canonical text of an answer. `notes` takes what a careful reader should know.
 * @throws RefusedAnswerError when it is not understood, or has several readings
 */
export function structureOf(tokens: readonly Token[], notes: string[]): string {
  const whole = peeled(withBareWords(tokens));
  const text = textOf(whole);
  if (text !== null) return text;
  const members = splitAt(whole, ({ kind, text: word }) => kind === 'comma' || isJoining(kind, word));
  while (members.length > 1 && members.at(-1)!.length === 0) members.pop();
  if (members.length === 1) return memberOf(members[0]!, notes).text;
  if (members.some((member) => member.length === 0))
    throw new RefusedAnswerError('a member of its list is missing');
  const read = members.map((member) => memberOf(member, notes));
  if (read.every(({ isRange }) => isRange)) return unionOf(read.map(({ text: range }) => range));
  const labels = read.map(({ label }) => label);
  if (labels.every((label) => label !== null) && new Set(labels).size === labels.length)
    return tupleByLabel(read as readonly Labelled[]);
  if (new Set(labels.filter((label) => label !== null)).size > 1)
    throw new RefusedAnswerError('its list gives values to several names');
  return setOf(read.flatMap(({ texts }) => texts));
}

/** Tokens that are looked through, several times over, in a unit of work. */
const TOKENS_A_UNIT = 10;

const isJoining = (kind: Token['kind'], text: string) =>
  kind === 'words' && (text === 'or' || text === 'and');

/** A member of a list. */
interface Member {
  /** What it is the value of, as in `x = 3`. */
  readonly label: string | null;
  /** Its values: several for what is written with a plus-minus sign. */
  readonly texts: readonly string[];
  readonly text: string;
  /** Whether it is an inequality, which gives an interval. */
  readonly isRange: boolean;
}
type Labelled = Member & { readonly label: string };

function memberOf(tokens: readonly Token[], notes: string[]): Member {
  if (isRelated(tokens)) {
    const relation = relationOf(tokens, notes);
    if ('text' in relation)
      return { label: null, texts: [relation.text], text: relation.text, isRange: relation.isRange };
    return { ...memberOf(relation.side, notes), label: relation.label };
  }
  const bare = peeled(tokens);
  // The members of a set each have signs of their own.
  const alternatives = isSet(bare) ? [bare] : alternativesOf(bare);
  const texts = alternatives.map((alternative) => unitOf(peeled(alternative), notes));
  return { label: null, texts, text: setOf(texts), isRange: false };
}

/** `x = 1, y = 2` is the point (1, 2): its coordinates in the order of their names. */
function tupleByLabel(members: readonly Labelled[]): string {
  const sorted = [...members].sort((a, b) => (a.label < b.label ? -1 : 1));
  return `(${sorted.map(({ text }) => text).join(', ')})`;
}

/** Members without order or repetition; one alone is itself. */
function setOf(texts: readonly string[]): string {
  const members = [...new Set(texts)].sort();
  return members.length === 1 ? members[0]! : `{${members.join(', ')}}`;
}

/** One thing: a set, a tuple or interval, a union, infinity, a text, or an expression. */
function unitOf(tokens: readonly Token[], notes: string[]): string {
  spend(tokens.length / TOKENS_A_UNIT);
  const parts = splitAt(tokens, ({ kind }) => kind === 'union');
  if (parts.length > 1) {
    const bare = parts.map(peeled);
    const [sets, others] = [bare.filter(isSet), bare.filter((part) => !isSet(part))];
    return unionOf(
      others.map((part) => unitOf(part, notes)),
      sets.flatMap((part) => membersIn(part.slice(1, -1), notes)),
    );
  }
  const open = tokens[0];
  if (open?.kind === 'open' && ['(', '[', 'set'].includes(open.text) && closesAtEnd(tokens)) {
    const inner = tokens.slice(1, -1);
    if (open.text === 'set') return inner.length === 0 ? '{}' : setOf(membersIn(inner, notes));
    const members = splitAt(inner, ({ kind }) => kind === 'comma');
    if (members.length > 1) return bracketed(open.text, tokens.at(-1)!.text, members, notes);
  }
  return textOf(tokens) ?? textOfValue(tokens, notes);
}

const isSet = (tokens: readonly Token[]): boolean => tokens[0]?.text === 'set' && closesAtEnd(tokens);

function membersIn(inner: readonly Token[], notes: string[]): readonly string[] {
  if (inner.length === 0) return [];
  if (inner.some(({ kind }) => kind === 'bar' || kind === 'relation'))
    throw new RefusedAnswerError('it is a set given by a condition');
  const members = splitAt(inner, ({ kind }) => kind === 'comma');
  return members.flatMap((member) => memberOf(member, notes).texts);
}

/** A tuple, or an interval, which is written alike; what ends at infinity is open there. */
function bracketed(open: string, close: string, members: readonly Token[][], notes: string[]): string {
  const texts = members.map((member) => memberOf(member, notes).text);
  const left = isInfinite(texts[0]!) ? '(' : open;
  const right = (isInfinite(texts.at(-1)!) ? '(' : close) === '(' ? ')' : ']';
  if (texts.length > 2 && (left === '(') !== (right === ')'))
    throw new RefusedAnswerError('its brackets do not match');
  return `${left}${texts.join(', ')}${right}`;
}

/** The points of all sets are gathered in one; the order of the parts does not count. */
function unionOf(ranges: readonly string[], points: readonly string[] = []): string {
  const sets = points.length > 0 ? [setOf(points)] : [];
  return [...new Set([...ranges.filter((range) => range !== '{}'), ...sets])].sort().join(' U ') || '{}';
}

/** Both readings of one plus-minus sign; several signs have several readings, unless they are pairs of opposites. */
function alternativesOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const signs = tokens.filter(({ text }) => text === '±' || text === '∓');
  if (signs.length === 0) return [tokens];
  if (signs.filter(({ text }) => text === '±').length !== 1)
    throw new RefusedAnswerError('it is ambiguous which of its signs go together');
  const withSigns = (plus: string, minus: string) =>
    tokens.map(
      (token): Token =>
        token.text === '±' || token.text === '∓'
          ? { kind: 'operator', text: token.text === '±' ? plus : minus }
          : token,
    );
  return [withSigns('+', '-'), withSigns('-', '+')];
}

/** With `\text{ or }` as a word among the others, not as a group. */
function withBareWords(tokens: readonly Token[]): readonly Token[] {
  const isWordGroup = (at: number) =>
    tokens[at]?.text === '{' && tokens[at + 1]?.kind === 'words' && tokens[at + 2]?.text === '{';
  return tokens.filter(({ text }, at) => text !== '{' || !(isWordGroup(at) || isWordGroup(at - 2)));
}
