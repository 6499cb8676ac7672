/**
 * Exports a checkpoint once for each element type, each in a process of its own, and prints seconds, rates and memory:
 *   node dist/bench/measureExport.js CHECKPOINT [fp32 int8 int4]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportCheckpoint } from '../src/export/exporter.js';
import { parseTarget } from '../src/export/target.js';
import { WEIGHTS_FILE } from '../src/onnx/writer.js';

interface Measured {
  readonly seconds: number;
  readonly writtenBytes: number;
  readonly peakBytes: number;
}

async function measure(checkpoint: string, dtype: string): Promise<Measured> {
  const parent = await mkdtemp(join(tmpdir(), 'boxed-bench-'));
  try {
    const target = parseTarget('cpu', dtype);
    const startedAt = performance.now();
    const { folder } = await exportCheckpoint(checkpoint, join(parent, 'export'), {
      ...target,
      digest: 'bench',
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const writtenBytes = (await stat(join(folder, WEIGHTS_FILE))).size;
    // Kibibytes on Linux.
    return { seconds, writtenBytes, peakBytes: 1024 * process.resourceUsage().maxRSS };
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function sourceBytes(checkpoint: string): Promise<number> {
  const names = (await readdir(checkpoint)).filter((name) => name.endsWith('.safetensors'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(checkpoint, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const [checkpoint, ...rest] = process.argv.slice(2);
if (checkpoint === undefined) {
  process.stderr.write('usage: measureExport CHECKPOINT [fp32 int8 int4]\n');
  process.exit(2);
}
if (rest[0] === '--one') {
  process.stdout.write(JSON.stringify(await measure(checkpoint, rest[1]!)));
} else {
  const source = await sourceBytes(checkpoint);
  process.stdout.write(
    `| weights | seconds | source MB/s | written MB | peak memory MB |\n|---|--:|--:|--:|--:|\n`,
  );
  for (const dtype of rest.length > 0 ? rest : ['fp32', 'int8', 'int4']) {
    const script = fileURLToPath(import.meta.url);
    const { stdout, stderr, status } = spawnSync(process.execPath, [script, checkpoint, '--one', dtype]);
    if (status !== 0) throw new Error(stderr.toString());
    const { seconds, writtenBytes, peakBytes } = JSON.parse(stdout.toString()) as Measured;
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
    process.stdout.write(
      `| ${dtype} | ${seconds.toFixed(1)} | ${megabytes(source / seconds)} | ${megabytes(writtenBytes)} | ${megabytes(peakBytes)} |\n`,
    );
  }
}
