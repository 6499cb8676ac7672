/** Serves an engine's requests over a message port: owns the session, runs the scheduler. */
import type { MessagePort } from 'node:worker_threads';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { BoxedError } from '../errors.js';
import { checkInvariance } from './invarianceCheck.js';
import { openSession } from './openSession.js';
import { type FromWorker, now, type ToWorker, type WorkerSetup } from './protocol.js';
import { Scheduler, type SchedulerOptions } from './scheduler.js';
import type { Completion, DecoderSession } from './types.js';

/** Totals are reported this often while no sample ends. */
const STATS_INTERVAL_MS = 100;

/** Opens the session and answers on `port` until told to close. Reports failures there, never by throwing. */
export async function serve(port: MessagePort, setup: WorkerSetup): Promise<void> {
  try {
    const { session, maxRows, chunkSteps, draftTokens, tokenizerFolder } = setup;
    const tokenizer = tokenizerFolder === null ? null : await ChatTokenizer.open(tokenizerFolder);
    const openText = tokenizer && (() => tokenizer.stream());
    const opened = await openSession(session);
    const stepMs = session.options.batchInvariant ? await checkInvariance(opened, maxRows) : null;
    const server = new Server(port, opened, {
      maxRows,
      chunkSteps,
      draftTokens,
      ...(stepMs !== null && { stepMs }),
      ...(openText && { openText }),
    });
    port.on('message', (message: ToWorker) => server.receive(message));
    post(port, { type: 'ready', memory: opened.memory });
  } catch (error) {
    postFailure(port, error);
  }
}

class Server {
  readonly #port: MessagePort;
  readonly #session: DecoderSession;
  readonly #scheduler: Scheduler;
  /** Samples that ended and have not been reported. */
  readonly #ended: Completion[] = [];
  /** What the runtime had taken before the first request. */
  readonly #idleRuntimeMs: number;
  #busyMs = 0;
  #reportedAt = 0;
  #working = false;
  #closing = false;

  constructor(
    port: MessagePort,
    session: DecoderSession,
    options: Pick<SchedulerOptions, 'maxRows' | 'chunkSteps' | 'draftTokens' | 'stepMs' | 'openText'>,
  ) {
    this.#port = port;
    this.#session = session;
    this.#idleRuntimeMs = session.runtimeMs;
    const onCompletion = (completion: Completion) => this.#ended.push(completion);
    this.#scheduler = new Scheduler(session, { ...options, now, onCompletion });
  }

  receive(message: ToWorker): void {
    switch (message.type) {
      case 'submit':
        this.#scheduler.submit(message.request, message.deadlineMs);
        break;
      case 'cancel':
        this.#scheduler.cancel(message.id);
        break;
      case 'close':
        this.#closing = true;
        break;
      default:
        message satisfies never;
    }
    if (!this.#working) this.#work().catch((error: unknown) => postFailure(this.#port, error));
  }

  async #work(): Promise<void> {
    this.#working = true;
    let since = now();
    do {
      // All messages that are there come in first: requests that were sent together begin together.
      await new Promise(setImmediate);
      if (!this.#closing) await this.#scheduler.turn();
      const seen = now();
      this.#busyMs += seen - since;
      since = seen;
      if (this.#ended.length > 0 || since - this.#reportedAt >= STATS_INTERVAL_MS) this.#report();
    } while (!this.#scheduler.idle && !this.#closing);
    this.#working = false;
    if (!this.#closing) return;
    await this.#session.close();
    this.#port.close();
  }

  #report(): void {
    const { promptTokens, sharedPromptTokens, drawnTokens } = this.#scheduler;
    const { chunks, widenedChunks, mostRows, restedRows, guessedTokens, rightGuesses } = this.#scheduler;
    const { prefillMs, decodeMs } = this.#scheduler;
    const drawn = { promptTokens, sharedPromptTokens, drawnTokens, chunks, widenedChunks };
    const runtimeMs = this.#session.runtimeMs - this.#idleRuntimeMs;
    const times = { busyMs: this.#busyMs, prefillMs, decodeMs, runtimeMs };
    const stats = { ...drawn, mostRows, restedRows, guessedTokens, rightGuesses, ...times };
    post(this.#port, { type: 'news', stats, completions: this.#ended.splice(0) });
    this.#reportedAt = now();
  }
}

function post(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

function postFailure(port: MessagePort, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  post(port, { type: 'failed', message, hint: error instanceof BoxedError ? error.hint : null });
}
