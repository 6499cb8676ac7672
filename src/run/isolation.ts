/**
 * The solver as a process of its own, behind three walls: Node's permission model, a lockdown of what that leaves open,
 * and where the system gives one, a sandbox. It reads the model and the program, and writes nothing.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, realpathSync } from 'node:fs';
import { devNull } from 'node:os';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BoxedError } from '../errors.js';
import { NO_TELEMETRY } from '../onnx/noTelemetry.js';
import type { Failure, FromSolver, ToSolver } from '../solve/protocol.js';
import { findSandbox, type SandboxOrWhy } from './sandbox.js';

/** The solver process ended, or reported an error, before its work was done. */
export class SolverFailedError extends BoxedError {
  override readonly name = 'SolverFailedError';
}

/** The solver did something that a solver may not do. */
export class SolverProtocolError extends BoxedError {
  override readonly name = 'SolverProtocolError';
}

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What every solver may read beside its model: the compiled program and its libraries. */
const SOURCE = resolve(pathOf('..'));
const PROGRAM = [SOURCE, pathOf('../../../node_modules'), pathOf('../../../package.json')];

/** The program's own solver. */
export const SOLVER_ENTRY = pathOf('../solve/child.js');
const LOCKDOWN = new URL('../solve/lockdown.js', import.meta.url).href;

/** Characters of the solver's error output that are kept for the message of its failure. */
const STDERR_KEPT = 2000;

export interface IsolationOptions {
  /** JavaScript module that the process runs. */
  readonly entry: string;
  /** Folders and files it may read beside the program. */
  readonly readable: readonly string[];
  readonly onMessage: (message: FromSolver) => void;
  /** Default: the one of this machine. */
  readonly sandbox?: SandboxOrWhy;
}

/**
 * Flags that take all permissions away but reading, and native libraries (the runtime is one). Threads are not allowed:
 * since Node 22 they are not held to the permissions of their process.
 */
function permissionFlags(readable: readonly string[]): string[] {
  return [
    permissionSwitch(),
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--allow-addons',
    '--no-warnings',
    `--import=${LOCKDOWN}`,
  ];
}

/** A running solver process. */
export class IsolatedSolver {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stderr = '';

  constructor({ entry, readable, onMessage, sandbox = findSandbox() }: IsolationOptions) {
    deafenInspector();
    const shown = shownPaths([...PROGRAM, entry, ...readable]);
    const flags = permissionFlags(shown);
    const nowhere = openSync(devNull, 'r');
    this.#child = fork(entry, [], {
      ...('sandbox' in sandbox
        ? {
            execPath: sandbox.sandbox.program,
            execArgv: [
              ...sandbox.sandbox.prefix([process.execPath, ...shown], SOURCE),
              process.execPath,
              ...flags,
            ],
          }
        : { execArgv: flags }),
      // From here no name leads anywhere but to the program; the runtime reads relative to it.
      cwd: SOURCE,
      // Nothing of the parent's environment: it may name files, tokens or hosts.
      env: { ...NO_TELEMETRY },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...inheritedDescriptors().map(() => nowhere)],
    });
    closeSync(nowhere);
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    this.#child.on('message', (message) => onMessage(message as FromSolver));
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

/** Each path, and what it leads to where it is a symbolic link; without those that lie in another of them. */
function shownPaths(paths: readonly string[]): string[] {
  const all = new Set(paths.flatMap((path) => (existsSync(path) ? [path, realpathSync(path)] : [path])));
  return [...all].filter((path) => ![...all].some((other) => path.startsWith(other + sep)));
}

/** Standard streams and the channel: the descriptors that a solver is given. */
const OWN_DESCRIPTORS = 4;

/** A shell or a service manager may leave thousands open; past this many the system's own limit is the common one. */
const MAX_DESCRIPTORS = 65_536;

/**
 * The numbers from the first that the solver is not given to the last that is open here. Whoever started this process
 * may have left files open in it, the key among them, and a child would have them too: under these numbers it gets
 * nothing. Systems that do not list them are without this wall.
 */
function inheritedDescriptors(): number[] {
  if (!existsSync('/dev/fd')) return [];
  const open = readdirSync('/dev/fd').map(Number);
  const last = Math.min(Math.max(...open), MAX_DESCRIPTORS);
  return Array.from({ length: Math.max(0, last + 1 - OWN_DESCRIPTORS) }, (_, at) => OWN_DESCRIPTORS + at);
}

/** Without a listener SIGUSR1 would open the inspector of this process to anybody on the machine who can signal it. */
function deafenInspector(): void {
  if (process.listenerCount('SIGUSR1') === 0) process.on('SIGUSR1', () => undefined);
}

/** The flag was renamed when the permission model became stable in Node 22.13 and 23.5. */
function permissionSwitch(): string {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const stable = major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  return stable ? '--permission' : '--experimental-permission';
}
