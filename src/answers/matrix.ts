/** Reads a matrix, which stands alone or behind a label. */
import { textOfValue } from './freeValue.js';
import { RefusedAnswerError } from './refusal.js';
import { tokensOf } from './tokens.js';

/** Entries; more are no answer. */
const MAX_ENTRIES = 100;
const MATRIX =
  /^(?:[A-Za-z_0-9{}\\^ ]{0,40}=)?\s*\\begin\s*\{([pbB]?matrix|smallmatrix)\}([\s\S]*)\\end\s*\{\1\}\s*$/;

/** Its rows as `[[1, 2], [3, 4]]`; `null` when the text is no matrix. @throws RefusedAnswerError */
export function readMatrix(latex: string): string | null {
  const body = MATRIX.exec(latex)?.[2];
  if (body === undefined) return null;
  const rows = body.replace(/\\\\\s*$/, '').split(/\\\\(?:\[[^\]]*\])?/);
  const entries = rows.map((row) => row.split('&'));
  if (entries.flat().length > MAX_ENTRIES)
    throw new RefusedAnswerError(`it has more than ${MAX_ENTRIES} entries`);
  if (entries.some((row) => row.length !== entries[0]!.length))
    throw new RefusedAnswerError('its rows are of different lengths');
  const texts = entries.map(
    (row) => `[${row.map((entry) => textOfValue(tokensOf(entry, 'free'))).join(', ')}]`,
  );
  return `[${texts.join(', ')}]`;
}
