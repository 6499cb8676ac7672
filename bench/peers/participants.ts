/** The programs that are compared, and the settings at which each may be at its best. */
import { fileURLToPath } from 'node:url';
import type { BenchShape } from './cases.js';
import type { Setting } from './peerProcess.js';
import type { PeerFiles } from './prepare.js';

export interface Participant {
  readonly name: string;
  readonly command: readonly string[];
  readonly settings: readonly Setting[];
}

/** The scripts are not compiled: they import what the program does not depend on. */
const script = (name: string) => fileURLToPath(new URL(`../../../bench/peers/${name}`, import.meta.url));

/**
 * Everything that can take part. PyTorch does where `python` is a Python that has it.
 * Threads: as many as this program is given; for llama.cpp one as well, where that is better.
 */
export function participantsFor(
  shape: BenchShape,
  checkpoint: string,
  files: PeerFiles,
  threads: number,
  python: string | undefined,
): Participant[] {
  const ours = shape.dtypes.map(
    (dtype): Participant => ({
      name: shape.dtypes.length > 1 ? `boxed ${dtype}` : 'boxed',
      command: [process.execPath, script('boxed.mjs'), checkpoint, dtype],
      settings: [{ threads }],
    }),
  );
  const peers: Participant[] = [
    {
      name: 'node-llama-cpp',
      command: [process.execPath, script('llamaCpp.mjs'), files.gguf],
      settings: llamaSettings(threads),
    },
    {
      name: 'transformers.js',
      command: [process.execPath, script('transformersJs.mjs'), files.onnxFolder],
      settings: [
        { threads, loop: 'forward' },
        { threads, loop: 'generate' },
      ],
    },
  ];
  if (python !== undefined)
    peers.push({
      name: 'PyTorch',
      command: [python, script('pytorch.py'), checkpoint],
      settings: torchSettings(shape, threads),
    });
  return [...ours, ...peers];
}

/**
 * `poolThreads` is Node's UV_THREADPOOL_SIZE. node-llama-cpp computes on threads of that pool, and ggml makes a team of
 * threads for each that calls it: with the usual 4 their teams spin against each other on a small machine.
 */
function llamaSettings(threads: number): Setting[] {
  const counts = threads === 1 ? [1] : [threads, 1];
  return [1, 4].flatMap((poolThreads) =>
    counts.flatMap((count) =>
      [true, false].map((flashAttention) => ({
        threads: count,
        flashAttention,
        batchSize: 512,
        poolThreads,
      })),
    ),
  );
}

function torchSettings(shape: BenchShape, threads: number): Setting[] {
  const eager = shape.torchDtypes.flatMap((dtype) =>
    ['dynamic', 'static'].map((cache) => ({ threads, dtype, cache, compiled: false })),
  );
  // Compiling takes a minute for many layers.
  if (!shape.small) return eager;
  return [...eager, { threads, dtype: 'float32', cache: 'static', compiled: true }];
}

/** Variables of the process that a setting needs. */
export function environmentOf({ poolThreads }: Setting): Record<string, string> {
  return poolThreads === undefined ? {} : { UV_THREADPOOL_SIZE: String(poolThreads) };
}
