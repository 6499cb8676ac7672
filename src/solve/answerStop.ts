/** Where a sample may end before its end-of-sequence token: at texts that were asked for, or at its own answer. */
import { PLACEHOLDER_WORDS } from '../answers/vocabulary.js';
import type { RunSettings } from '../core.js';
import type { StopText } from '../engine/stops/textStop.js';
import type { Edition } from '../problems/editions.js';

/** What frames answers, as `extractAnswer` reads them; it knows `\boxed 42` too, which has no end to stop at. */
const COMMANDS = ['\\boxed', '\\fbox'];
const END_OF_THOUGHTS = '</think>';

/** Words of LaTeX that say nothing by themselves. */
const EMPTY_COMMANDS = ['ldots', 'dots', 'cdots', 'quad', 'mathrm', 'mathbf', 'textbf'];

/** Models repeat the request for an answer in `\boxed{}`: a box without a digit is no integer. */
const NUMBER = /\d/;
/** A number, or a word that holds no place for another one. */
const VALUE = new RegExp(
  `\\p{N}|(?<!\\p{L})(?!(?:${[...PLACEHOLDER_WORDS, ...EMPTY_COMMANDS].join('|')})(?!\\p{L}))\\p{L}`,
  'iu',
);

/** The texts that end samples under these settings; `null` if none do. `edition`: `null` where answers may be anything. */
export function stopTextOf(
  { stopTexts, stopAtAnswer }: Pick<RunSettings, 'stopTexts' | 'stopAtAnswer'>,
  edition: Edition | null,
): StopText | null {
  if (stopTexts.length === 0 && stopAtAnswer === 'never') return null;
  if (stopAtAnswer === 'never') return { strings: stopTexts };
  const content = edition === null || edition.name === 'free' ? VALUE : NUMBER;
  const after = stopAtAnswer === 'thought' ? END_OF_THOUGHTS : null;
  return { strings: stopTexts, frame: { commands: COMMANDS, content, after } };
}
