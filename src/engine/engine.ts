/** The engine as the rest of the program sees it: requests in, finished samples out, a worker (as a rule) behind. */
import { availableParallelism } from 'node:os';
import { BoxedError } from '../errors.js';
import type { ExportedModel } from '../export/manifest.js';
import { requireFixedShapes } from './invarianceCheck.js';
import { defaultKvMemoryBytes } from './kvBudget.js';
import { type Link, linkInThread, linkToWorker } from './link.js';
import { sessionSetup } from './openSession.js';
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.js';
import { BadRequestError, checkStopText, fitRequest, sampleCount } from './request.js';
import { CHUNK_STEPS } from './scheduler.js';
import type { Completion, EngineStats, GenerateRequest, KvMemory, ModelLimits } from './types.js';

/** The runtime or its worker broke; nothing more can be drawn from this engine. */
export class EngineFailedError extends BoxedError {
  override readonly name = 'EngineFailedError';
}

/** Rows of the batch unless asked otherwise. Beyond this, a CPU gains little and every row's cache costs memory. */
export const DEFAULT_ROWS = 64;

export interface EngineOptions {
  /** Rows of the batch: samples drawn at the same time. Default: 64. */
  readonly rows?: number;
  /** Threads of the runtime. Default: the processors available. */
  readonly threads?: number;
  /** Memory for the keys and values of rows and prompts, at most. Default: `defaultKvMemoryBytes`. */
  readonly kvMemoryBytes?: number;
  /**
   * Runs the session in this thread, which it blocks while it computes, instead of in a worker. For a process that may
   * not start threads: those would not be held to its permissions. Default: false.
   */
  readonly inThread?: boolean;
  /** Steps between two moments at which samples end and begin, at most. Default: `CHUNK_STEPS`. */
  readonly chunkSteps?: number;
  /**
   * Speculative decoding by prompt lookup: up to this many tokens of each row are guessed from what it holds and verified in one
   * run. What is drawn stays the same. Default: 0.
   */
  readonly draftTokens?: number;
  /** Folder for the runtime's profile, complete once the engine is closed; on the CPU alone. Default: none. */
  readonly profileFolder?: string;
  /**
   * Draws the same tokens with the same log-probabilities, to the bit, whatever `rows`, `chunkSteps` and `kvMemoryBytes` are, and
   * whatever else is in the batch. Samples end up to a chunk before their deadline. Not with `draftTokens`. Default: false.
   */
  readonly batchInvariant?: boolean;
  /** Opens the model's tokenizer beside the session, which requests with `stopText` need. Default: false. */
  readonly readsText?: boolean;
}

export interface GenerateOptions {
  /** Milliseconds since the Unix epoch; unfinished samples end with `deadline` within one decoder step of it. Default: none. */
  readonly deadlineMs?: number;
  /** Called as each sample ends, in the order in which they end. */
  readonly onSample?: (completion: Completion) => void;
}

/** Requests of one `generate` call that are still open. */
interface Ticket {
  readonly ids: ReadonlySet<string>;
  missing: number;
  /** `undefined` too once it has thrown. */
  onSample: ((completion: Completion) => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const NO_STATS: EngineStats = {
  promptTokens: 0,
  sharedPromptTokens: 0,
  drawnTokens: 0,
  chunks: 0,
  widenedChunks: 0,
  mostRows: 0,
  restedRows: 0,
  guessedTokens: 0,
  rightGuesses: 0,
  busyMs: 0,
  prefillMs: 0,
  decodeMs: 0,
  runtimeMs: 0,
};

export class Engine {
  readonly limits: ModelLimits;
  readonly rows: number;
  readonly #link: Link;
  readonly #readsText: boolean;
  readonly #tickets = new Map<string, Ticket>();
  #memory: KvMemory | null = null;
  #stats = NO_STATS;
  #failure: EngineFailedError | null = null;
  #closing: Promise<void> | null = null;

  private constructor(link: Link, limits: ModelLimits, rows: number, readsText: boolean) {
    this.#link = link;
    this.#readsText = readsText;
    this.limits = limits;
    this.rows = rows;
  }

  /**
   * Loads an exported model.
   * @throws EngineFailedError when the runtime refuses it, or computes rows to other bits where they must not depend on the batch;
   * NotInvariantError where it is known beforehand that they would.
   */
  static async open(model: ExportedModel, options: EngineOptions = {}): Promise<Engine> {
    const { config } = model.manifest;
    const rows = options.rows ?? DEFAULT_ROWS;
    const limits = { vocabSize: config.vocabSize, maxPositions: config.maxPositions };
    const readsText = options.readsText ?? false;
    const { draftTokens = 0, batchInvariant = false } = options;
    if (batchInvariant) requireFixedShapes(model.manifest.device, draftTokens);
    const setup: WorkerSetup = {
      maxRows: rows,
      chunkSteps: options.chunkSteps ?? CHUNK_STEPS,
      draftTokens,
      tokenizerFolder: readsText ? model.folder : null,
      session: sessionSetup(model, {
        maxRows: rows,
        threads: options.threads ?? availableParallelism(),
        kvMemoryBytes: options.kvMemoryBytes ?? defaultKvMemoryBytes(model.manifest),
        profileFolder: options.profileFolder ?? null,
        batchInvariant,
      }),
    };
    const link = options.inThread ? await linkInThread(setup) : linkToWorker(setup);
    const engine = new Engine(link, limits, rows, readsText);
    await engine.#ready(model.folder);
    return engine;
  }

  /** What its caches hold. */
  get memory(): KvMemory {
    // Known before anybody has the engine: `open` waits for it.
    return this.#memory!;
  }

  get stats(): EngineStats {
    return this.#stats;
  }

  /**
   * Draws all samples of all requests; calls may overlap and then share the batch. Resolves when the last sample ended.
   * @throws BadRequestError for an empty prompt, a stop text that cannot be looked for, a token outside the vocabulary, a prompt
   * that leaves no room to draw, or an id that is already open; KvMemoryError for a request that the caches can never hold;
   * EngineFailedError when the worker breaks.
   */
  async generate(requests: readonly GenerateRequest[], options: GenerateOptions = {}): Promise<void> {
    if (this.#failure) throw this.#failure;
    const ids = new Set<string>();
    const accepted = requests.map((request) => {
      if (ids.has(request.id) || this.#tickets.has(request.id)) {
        throw new BadRequestError('a request with this id is open', 'Give each request its own id.', {
          field: request.id,
        });
      }
      ids.add(request.id);
      checkStopText(request, this.#readsText);
      return fitRequest(request, this.limits, this.memory);
    });
    const total = accepted.reduce((sum, request) => sum + sampleCount(request), 0);
    if (total === 0) return;
    await new Promise<void>((resolve, reject) => {
      const ticket: Ticket = { ids, missing: total, onSample: options.onSample, resolve, reject };
      for (const request of accepted) {
        if (sampleCount(request) > 0) this.#tickets.set(request.id, ticket);
      }
      const deadlineMs = options.deadlineMs ?? Number.POSITIVE_INFINITY;
      for (const request of accepted) this.#post({ type: 'submit', request, deadlineMs });
    });
  }

  /** Ends the samples of an open request as `cancelled` after the chunk in progress. Unknown ids are ignored. */
  cancel(id: string): void {
    this.#post({ type: 'cancel', id });
  }

  /** Ends the worker after the chunk in progress. Open requests are rejected; a second call waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    if (this.#failure) {
      // A worker that broke may not answer any more.
      await this.#link.terminate();
      return;
    }
    this.#fail(new EngineFailedError('the engine was closed', 'Open a new one.'));
    const ended = new Promise<void>((resolve) => this.#link.onExit(() => resolve()));
    this.#post({ type: 'close' });
    await ended;
  }

  async #ready(folder: string): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#link.onMessage((message) => {
          this.#receive(message);
          if (message.type === 'ready') resolve();
          if (message.type === 'failed') reject(this.#failure);
        });
        this.#link.onExit((reason) => {
          this.#fail(brokenWorker(reason, folder));
          reject(this.#failure);
        });
      });
    } catch (error) {
      await this.#link.terminate();
      throw error;
    }
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'news':
        // Totals first, so that whoever waits for the last sample sees them complete.
        this.#stats = message.stats;
        for (const completion of message.completions) this.#complete(completion);
        return;
      case 'failed':
        this.#fail(
          message.hint === null
            ? brokenWorker(message.message)
            : new EngineFailedError(message.message, message.hint),
        );
        return;
      case 'ready':
        this.#memory = message.memory;
        return;
      default:
        message satisfies never;
    }
  }

  #complete(completion: Completion): void {
    const ticket = this.#tickets.get(completion.id);
    if (!ticket) return;
    ticket.missing -= 1;
    try {
      ticket.onSample?.(completion);
    } catch (error) {
      // It belongs to whoever gave the callback, not to whoever delivers the message.
      ticket.onSample = undefined;
      ticket.reject(error);
      for (const id of ticket.ids) this.cancel(id);
    }
    // Not before: samples that end as cancelled must not be taken for those of another request with this id.
    if (ticket.missing > 0) return;
    for (const id of ticket.ids) this.#tickets.delete(id);
    ticket.resolve();
  }

  #fail(failure: EngineFailedError): void {
    this.#failure ??= failure;
    for (const ticket of this.#tickets.values()) ticket.reject(this.#failure);
  }

  #post(message: ToWorker): void {
    this.#link.post(message);
  }
}

function brokenWorker(reason: string, file?: string): EngineFailedError {
  return new EngineFailedError(
    `the runtime failed: ${reason}`,
    'Run again with fewer --rows and less --kv-memory if memory was short; delete the onnx folder to export the model again.',
    { file },
  );
}
