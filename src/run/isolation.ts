/** The solver as a process of its own under Node's permission model: it reads the model and the program, and writes nothing. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BoxedError } from '../errors.js';
import type { Failure, FromSolver, ToSolver } from '../solve/protocol.js';

/** The solver process ended, or reported an error, before its work was done. */
export class SolverFailedError extends BoxedError {
  override readonly name = 'SolverFailedError';
}

/** The solver did something that a solver may not do. */
export class SolverProtocolError extends BoxedError {
  override readonly name = 'SolverProtocolError';
}

/** What every solver may read beside its model: the compiled program and its libraries. */
const PROGRAM = ['../../../dist', '../../../node_modules', '../../../package.json'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** The program's own solver. */
export const SOLVER_ENTRY = fileURLToPath(new URL('../solve/child.js', import.meta.url));

/** Characters of the solver's error output that are kept for the message of its failure. */
const STDERR_KEPT = 2000;

export interface IsolationOptions {
  /** JavaScript module that the process runs. */
  readonly entry: string;
  /** Folders and files it may read beside the program. */
  readonly readable: readonly string[];
  readonly onMessage: (message: FromSolver) => void;
}

/**
 * Flags that take all permissions away but reading, and native libraries (the runtime is one). Threads are not allowed:
 * since Node 22 they are not held to the permissions of their process.
 */
export function permissionFlags(readable: readonly string[]): string[] {
  // A symbolic link is followed only if its target may be read, too.
  const paths = readable.flatMap((path) => (existsSync(path) ? [path, realpathSync(path)] : [path]));
  return [
    permissionSwitch(),
    ...[...new Set(paths)].map((path) => `--allow-fs-read=${path}`),
    '--allow-addons',
    '--no-warnings',
  ];
}

/** A running solver process. */
export class IsolatedSolver {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stderr = '';

  constructor(options: IsolationOptions) {
    this.#child = fork(options.entry, [], {
      execArgv: permissionFlags([...PROGRAM, ...options.readable]),
      // Nothing of the parent's environment: it may name files, tokens or hosts.
      env: {},
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    this.#child.on('message', (message) => options.onMessage(message as FromSolver));
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => {
        if (code === 0) resolve();
        else reject(this.#failure(signal ?? `status ${code}`));
      });
    });
    // Whoever waits hears of it; nobody waiting must not end this process.
    this.#ended.catch(() => undefined);
  }

  send(message: ToSolver): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Resolves when the process has ended by itself. @throws SolverFailedError when it failed or was killed. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #failure(how: string): SolverFailedError {
    const said = this.#stderr.trim();
    return new SolverFailedError(
      `the solver process ended with ${how}${said ? `:\n${said}` : ''}`,
      'What was drawn is in the journal: run the same command again to go on. Fewer --rows need less memory.',
    );
  }
}

/** Turns an error that the solver reported into one of this process. */
export function reportedFailure({ name, message, hint }: Failure): SolverFailedError {
  return new SolverFailedError(
    `${name}: ${message}`,
    hint ?? 'What was drawn is in the journal: run the same command again to go on.',
  );
}

/** The flag was renamed when the permission model became stable in Node 22.13 and 23.5. */
function permissionSwitch(): string {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const stable = major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  return stable ? '--permission' : '--experimental-permission';
}
