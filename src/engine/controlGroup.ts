/** Limits of the control group that this process is in (cgroups(7), both versions), as containers set them. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface ControlGroup {
  /** The tightest limit of the group and those around it; `null` without one. */
  readonly memory: { readonly limitBytes: number; readonly usedBytes: number } | null;
  /** Processors' worth of time, such as 1.5; `null` without a limit. */
  readonly processorQuota: number | null;
}

/** How a version of control groups names what is read here; files relative to a group's folder. */
interface Version {
  readonly memoryLimit: string;
  readonly memoryUsed: string;
  /** Line of `memory.stat` that counts file pages which can be dropped; they are part of what is used. */
  readonly droppable: string;
  readonly quota: (read: (file: string) => string | null) => number | null;
}

const SECOND: Version = {
  memoryLimit: 'memory.max',
  memoryUsed: 'memory.current',
  droppable: 'inactive_file',
  quota: (read) => ratio(...((read('cpu.max') ?? '').split(' ') as [string, string?])),
};
const FIRST: Version = {
  memoryLimit: 'memory.limit_in_bytes',
  memoryUsed: 'memory.usage_in_bytes',
  droppable: 'total_inactive_file',
  quota: (read) => ratio(read('cpu.cfs_quota_us') ?? '', read('cpu.cfs_period_us') ?? ''),
};

/** Reads the limits. `root` is where the file system begins, `/` but in tests. Without control groups there are none. */
export function readControlGroup(root = '/'): ControlGroup {
  const membership = readText(join(root, 'proc/self/cgroup')) ?? '';
  const mount = join(root, 'sys/fs/cgroup');
  const memories: NonNullable<ControlGroup['memory']>[] = [];
  const quotas: number[] = [];
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    // Version 2 has one hierarchy without a name; version 1 one for each controller, in a folder of its name.
    const version = controllers === '' ? SECOND : FIRST;
    const places = controllers === '' ? [''] : [controllers, ...controllers.split(',')];
    for (const place of places) {
      for (const folder of around(join(mount, place), path)) {
        const read = (file: string) => readText(join(folder, file));
        const memory = memoryOf(version, read);
        if (memory) memories.push(memory);
        const quota = version.quota(read);
        if (quota !== null) quotas.push(quota);
      }
    }
  }
  memories.sort((a, b) => a.limitBytes - b.limitBytes);
  return { memory: memories[0] ?? null, processorQuota: quotas.length > 0 ? Math.min(...quotas) : null };
}

/** The folder of a group and those of the groups around it. In a container the first may not be visible. */
function around(mount: string, path: string): string[] {
  const folders: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    folders.push(join(mount, at));
    if (at === dirname(at)) return folders;
  }
}

function memoryOf(version: Version, read: (file: string) => string | null): ControlGroup['memory'] {
  const limitBytes = Number(read(version.memoryLimit) ?? Number.NaN);
  const usedBytes = Number(read(version.memoryUsed) ?? Number.NaN);
  // "max" is no number. Version 1 writes the largest number of pages instead, which no machine has.
  if (!Number.isFinite(limitBytes) || !Number.isFinite(usedBytes) || limitBytes > 2 ** 60) return null;
  const statistics = read('memory.stat') ?? '';
  const droppable = new RegExp(`^${version.droppable} (\\d+)$`, 'm').exec(statistics)?.[1] ?? 0;
  return { limitBytes, usedBytes: Math.max(0, usedBytes - Number(droppable)) };
}

/** `150000 100000` microseconds in each period are 1.5 processors; `max`, or -1, is no limit. */
function ratio(quota: string, period = ''): number | null {
  const value = Number(quota) / Number(period);
  return quota !== '' && Number.isFinite(value) && value > 0 ? value : null;
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}
