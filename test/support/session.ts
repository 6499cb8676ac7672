/** A decoder session in a worker, for tests that look below the engine: onnxruntime refuses the typed arrays of jest's realm. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type SessionSetup, sessionSetup } from '../../src/engine/openSession.js';
import type { Chunk, ChunkOptions, RowInput } from '../../src/engine/types.js';
import type { ExportedModel } from '../../src/export/manifest.js';

/** What the worker is asked, one thing at a time. Prompts are known by numbers. */
export type Ask =
  | {
      readonly verb: 'prefill';
      readonly prompts: readonly (readonly number[])[];
      readonly pieceTokens: number;
    }
  | { readonly verb: 'seat'; readonly row: number; readonly prompt: number }
  | { readonly verb: 'forget'; readonly prompt: number }
  | { readonly verb: 'release'; readonly row: number }
  | { readonly verb: 'decode'; readonly rows: readonly RowInput[]; readonly options: ChunkOptions }
  | { readonly verb: 'freeBlocks' }
  | { readonly verb: 'promptBlocks' }
  | { readonly verb: 'checkInvariance'; readonly rows: number }
  | { readonly verb: 'close' };

export interface Answer {
  readonly value: unknown;
  readonly error: string | null;
}

export interface RemoteOptions {
  readonly maxRows: number;
  /** Default: 256 MiB. */
  readonly kvMemoryBytes?: number;
}

/** The verbs of `DecoderSession`, each answered when it is done. */
export class RemoteSession {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async open(model: ExportedModel, options: RemoteOptions): Promise<RemoteSession> {
    const { maxRows, kvMemoryBytes = 2 ** 28 } = options;
    const setup: SessionSetup = sessionSetup(model, { maxRows, threads: 2, kvMemoryBytes });
    const session = new RemoteSession(
      new Worker(new URL('./sessionWorker.js', import.meta.url), { workerData: setup }),
    );
    await session.#answer();
    return session;
  }

  /** Begins and computes prompts, in pieces of `pieceTokens` each. */
  async prefill(prompts: readonly (readonly number[])[], pieceTokens = 1e9): Promise<number[]> {
    return (await this.#ask({ verb: 'prefill', prompts, pieceTokens })) as number[];
  }
  async seat(row: number, prompt: number): Promise<void> {
    await this.#ask({ verb: 'seat', row, prompt });
  }
  async forget(prompt: number): Promise<void> {
    await this.#ask({ verb: 'forget', prompt });
  }
  async release(row: number): Promise<void> {
    await this.#ask({ verb: 'release', row });
  }
  async decode(rows: readonly RowInput[], options: ChunkOptions): Promise<Chunk> {
    return (await this.#ask({ verb: 'decode', rows, options })) as Chunk;
  }
  /** Of a session on the paged layout. */
  async freeBlocks(): Promise<number> {
    return (await this.#ask({ verb: 'freeBlocks' })) as number;
  }
  async promptBlocks(): Promise<number> {
    return (await this.#ask({ verb: 'promptBlocks' })) as number;
  }
  /** As the engine does it where it is to be batch-invariant; this session is not. */
  async checkInvariance(rows: number): Promise<void> {
    await this.#ask({ verb: 'checkInvariance', rows });
  }
  async close(): Promise<void> {
    await this.#ask({ verb: 'close' });
    await this.#worker.terminate();
  }

  async #ask(ask: Ask): Promise<unknown> {
    this.#worker.postMessage(ask);
    return this.#answer();
  }

  async #answer(): Promise<unknown> {
    const [{ value, error }] = (await once(this.#worker, 'message')) as [Answer];
    if (error !== null) throw new Error(error);
    return value;
  }
}

/** Runs each chunk on rows that hold `prompts` and nothing else. */
export async function runChunks(
  model: ExportedModel,
  prompts: readonly (readonly number[])[],
  chunks: readonly { readonly rows: readonly RowInput[]; readonly chunk: ChunkOptions }[],
): Promise<Chunk[]> {
  const session = await RemoteSession.open(model, { maxRows: prompts.length });
  const caches = await session.prefill(prompts);
  const results: Chunk[] = [];
  for (const { rows, chunk } of chunks) {
    for (const [row, cache] of caches.entries()) await session.seat(row, cache);
    results.push(await session.decode(rows, chunk));
  }
  await session.close();
  return results;
}
