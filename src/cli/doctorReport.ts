/** What `boxed doctor` found out, and what is to be done about it. */
import type { Graphics } from '../engine/graphics.js';
import type { Machine } from '../engine/machine.js';
import type { ProviderReport } from '../engine/providerReport.js';
import type { ModelInspection } from '../export/inspection.js';
import { byteCount } from '../report/format.js';

export interface Disk {
  /** Where exports would go. */
  readonly folder: string;
  readonly freeBytes: number;
}

export interface Doctor {
  /** Versions by name. `null`: not installed. */
  readonly versions: Readonly<Record<string, string | null>>;
  /** Folder of the runtime's native libraries. */
  readonly runtimeFolder: string;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly graphics: Graphics;
  readonly providers: readonly ProviderReport[];
  readonly model: ModelInspection | null;
}

/** Something to do. */
export interface Finding {
  readonly about: string;
  /** In sentences. */
  readonly advice: string;
}

/** Less than this and no run will do: the smallest bundled model takes 0.3 GB with its rows. */
const LITTLE_MEMORY_BYTES = 1e9;
/** Less than this and even a run's own files may not fit. */
const LITTLE_DISK_BYTES = 1e9;

/** What is to be done, in the order in which it matters. */
export function findingsOf({ machine, disk, graphics, providers, model }: Doctor): Finding[] {
  const findings: Finding[] = [];
  const say = (about: string, advice: string) => findings.push({ about, advice });
  for (const { message, hint } of model?.faults ?? []) say('model', `${message}. ${hint}`);
  for (const { provider, works, advice } of providers) {
    if (!works && advice !== null) say(provider, advice);
    const { vulkanDevices } = graphics;
    if (
      provider === 'webgpu' &&
      works &&
      vulkanDevices.length > 0 &&
      vulkanDevices.every((d) => d.software)
    ) {
      say('webgpu', 'Its driver computes on the processor: right for tests; --device cpu is faster.');
    }
  }
  if (machine.processorQuota !== null && machine.processorQuota < machine.threads) {
    const threads = Math.max(1, Math.floor(machine.processorQuota));
    say(
      'processors',
      `The container grants the time of ${machine.processorQuota} of ${machine.threads}: run with --threads ${threads}.`,
    );
  }
  const { availableBytes } = machine;
  const needed = model?.memory?.fp32 ?? 0;
  if (needed > availableBytes) {
    say(
      'memory',
      `In fp32 this model needs about ${byteCount(needed)}, and ${byteCount(availableBytes)} can be had: take a smaller --dtype or a larger machine.`,
    );
  } else if (availableBytes < LITTLE_MEMORY_BYTES) {
    say('memory', `Only ${byteCount(availableBytes)} can be had: end what else runs here.`);
  }
  if (disk.freeBytes < Math.max(needed, LITTLE_DISK_BYTES)) {
    const what =
      needed > disk.freeBytes
        ? `An fp32 export takes about ${byteCount(needed)}, and`
        : 'Exports and runs need room, and';
    say(
      'disk',
      `${what} ${byteCount(disk.freeBytes)} are free: free some, or name another place by --export-dir.`,
    );
  }
  return findings;
}
