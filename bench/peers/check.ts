/** Whether all participants compute the same model: their greedy tokens after the same prompts. */
import type { Participant } from './participants.js';
import { PeerProcess } from './peerProcess.js';

const PROMPT_LENGTHS = [16, 40, 100, 200];
const ROWS = 3;
const TOKENS = 48;
const TIMEOUT_MS = 60_000;

/** Share of the tokens, over all prompts and rows, that are those of the first participant; by participant and setting. */
export async function agreement(
  participants: readonly Participant[],
  vocabSize: number,
): Promise<{ name: string; equal: number; total: number }[]> {
  const prompts = PROMPT_LENGTHS.map((length) => drawnPrompt(length, vocabSize));
  const results: { name: string; equal: number; total: number }[] = [];
  let expected: readonly (readonly number[])[] | null = null;
  for (const participant of participants)
    for (const setting of participant.settings) {
      const running = new PeerProcess(participant.name, participant.command, participant.env);
      const rows: (readonly number[])[] = [];
      try {
        for (const prompt of prompts) {
          const request = { prompt, rows: ROWS, warmUp: 1, tokens: TOKENS - 1, setting };
          rows.push(...(await running.decode(request, TIMEOUT_MS)).tokens);
        }
      } finally {
        running.close();
      }
      expected ??= rows;
      const reference = expected.flat();
      const equal = rows.flat().filter((token, at) => token === reference[at]).length;
      results.push({
        name: `${participant.name} ${JSON.stringify(setting)}`,
        equal,
        total: reference.length,
      });
    }
  return results;
}

/** Drawn with Knuth's linear congruential generator. */
function drawnPrompt(length: number, vocabSize: number): number[] {
  let state = length;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * vocabSize);
  });
}
