/** The programs that are compared, and the settings at which each may be at its best. */
import { fileURLToPath } from 'node:url';
import type { BenchShape } from './cases.js';
import type { Setting } from './peerProcess.js';
import type { PeerFiles } from './prepare.js';

export interface Participant {
  readonly name: string;
  readonly command: readonly string[];
  /** Variables of its process beside those there are. */
  readonly env: Readonly<Record<string, string>>;
  readonly settings: readonly Setting[];
}

/** The scripts are not compiled: they import what the program does not depend on. */
const script = (name: string) => fileURLToPath(new URL(`../../../bench/peers/${name}`, import.meta.url));

/**
 * node-llama-cpp computes on threads of Node's pool, 4 unless told otherwise, and ggml makes a team of threads for each
 * that calls it: on a small machine these teams spin against each other. No setting of its own prevents that.
 */
const ONE_POOL_THREAD = { UV_THREADPOOL_SIZE: '1' };

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
      env: {},
      settings: [{ threads }],
    }),
  );
  const llama = {
    command: [process.execPath, script('llamaCpp.mjs'), files.gguf],
    settings: llamaSettings(threads),
  };
  const peers: Participant[] = [
    { ...llama, name: 'node-llama-cpp', env: {} },
    { ...llama, name: 'node-llama-cpp, pool of 1', env: ONE_POOL_THREAD },
    {
      name: 'transformers.js',
      command: [process.execPath, script('transformersJs.mjs'), files.onnxFolder],
      env: {},
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
      env: {},
      settings: torchSettings(shape, threads),
    });
  return [...ours, ...peers];
}

function llamaSettings(threads: number): Setting[] {
  return [...new Set([threads, 1])].flatMap((count) =>
    [true, false].map((flashAttention) => ({ threads: count, flashAttention, batchSize: 512 })),
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
