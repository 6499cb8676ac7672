/** A program that is compared, in a process of its own: requests and replies are JSON lines. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { BoxedError } from '../../src/errors.js';

/** What a program is asked for: `tokens` for each of `rows` equal prompts, after `warmUp` others. */
export interface DecodeRequest {
  readonly prompt: readonly number[];
  readonly rows: number;
  readonly warmUp: number;
  readonly tokens: number;
  readonly setting: Setting;
}

/** What a program may be told; each knows its own names. */
export type Setting = Readonly<Record<string, number | string | boolean>> & {
  readonly threads: number;
};

export interface DecodeReply {
  /** Time for `tokens` of all rows, prompts and warm-up excluded. */
  readonly seconds: number;
  /** Of each row, those of the warm-up first. */
  readonly tokens: readonly (readonly number[])[];
}

/** A compared program failed, or took too long. */
export class PeerFailedError extends BoxedError {
  override readonly name = 'PeerFailedError';
}

export class PeerProcess {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #replies: AsyncIterator<string>;

  constructor(name: string, command: readonly string[], env: Readonly<Record<string, string>>) {
    this.#name = name;
    const [program, ...args] = command;
    this.#process = spawn(program!, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
    // A program that cannot be started, or ends early, is told by the end of its replies.
    this.#process.on('error', () => undefined);
    this.#process.stdin!.on('error', () => undefined);
    this.#replies = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws PeerFailedError when the program ends, says that it failed, or does not answer in time; it is ended then. */
  async decode(request: DecodeRequest, timeoutMs: number): Promise<DecodeReply> {
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const line = await Promise.race([this.#replies.next(), late]).finally(() => clearTimeout(timer));
    if (line === 'late') throw this.#failure(`no answer within ${timeoutMs / 1000} s`);
    if (line.done) throw this.#failure('its process ended');
    const reply = JSON.parse(line.value) as DecodeReply | { error: string };
    if ('error' in reply) throw this.#failure(reply.error.split('\n')[0]!);
    return reply;
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  #failure(what: string): PeerFailedError {
    this.close();
    return new PeerFailedError(
      `${this.#name}: ${what}`,
      'Run it by hand: its script stands in bench/peers and reads a JSON line.',
    );
  }
}
