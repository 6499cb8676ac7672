/** Budget forcing: the last resort for a problem that would end without an answer (N. Muennighoff et al., s1, 2025). */
import { extractAnswer } from '../answers/extract.js';
import type { Finish, ForcedAnswer, Sample, Sampling } from '../core.js';
import type { Completion, GenerateRequest } from '../engine/types.js';
import type { PromptCodec, SampleReaderOptions } from './reading.js';
import type { Sampler } from './sampler.js';

/** Samples of one problem that are continued: more cost time that other problems need. */
export const FORCED_SAMPLES = 8;
/** Room for an answer of any edition and the end of its box. */
const FORCED_TOKENS = 24;
/** Part of a problem's share, and its bound, that is kept for it. */
const RESERVE_SHARE = 0.05;
const MAX_RESERVE_MS = 20_000;

/** How an answer is marked that was not given but forced. */
const FORCED_RULE = 'budget-forcing';
const FORCED_WARNING = 'the sample had no answer: its thoughts were ended and a box was opened for it';

const BOX = '\\boxed{';
const GREEDY: Sampling = { greedy: true, temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

/** Milliseconds of a share that are kept for forcing; 0 of one without end. */
export function forcingReserveMs(shareMs: number): number {
  return Number.isFinite(shareMs) ? Math.min(MAX_RESERVE_MS, RESERVE_SHARE * shareMs) : 0;
}

/** Ends of samples that were cut. */
const CUT: readonly Finish[] = ['deadline', 'length', 'loop'];

/** Whether a sample can be forced: it was cut, and said nothing that counts. */
export function isForcible({ finish, answer, tokens }: Sample): boolean {
  return answer.value === null && tokens.length > 0 && CUT.includes(finish);
}

export interface ForcingOptions extends SampleReaderOptions {
  readonly sampler: Sampler;
}

/**
 * Continues a sample by the end of its thoughts and an opened box. Where the model's positions do not hold all of it, the
 * end of its text gives way. `null` when there was no time for a token, or no room.
 * @param promptTokens of the sample, `spoken` its tokens that are text
 * @throws EngineFailedError
 */
export async function forceAnswer(
  { sampler, tokenizer, edition, stopTokens, seed }: ForcingOptions,
  { problemId, index }: Sample,
  promptTokens: readonly number[],
  spoken: readonly number[],
  deadlineMs: number,
): Promise<ForcedAnswer | null> {
  const suffix = tokenizer.encodeContinuation(forcingSuffix(tokenizer.decode([...promptTokens, ...spoken])));
  const room = sampler.limits.maxPositions - promptTokens.length - suffix.length - FORCED_TOKENS;
  if (room < 0) return null;
  const request: GenerateRequest = {
    id: `${problemId} forced ${index}`,
    promptTokens: [...promptTokens, ...spoken.slice(0, room), ...suffix],
    samples: [index],
    sampling: GREEDY,
    stopTokens,
    maxTokens: FORCED_TOKENS,
    seed,
  };
  let drawn: Completion | null = null;
  await sampler.generate([request], {
    deadlineMs,
    onSample: (completion) => {
      drawn = completion;
    },
  });
  const tokens = Array.from((drawn as Completion | null)?.tokens ?? []);
  if (tokens.length === 0) return null;
  const text = BOX + decodeSpoken(tokenizer, tokens, stopTokens);
  const answer = extractAnswer(text, edition);
  const marked = { ...answer, rule: FORCED_RULE, warning: FORCED_WARNING };
  return { tokens, text, answer: answer.value === null ? answer : marked };
}

/** What is put after a text, the prompt included, so that an answer comes next. */
export function forcingSuffix(text: string): string {
  const isThinking = text.lastIndexOf('<think>') > text.lastIndexOf('</think>');
  return `${isThinking ? '\n</think>\n\n' : '\n\n'}${BOX}`;
}

function decodeSpoken(tokenizer: PromptCodec, tokens: readonly number[], stops: readonly number[]): string {
  return tokenizer.decode(stops.includes(tokens.at(-1)!) ? tokens.slice(0, -1) : tokens);
}
