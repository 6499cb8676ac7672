/** Worker threads that quantize rows; results come back in whatever order they are done. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FloatDtype } from '../checkpoint/floats.js';
import { BoxedError } from '../errors.js';
import type { BlockFormat, QuantizedRows } from './blocks.js';

/** Rows of a matrix to be quantized. */
export interface BlockJob {
  /** `[rows, columns]`, not yet widened from `stored`; handed over to the worker. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly stored: FloatDtype;
  readonly columns: number;
  readonly format: BlockFormat;
}

export interface NumberedJob extends BlockJob {
  readonly id: number;
}

/** What became of a job, and the memory of its values, which may be used again. */
export type FinishedJob = BlockResult & { readonly memory: ArrayBuffer };

/** The quantized rows, or the first element that is no number. */
export type BlockResult =
  | { readonly rows: QuantizedRows; readonly nonFinite?: never }
  | { readonly rows?: never; readonly nonFinite: { readonly at: number; readonly value: number } };

export interface NumberedResult {
  readonly id: number;
  readonly result: BlockResult;
  /** The memory of the job's values, handed back. */
  readonly memory: ArrayBuffer;
}

/** A worker that quantizes ended before its time. */
export class QuantizingFailedError extends BoxedError {
  override readonly name = 'QuantizingFailedError';
}

interface Waiting {
  readonly resolve: (finished: FinishedJob) => void;
  readonly reject: (error: unknown) => void;
}

export class BlockPool {
  readonly size: number;
  readonly #workers: Worker[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #jobs = 0;
  #failure: QuantizingFailedError | null = null;

  /** `size` workers, by default one a processor; they start with the first job. */
  constructor(size: number = availableParallelism()) {
    this.size = size;
  }

  /** Quantizes one piece. @throws QuantizingFailedError when a worker broke or the pool was closed */
  async run(job: BlockJob): Promise<FinishedJob> {
    if (this.#failure) throw this.#failure;
    const id = this.#jobs++;
    if (this.#workers.length < this.size) this.#workers.push(this.#start());
    // Jobs are of about one size, so turns keep the workers equally busy.
    const worker = this.#workers[id % this.#workers.length]!;
    return new Promise<FinishedJob>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const message: NumberedJob = { id, ...job };
      worker.postMessage(message, [job.values.buffer]);
    });
  }

  /** Ends the workers; jobs still under way are rejected. */
  async close(): Promise<void> {
    this.#fail('the pool was closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./blockWorker.js', import.meta.url));
    worker.on('message', ({ id, result, memory }: NumberedResult) => {
      this.#waiting.get(id)?.resolve({ ...result, memory });
      this.#waiting.delete(id);
    });
    worker.once('error', (error) => this.#fail(error.message));
    worker.once('exit', (code) => this.#fail(`a worker ended with code ${code}`));
    return worker;
  }

  #fail(reason: string): void {
    this.#failure ??= new QuantizingFailedError(
      `quantizing ended early: ${reason}`,
      'Free some memory and export again.',
    );
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }
}
