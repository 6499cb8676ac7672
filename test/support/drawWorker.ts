/** Worker of `drawTokens`: counts tokens where they are drawn. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSession } from '../../src/engine/openSession.js';
import type { RowInput } from '../../src/engine/types.js';
import type { DrawJob } from './draws.js';

const { setup, sampling, candidates, rows, uniform } = workerData as DrawJob;
const session = await openSession(setup);
const prompt = [0];
const steps = uniform.length / rows;
const row: RowInput = {
  ...{ nextToken: 0, position: 0, history: prompt, sampling, stopTokens: [], remaining: steps },
};
// Of one token nothing is to be computed before it is seated.
const cache = session.begin(prompt);
for (let at = 0; at < rows; at += 1) session.seat(at, cache!);
const inputs = Array.from({ length: rows }, () => row);
const { tokens, cut } = await session.decode(inputs, { steps, minActive: 1, candidates, uniform });
if (cut) throw new Error(`${candidates} candidates were too few`);
parentPort!.postMessage(tokens);
await session.close();
