/** Runs the program as a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/**
 * Starts `boxed` with these arguments in the repository's root, and `env` beside what the environment says.
 * `detached` makes it the first of a group of processes of its own.
 */
export function startCli(
  args: readonly string[],
  env: Environment = {},
  { detached = false }: { readonly detached?: boolean } = {},
): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    detached,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/** Runs `boxed` to its end. */
export async function runCli(args: readonly string[], input = '', env: Environment = {}): Promise<CliResult> {
  const child = startCli(args, env);
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin!.end(input);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
}
