/** Messages between the engine and its worker. */
import type { LoopSessionOptions } from './loopSession.js';
import type { Completion, EngineStats, GenerateRequest } from './types.js';

export interface WorkerSetup {
  readonly session: LoopSessionOptions;
  /** `performance.timeOrigin` is per thread; deadlines are exchanged in the time of `now()`. */
  readonly maxRows: number;
}

export type ToWorker =
  | { readonly type: 'submit'; readonly request: GenerateRequest; readonly deadlineMs: number }
  | { readonly type: 'cancel'; readonly id: string }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'completion'; readonly completion: Completion }
  | { readonly type: 'stats'; readonly stats: EngineStats }
  | { readonly type: 'failed'; readonly message: string };

/** Milliseconds since the Unix epoch that never run backwards within a process, the same in all of its threads. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
