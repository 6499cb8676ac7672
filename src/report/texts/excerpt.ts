/** A sample's text for the page: whole where there is room, else its beginning, its answer and its end. */
import { visibleText } from '../visible.js';
import type { Piece } from './wire.js';

/** Characters kept around an answer that lies in what is left out, and of an answer that is itself too long. */
const AROUND_ANSWER = 200;
/** The share of a shortened text that shows its beginning; the end tells more. */
const BEGINNING = 1 / 4;

/**
 * The pieces of `text` in order, of about `limit` characters at most beside those around the answer.
 * @param span offsets of the answer in the text; what lies beyond the text is passed over
 */
export function excerpt(text: string, span: readonly [number, number] | null, limit: number): Piece[] {
  const start = Math.min(span?.[0] ?? 0, text.length);
  const end = Math.min(Math.max(start, span?.[1] ?? start), text.length);
  const kept = keptStretches(text, start, end, limit);
  const pieces: Piece[] = [];
  let reached = 0;
  for (const [from, to] of kept) {
    if (from > reached) pieces.push({ left: from - reached });
    const cuts = [from, start, end, to].map((cut) => Math.min(to, Math.max(from, cut)));
    for (let part = 0; part < 3; part++) {
      const stretch = text.slice(cuts[part], cuts[part + 1]);
      if (stretch) pieces.push({ text: visibleText(stretch), isAnswer: part === 1 });
    }
    reached = to;
  }
  if (reached < text.length) pieces.push({ left: text.length - reached });
  return pieces;
}

/** Stretches [from, to) to keep, in order and apart from each other. */
function keptStretches(text: string, start: number, end: number, limit: number): [number, number][] {
  if (text.length <= limit) return [[0, text.length]];
  const head = Math.floor(limit * BEGINNING);
  const wanted: [number, number][] = [
    [0, head],
    ...(end > start
      ? [[start - AROUND_ANSWER, Math.min(end, start + AROUND_ANSWER) + AROUND_ANSWER] as [number, number]]
      : []),
    [text.length - (limit - head), text.length],
  ];
  wanted.sort(([a], [b]) => a - b);
  const kept: [number, number][] = [];
  for (const stretch of wanted) {
    const from = whole(text, Math.max(0, stretch[0]));
    const to = whole(text, Math.min(text.length, stretch[1]));
    const last = kept.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else kept.push([from, to]);
  }
  return kept;
}

/** A cut that does not part the halves of a character. */
function whole(text: string, cut: number): number {
  const isInside = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(cut - 1, cut + 1));
  return isInside && cut > 0 ? cut - 1 : cut;
}

/** The largest limit under which texts of these lengths keep `total` characters together; `null` when they need none. */
export function fairLimit(lengths: readonly number[], total: number): number | null {
  if (lengths.reduce((sum, length) => sum + length, 0) <= total) return null;
  const ascending = [...lengths].sort((a, b) => a - b);
  let rest = total;
  for (const [position, length] of ascending.entries()) {
    const share = rest / (ascending.length - position);
    if (length > share) return Math.floor(share);
    rest -= length;
  }
  return null;
}
