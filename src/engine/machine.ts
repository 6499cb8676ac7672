/** What this process may use of the machine: processors and memory, within the limits of its container. */
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { type ControlGroup, readControlGroup } from './controlGroup.js';

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  /** Processors that this process may run on, and so the runtime's threads by default. */
  readonly threads: number;
  /** Processors' worth of time that a container grants; `null` without such a limit. */
  readonly processorQuota: number | null;
  readonly memoryBytes: number;
  /** Memory that a container grants; `null` without such a limit. */
  readonly memoryLimitBytes: number | null;
  /** What can be had without swapping, within that limit. */
  readonly availableBytes: number;
}

export function readMachine(group: ControlGroup = readControlGroup()): Machine {
  const memoryBytes = totalmem();
  const limit = group.memory && group.memory.limitBytes < memoryBytes ? group.memory : null;
  return {
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    processors: cpus().length,
    threads: availableParallelism(),
    processorQuota: group.processorQuota,
    memoryBytes,
    memoryLimitBytes: limit?.limitBytes ?? null,
    // Node's figure is MemAvailable on Linux: caches that can be dropped count as free.
    availableBytes: Math.min(freemem(), limit ? Math.max(0, limit.limitBytes - limit.usedBytes) : freemem()),
  };
}
