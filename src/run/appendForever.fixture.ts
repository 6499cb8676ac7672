/**
 * A process that appends samples until it is killed: `node appendForever.fixture.js FOLDER COUNT`, COUNT being the
 * samples a problem of its run. Prints the index of each sample once that is acknowledged; eight are under way at a time.
 */
import { Journal } from './journal.js';
import { RUN, sampleOf } from './testRun.fixture.js';

const [folder, count] = process.argv.slice(2);
const samples = Number(count);
const journal = await Journal.open(folder!, { ...RUN, settings: { ...RUN.settings, samples } });
let next = journal.done.get('a')?.size ?? 0;

async function append(): Promise<void> {
  while (next < samples) {
    const index = next++;
    await journal.append(sampleOf('a', index, 'x'.repeat(3_000)));
    process.stdout.write(`${index}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, append));
