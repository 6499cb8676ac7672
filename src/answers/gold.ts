/** Reads gold answers of the free edition, by the rules that the answers of models are read by. */
import type { AnswerValue } from '../core.js';
import { readFree } from './freeReading.js';
import { withinWork } from './work.js';

/** The value of a gold answer, with or without `$…$` or a box around it; or why it has none. */
export function readGold(text: string): { readonly value: AnswerValue } | { readonly why: string } {
  const reading = withinWork(() => readFree(text));
  switch (reading.kind) {
    case 'value':
      return { value: reading.value };
    case 'refused':
      return { why: reading.why };
    case 'blank':
      return { why: 'it is empty' };
    default:
      return reading satisfies never;
  }
}
