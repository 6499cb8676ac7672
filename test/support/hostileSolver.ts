/** A solver that wants the answers: it tries what the permission model must refuse, and reports how each attempt ended. */
import { execSync, fork, spawn, spawnSync } from 'node:child_process';
import { createReadStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ToSolver } from '../../src/solve/protocol.js';

/** What became of each attempt: the code or message of its error, or what it got. */
export type HostileReport = Record<string, string>;

const describe = (error: unknown) =>
  error instanceof Error ? String((error as NodeJS.ErrnoException).code ?? error.message) : String(error);

async function attempt(action: () => unknown): Promise<string> {
  try {
    return `got: ${String(await action())}`;
  } catch (error) {
    return describe(error);
  }
}

const streamed = (file: string) =>
  new Promise((resolve, reject) => {
    createReadStream(file).on('data', resolve).on('error', reject);
  });

const fromThread = (file: string) =>
  new Promise((resolve, reject) => {
    const code = `require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`;
    const worker = new Worker(code, { eval: true });
    worker.on('message', resolve).on('error', reject);
  });

const started = (child: ReturnType<typeof spawn>) =>
  new Promise((resolve, reject) => {
    child.on('error', reject).on('spawn', () => resolve('a process'));
  });

async function attack(keyFile: string): Promise<HostileReport> {
  return {
    readSync: await attempt(() => readFileSync(keyFile, 'utf8')),
    readAsync: await attempt(() => readFile(keyFile, 'utf8')),
    readStream: await attempt(() => streamed(keyFile)),
    readRelative: await attempt(() => readFileSync(join('problems', 'pebble', 'answers.csv'), 'utf8')),
    readInThread: await attempt(() => fromThread(keyFile)),
    listFolder: await attempt(() => readdirSync(dirname(keyFile)).join()),
    write: await attempt(() => writeFileSync(join(dirname(keyFile), 'stolen'), 'x')),
    spawn: await attempt(() => started(spawn('cat', [keyFile]))),
    spawnSync: await attempt(() => {
      const { error, stdout } = spawnSync('cat', [keyFile]);
      if (error) throw error;
      return stdout;
    }),
    exec: await attempt(() => execSync(`cat ${keyFile}`)),
    fork: await attempt(() => started(fork(keyFile))),
    environment: JSON.stringify(process.env),
    arguments: process.argv.slice(2).join(),
  };
}

const send = (message: unknown) => process.send!(message);

process.on('message', async (message: ToSolver) => {
  if (message.type === 'setup') send({ type: 'report', report: await attack(message.setup.prompt) });
});
