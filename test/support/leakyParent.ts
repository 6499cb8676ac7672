/** A run's process that whoever started it left files open in: `node leakyParent.js WHISPER`. Prints the solver's report. */
import inspector from 'node:inspector';
import { attack } from './hostileRun.js';
import type { Whisper } from './hostileSolver.js';

const reporting = attack(
  JSON.parse(process.argv[2]!) as Whisper,
  process.argv[3] ? { why: 'not now' } : undefined,
);
// Anybody of the same user may send it.
process.kill(process.pid, 'SIGUSR1');
const report = await reporting;
process.stdout.write(JSON.stringify({ ...report, inspectorOfParent: String(inspector.url()) }));
process.exit();
