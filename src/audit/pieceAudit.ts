/** Holds the documents of one piece against the problems. */
import type { Piece } from './corpusPieces.js';
import { readDocuments, textsOf } from './documents.js';
import { type Find, FindCollector } from './finds.js';
import type { TextMatcher } from './textMatcher.js';

/** What a piece had. */
export interface PieceResult {
  readonly lines: number;
  readonly documents: number;
  readonly texts: number;
  /** Read, decompressed. */
  readonly bytes: number;
  /** Some of the fields there are, for the message when none has a text. */
  readonly fieldNames: readonly string[];
  readonly finds: readonly Find[];
}

/** Field names that fit into a message. */
const MAX_NAMES = 12;
/**
 * Longer texts are matched in parts, which overlap by more than any problem has, so that memory does not grow with them.
 * In characters.
 */
const PART = 2 ** 20;
const OVERLAP = 2 ** 16;

/**
 * @param fields names of the fields to be searched, null for all that hold text
 * @param onBytes called with the number of bytes read since the last call
 * @throws CorpusFault
 */
export async function auditPiece(
  piece: Piece,
  matcher: TextMatcher,
  fields: readonly string[] | null,
  onBytes: (count: number) => void,
): Promise<PieceResult> {
  const collector = new FindCollector(piece.file);
  const names = new Set<string>();
  let [documents, texts, bytes] = [0, 0, 0];
  const lines = await readDocuments(piece, {
    document: (line, value) => {
      documents += 1;
      if (names.size < MAX_NAMES) for (const name of Object.keys(value)) names.add(name);
      for (const [field, text] of textsOf(value, fields)) {
        texts += 1;
        for (const part of partsOf(text))
          for (const find of matcher.match(part)) collector.add(find, line, field, matcher.tokens);
      }
    },
    bytes: (count) => {
      bytes += count;
      onBytes(count);
    },
  });
  const fieldNames = [...names].slice(0, MAX_NAMES);
  return { lines, documents, texts, bytes, fieldNames, finds: collector.finds() };
}

function partsOf(text: string): string[] {
  if (text.length <= PART) return [text];
  const parts: string[] = [];
  for (let start = 0; start + OVERLAP < text.length; start += PART - OVERLAP)
    parts.push(text.slice(start, start + PART));
  return parts;
}
