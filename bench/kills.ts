/** `node kills.js [KILLS] [SEED]`: kills runs at random moments and holds what they left against an undisturbed one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killRuns } from '../test/support/killedRuns.js';

const kills = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? 0);
const folder = await mkdtemp(join(tmpdir(), 'boxed-kills-'));
try {
  const started = performance.now();
  const { runs, differences } = await killRuns({
    folder,
    kills,
    seed,
    onKill: (killed, run, differences) => {
      if (killed % 10 === 0)
        process.stderr.write(`${killed} kills, run ${run}; ${differences} differences in the ones before\n`);
    },
  });
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `${kills} kills (seed ${seed}) in ${runs} runs and ${seconds.toFixed(0)} s: ${differences.length} differences from an undisturbed run\n`,
  );
  for (const difference of differences) process.stdout.write(`  ${difference}\n`);
  if (differences.length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
