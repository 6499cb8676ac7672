/**
 * Uses an engine at random and watches its memory: `node --expose-gc dist/bench/engineSoak.js [MINUTES] [SEED]`.
 * Ends with status 1 when a request is not answered exactly once and rightly, or memory grows.
 */
import { resolveModel } from '../src/export/resolve.js';
import { memoryGrowth, type SoakReport, soakEngine } from '../test/support/engineSoak.js';

const MINUTES = Number(process.argv[2] ?? 30);
const SEED = Number(process.argv[3] ?? Date.now() % 2 ** 31);
/** Growth of memory after the warm-up, either way, at most. */
const FLAT = 0.05;

const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);

function line({ seconds, calls, samples, tokens, residentBytes, faults }: SoakReport): string {
  return (
    `${seconds.toFixed(0).padStart(5)} s  ${calls} calls, ${samples} samples, ${tokens} tokens, ` +
    `${megabytes(residentBytes.at(-1) ?? 0)} MB, ${faults.length} faults\n`
  );
}

const model = await resolveModel('models/pebble-sft', { device: 'cpu', dtype: 'fp32' });
const report = await soakEngine(model, {
  ...{ durationMs: MINUTES * 60_000, seed: SEED, rows: 24, callers: 12 },
  onInterval: (interval) => process.stdout.write(line(interval)),
});
const growth = memoryGrowth(report.residentBytes);
const finishes = Object.entries(report.finishes).map(([finish, count]) => `${finish} ${count}`);
process.stdout.write(
  `engine: seed ${SEED}, ${report.calls} calls and ${report.refused} refused ones, ${report.samples} samples ` +
    `(${finishes.join(', ')}), ${report.tokens} tokens in ${report.seconds.toFixed(0)} s; memory grew by ` +
    `${(100 * growth).toFixed(1)} % after the warm-up\n`,
);
for (const fault of report.faults) process.stdout.write(`  ${fault}\n`);
if (report.faults.length > 0 || Math.abs(growth) > FLAT) process.exitCode = 1;
