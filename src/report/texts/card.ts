/** A sample as the page shows it. */
import type { Sample } from '../../core.js';
import type { Score } from '../../score/score.js';
import { visibleLine } from '../visible.js';
import { excerpt } from './excerpt.js';
import type { Card } from './wire.js';

/** Characters of an answer shown beside a text: more than any competition asks for. */
const ANSWER_SHOWN = 200;

/** @param rightIndices of the samples of its problem that the score calls right */
export function cardOf(
  sample: Sample,
  rightIndices: ReadonlySet<number>,
  forced: Score['forced'],
  limit: number,
): Card {
  const { index, answer, tokens, answerEnd, finish, seconds, text } = sample;
  const forcedValue = sample.forced?.answer.value ?? null;
  const hasAnswer = answer.value !== null || (forced.counted && forcedValue !== null);
  return {
    index,
    outcome:
      finish === 'cancelled'
        ? 'cancelled'
        : rightIndices.has(index)
          ? 'right'
          : hasAnswer
            ? 'wrong'
            : 'silent',
    answer: answer.value === null ? null : shown(String(answer.value)),
    rule: answer.rule,
    warning: answer.warning === null ? null : shown(answer.warning),
    forced: forcedValue === null ? null : shown(String(forcedValue)),
    tokens: tokens.length,
    answerEnd,
    finish,
    seconds,
    pieces: excerpt(text, answer.span, limit),
  };
}

function shown(text: string): string {
  return visibleLine(text.length > ANSWER_SHOWN ? `${text.slice(0, ANSWER_SHOWN)}…` : text);
}
