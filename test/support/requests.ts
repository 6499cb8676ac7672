/** Requests for the bundled checkpoints. */
import type { Sampling } from '../../src/core.js';
import type { GenerateRequest } from '../../src/engine/types.js';
import { GREEDY } from './models.js';

export const SAMPLING: Sampling = { ...GREEDY, greedy: false, topP: 0.9, minP: 0.05 };
/** `<|user|>\n1234\n<|assistant|>\n` in the tokens of the bundled checkpoints, with other digits for other prompts. */
export const NEWLINE = 203;
/** Positions of those checkpoints. */
export const MAX_POSITIONS = 1024;

export function request(id: string, changes: Partial<GenerateRequest> = {}): GenerateRequest {
  const digits = [...id].map((letter) => 20 + (letter.charCodeAt(0) % 10));
  return {
    id,
    promptTokens: [1, NEWLINE, ...digits, ...digits, NEWLINE, 2, NEWLINE],
    samples: 4,
    sampling: SAMPLING,
    stopTokens: [0],
    maxTokens: 120,
    seed: 11,
    ...changes,
  };
}
