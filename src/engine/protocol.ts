/** Messages between the engine and its worker. */
import type { SessionSetup } from './openSession.js';
import type { Completion, EngineStats, GenerateRequest, KvMemory } from './types.js';

export interface WorkerSetup {
  readonly session: SessionSetup;
  readonly maxRows: number;
  /** Steps of a chunk at most. */
  readonly chunkSteps: number;
  /** Tokens guessed at most of what a row will draw; 0: none. */
  readonly draftTokens: number;
  /** Folder of the tokenizer that texts are read with; `null`: none are. */
  readonly tokenizerFolder: string | null;
}

export type ToWorker =
  | { readonly type: 'submit'; readonly request: GenerateRequest; readonly deadlineMs: number }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'ready'; readonly memory: KvMemory }
  /** Totals, and the samples that ended since the last such message. */
  | { readonly type: 'news'; readonly stats: EngineStats; readonly completions: readonly Completion[] }
  /** `hint`: what the user can do, where that is known. */
  | { readonly type: 'failed'; readonly message: string; readonly hint: string | null };

/** Milliseconds since the Unix epoch that never run backwards within a process, the same in all of its threads. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
