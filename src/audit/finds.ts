/** Gathers what documents have of each problem: how many do, and the one that has most. */
import { LEVELS, type Level, type TextFind } from './levels.js';
import type { Tokens } from './tokens.js';

/** Where the most of a problem was found. */
export interface FoundPlace {
  readonly file: string;
  /** Line on which the document begins; of Parquet the number of the row, from 1. */
  readonly line: number;
  readonly field: string;
  /** Share as in `TextFind`. */
  readonly share: number;
  /** The text there, shortened. */
  readonly excerpt: string;
}

/** What was found of a problem in one way. */
export interface Find {
  readonly entry: number;
  readonly level: Level;
  readonly documents: number;
  readonly best: FoundPlace;
}

/** Enough to recognise a problem by. */
const EXCERPT_CHARACTERS = 240;

export class FindCollector {
  readonly #file: string;
  readonly #finds = new Map<number, { documents: number; line: number; best: FoundPlace; find: TextFind }>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Takes what one text has; `tokens` are those of the text. Of equal shares the first stays. */
  add(find: TextFind, line: number, field: string, tokens: Tokens): void {
    const key = find.entry * LEVELS.length + LEVELS.indexOf(find.level);
    const known = this.#finds.get(key);
    const place = (): FoundPlace => ({
      file: this.#file,
      line,
      field,
      share: find.share,
      excerpt: excerptOf(tokens, find),
    });
    if (!known) {
      this.#finds.set(key, { documents: 1, line, best: place(), find });
      return;
    }
    // A document may have it in several texts.
    if (known.line !== line) known.documents += 1;
    known.line = line;
    if (find.share > known.best.share) known.best = place();
  }

  finds(): Find[] {
    return [...this.#finds.values()].map(({ documents, best, find: { entry, level } }) => ({
      entry,
      level,
      documents,
      best,
    }));
  }
}

/**
 * Joins the finds of pieces given in order.
 * @param lineOffsets lines before each piece in its file
 */
export function joinFinds(pieces: readonly (readonly Find[])[], lineOffsets: readonly number[]): Find[] {
  const joined = new Map<string, Find>();
  for (const [piece, finds] of pieces.entries())
    for (const found of finds) {
      const best = { ...found.best, line: found.best.line + lineOffsets[piece]! };
      const key = `${found.entry} ${found.level}`;
      const known = joined.get(key);
      const documents = (known?.documents ?? 0) + found.documents;
      joined.set(key, {
        ...found,
        documents,
        best: known && known.best.share >= best.share ? known.best : best,
      });
    }
  return [...joined.values()];
}

function excerptOf(tokens: Tokens, { from, to }: TextFind): string {
  const text = tokens.text.slice(tokens.from[from]!, tokens.to[to - 1]!).replace(/\s+/g, ' ');
  return text.length <= EXCERPT_CHARACTERS ? text : `${text.slice(0, EXCERPT_CHARACTERS)}…`;
}
