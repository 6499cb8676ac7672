/**
 * Tokens/s of training beside PyTorch, in turns: forward and backward pass, clipping and AdamW.
 *   PEER_PYTHON=python3 node dist/bench/training.js [--turns 8] [--threads 2]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { type DecoderConfig, readDecoderConfig } from '../src/checkpoint/config.js';
import { integerFrom } from '../src/cli/options.js';
import { BoxedError } from '../src/errors.js';
import { seededBits, uniformBelow } from '../src/score/random.js';
import { ADAM_W } from '../src/train/adamW.js';
import type { TrainingText } from '../src/train/batch.js';
import { newTensors } from '../src/train/modelFolder.js';
import { Trainer } from '../src/train/trainer.js';

/** A decoder and what PyTorch made of it where it was measured first (2 cores), in tokens/s. */
interface BenchShape {
  readonly name: string;
  readonly sizes: Pick<
    DecoderConfig,
    'vocabSize' | 'hiddenSize' | 'intermediateSize' | 'layers' | 'heads' | 'kvHeads' | 'headDim'
  >;
  readonly reference: number;
}

const SHAPES: readonly BenchShape[] = [
  {
    name: 'd=128, 4 layers',
    sizes: {
      ...{ vocabSize: 128, hiddenSize: 128, intermediateSize: 384 },
      ...{ layers: 4, heads: 4, kvHeads: 2, headDim: 32 },
    },
    reference: 20_500,
  },
  {
    name: 'd=192, 6 layers',
    sizes: {
      ...{ vocabSize: 256, hiddenSize: 192, intermediateSize: 512 },
      ...{ layers: 6, heads: 6, kvHeads: 2, headDim: 32 },
    },
    reference: 8300,
  },
];
const ROWS = { rows: 32, length: 256 };
const TOKENS = ROWS.rows * ROWS.length;
/** Steps that are not counted: memory is got and pages are touched. */
const WARM_UP = 2;

/** One that trains; a step returns its seconds. */
interface Participant {
  step(): Promise<number>;
  close(): Promise<void>;
}

class PeerError extends BoxedError {
  override readonly name = 'PeerError';
}

await new Command('training')
  .option('--turns <count>', 'steps of each, the best counts', integerFrom(1), 8)
  .option('--threads <count>', 'threads of each', integerFrom(1), availableParallelism())
  .action(main)
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof BoxedError)) throw error;
    process.stderr.write(`${error.name}: ${error.message}\n  ${error.hint}\n`);
    process.exitCode = 1;
  });

async function main({ turns, threads }: { turns: number; threads: number }): Promise<void> {
  const python = process.env.PEER_PYTHON;
  if (!python)
    process.stdout.write('No PEER_PYTHON: PyTorch’s figures are those of another machine with 2 cores.\n\n');
  process.stdout.write('| shape | boxed tokens/s | PyTorch tokens/s | ratio |\n|---|--:|--:|--:|\n');
  for (const shape of SHAPES) {
    const participants = [
      await openBoxed(shape, threads),
      ...(python ? [await openPeer(python, shape, threads)] : []),
    ];
    try {
      const [ours, theirs] = await inTurns(participants, turns);
      const peer = theirs ?? shape.reference;
      const cells = [shape.name, whole(ours!), whole(peer), (ours! / peer).toFixed(2)];
      process.stdout.write(`| ${cells.join(' | ')} |\n`);
    } finally {
      for (const participant of participants) await participant.close();
    }
  }
}

/** Best tokens/s of each. */
async function inTurns(participants: readonly Participant[], turns: number): Promise<number[]> {
  const best = participants.map(() => Number.POSITIVE_INFINITY);
  for (let turn = -WARM_UP; turn < turns; turn += 1)
    for (const [at, participant] of participants.entries()) {
      const seconds = await participant.step();
      if (turn >= 0) best[at] = Math.min(best[at]!, seconds);
    }
  return best.map((seconds) => TOKENS / seconds);
}

async function openBoxed({ sizes }: BenchShape, threads: number): Promise<Participant> {
  const config = { ...(await readDecoderConfig('models/pebble-base')), ...sizes };
  const trainer = new Trainer(config, newTensors(config, 1), { threads, optimizer: ADAM_W });
  const bits = seededBits(1);
  const texts = Array.from(
    { length: ROWS.rows },
    (): TrainingText => ({
      tokens: Array.from({ length: ROWS.length + 1 }, () => uniformBelow(bits, sizes.vocabSize)),
      learnFrom: 1,
    }),
  );
  const batch = { shape: ROWS, rows: texts.map((_, at) => [at]) };
  let steps = 0;
  return {
    async step() {
      const startedAt = performance.now();
      await trainer.learn(batch, texts, 1 / TOKENS);
      steps += 1;
      trainer.update(steps, 1e-3);
      return (performance.now() - startedAt) / 1000;
    },
    close: () => trainer.close(),
  };
}

async function openPeer(python: string, { sizes }: BenchShape, threads: number): Promise<Participant> {
  const script = fileURLToPath(new URL('../../bench/peers/training.py', import.meta.url));
  const child = spawn(python, [script, JSON.stringify({ ...sizes, ...ROWS, threads })], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { done, value } = await replies.next();
    if (!done) return JSON.parse(value);
    throw new PeerError(`${python} ended`, `Run ${script} by hand: it needs torch and transformers.`);
  };
  await next();
  return {
    async step() {
      child.stdin.write('\n');
      return Number(await next());
    },
    close: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
