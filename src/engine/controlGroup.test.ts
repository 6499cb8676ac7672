import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readControlGroup } from './controlGroup.js';
import { readMachine } from './machine.js';

/** A file system's root with these files in it. */
async function rootWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'boxed-root-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

const read = async (files: Readonly<Record<string, string>>) => readControlGroup(await rootWith(files));
const NO_LIMITS = { memory: null, processorQuota: null };

describe('version 2', () => {
  test('the tightest limits of the group and those around it; pages that can be dropped are not used', async () => {
    const group = await read({
      'proc/self/cgroup': '0::/pod/box\n',
      'sys/fs/cgroup/pod/box/memory.max': 'max\n',
      'sys/fs/cgroup/pod/box/memory.current': '1000\n',
      'sys/fs/cgroup/pod/box/cpu.max': '150000 100000\n',
      'sys/fs/cgroup/pod/memory.max': '4000000000\n',
      'sys/fs/cgroup/pod/memory.current': '3000000000\n',
      'sys/fs/cgroup/pod/memory.stat': 'anon 1\ninactive_file 500000000\nactive_file 7\n',
      'sys/fs/cgroup/pod/cpu.max': 'max 100000\n',
    });
    expect(group).toEqual({
      memory: { limitBytes: 4_000_000_000, usedBytes: 2_500_000_000 },
      processorQuota: 1.5,
    });
  });

  test('no limits', async () => {
    const files = {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
      'sys/fs/cgroup/memory.max': 'max\n',
      'sys/fs/cgroup/memory.current': '5\n',
    };
    expect(await read(files)).toEqual(NO_LIMITS);
  });
});

describe('version 1', () => {
  const MEMBERSHIP = '4:memory:/docker/abc\n3:cpuset:/\n2:cpu,cpuacct:/docker/abc\n0::/\n';

  test('limits of a container that sees its own group as the outermost', async () => {
    const group = await read({
      'proc/self/cgroup': MEMBERSHIP,
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '2147483648\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '1073741824\n',
      'sys/fs/cgroup/memory/memory.stat': 'inactive_file 7\ntotal_inactive_file 73741824\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '200000\n',
      'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    });
    expect(group).toEqual({
      memory: { limitBytes: 2_147_483_648, usedBytes: 1_000_000_000 },
      processorQuota: 2,
    });
  });

  test('its way to say that there is no limit', async () => {
    const files = {
      'proc/self/cgroup': MEMBERSHIP,
      'sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes': '5\n',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    };
    expect(await read(files)).toEqual(NO_LIMITS);
  });
});

test.each(['', 'nonsense', '0::', '1:memory', ':::'])('no control groups: %j', async (membership) => {
  expect(await read({ 'proc/self/cgroup': membership })).toEqual(NO_LIMITS);
  expect(await read({})).toEqual(NO_LIMITS);
});

describe('the machine', () => {
  test("a container's limits cap what can be had", () => {
    const limited = readMachine({ memory: { limitBytes: 1e6, usedBytes: 4e5 }, processorQuota: 0.5 });
    expect(limited).toMatchObject({ memoryLimitBytes: 1e6, availableBytes: 6e5, processorQuota: 0.5 });
    const full = readMachine({ memory: { limitBytes: 1e6, usedBytes: 2e6 }, processorQuota: null });
    expect(full.availableBytes).toBe(0);
  });

  test('a limit above the memory there is means nothing', () => {
    const free = readMachine({ memory: { limitBytes: 2 ** 59, usedBytes: 0 }, processorQuota: null });
    expect(free.memoryLimitBytes).toBeNull();
    expect(free.availableBytes).toBeGreaterThan(0);
    expect(free.availableBytes).toBeLessThanOrEqual(free.memoryBytes);
  });
});
