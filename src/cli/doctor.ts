/** `boxed doctor`: what works on this machine, and what to do about the rest. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { readGraphics } from '../engine/graphics.js';
import { readMachine } from '../engine/machine.js';
import { PROVIDERS } from '../engine/probe.js';
import { runtimeFolder, tryProvider } from '../engine/providers.js';
import { inspectModel } from '../export/inspection.js';
import { freeDiskBytes } from '../files.js';
import { packageVersion, VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { type Doctor, findingsOf } from './doctorReport.js';
import { renderDoctor } from './doctorText.js';

/** Exit status when nothing can be run here. */
const NOTHING_WORKS = 1;

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('See what works on this machine')
    .description(
      'See what works on this machine: versions, processors, memory, disk, GPU, and the execution providers of the\n' +
        'runtime, each tried with a small product. With a model: whether it can be read, and what it would take.',
    )
    .argument('[model]', 'checkpoint folder or export')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ boxed doctor models/pebble-sft\n')
    .action(doctor);
}

async function doctor(path: string | undefined, flags: { json?: boolean }): Promise<void> {
  const found = await examine(path);
  const findings = findingsOf(found);
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ ...found, findings }, null, 2)}\n`
      : renderDoctor(found, findings, wantsColours(process.stdout)),
  );
  const cpu = found.providers.find(({ provider }) => provider === 'cpu');
  if (!cpu?.works) process.exitCode = NOTHING_WORKS;
}

async function examine(path: string | undefined): Promise<Doctor> {
  const [graphics, model] = await Promise.all([
    readGraphics(),
    path === undefined ? null : inspectModel(path),
  ]);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'boxed');
  const folder = model?.exportFolder ?? cache;
  return {
    versions: {
      boxed: VERSION,
      Node: process.versions.node,
      'onnxruntime-node': packageVersion('onnxruntime-node'),
      tokenizers: packageVersion('@huggingface/tokenizers'),
    },
    runtimeFolder: runtimeFolder(),
    machine: readMachine(),
    disk: { folder, freeBytes: await freeDiskBytes(folder) },
    graphics,
    providers: await Promise.all(PROVIDERS.map((provider) => tryProvider(provider, graphics))),
    model,
  };
}
