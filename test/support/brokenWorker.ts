/** Opens an engine, breaks its worker while it draws, and prints what open and later requests are told: MODEL ended|memory. */
import type { Worker } from 'node:worker_threads';
import { Engine } from '../../src/engine/engine.js';
import { BoxedError } from '../../src/errors.js';
import { readExport } from '../../src/export/manifest.js';
import { request } from './requests.js';

const [folder, how] = process.argv.slice(2);
const workers: Worker[] = [];
process.on('worker', (worker) => workers.push(worker));

const reasonOf = async (requests: Promise<void>): Promise<BoxedError> => {
  try {
    await requests;
  } catch (error) {
    if (error instanceof BoxedError) return error;
    throw error;
  }
  throw new Error('the requests were served');
};

const { manifest } = await readExport(folder!);
// Keys and values of heads of this size take gigabytes for a prompt.
const headDim = how === 'memory' ? 2 ** 16 : manifest.config.headDim;
const promptTokens = new Array<number>(1000).fill(20);
const engine = await Engine.open(
  { folder: folder!, manifest: { ...manifest, config: { ...manifest.config, headDim } } },
  { rows: 1, kvMemoryBytes: 2 ** 50 },
);
const open = reasonOf(engine.generate([request('open', { promptTokens, stopTokens: [] })]));
if (how === 'ended') await workers[0]!.terminate();
const { name, message, hint } = await open;
const late = await reasonOf(engine.generate([request('late')]));
await engine.close();
process.stdout.write(JSON.stringify({ name, message, hint, late: late.message }));
