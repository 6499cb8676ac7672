/** Which process is which: a process id alone may have passed to another process since it was written down. */
import { readFileSync } from 'node:fs';
import { systemCode } from './files.js';

/** Recorded where the system does not tell when a process started. */
const UNKNOWN_START = 'unknown';

/** When this process started, as {@link isAlive} takes it; without dashes and slashes. */
export function ownStart(): string {
  return startOf(process.pid) ?? UNKNOWN_START;
}

/** True while the process of this id is the one that started then, and not a later one that got its number. */
export function isAlive(processId: number, start: string): boolean {
  if (start !== UNKNOWN_START) return startOf(processId) === start;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}

/**
 * When a process started, in clock ticks since boot, after the boot's id; `null` when there is no such process, when
 * it is dead and only waits to be collected, or when the system has no `/proc`. See proc(5), fields 3 and 22 of `stat`.
 */
function startOf(processId: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    // The program's name, field 2, may hold blanks and parentheses; the last parenthesis ends it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' || ticks === undefined ? null : `${boot}.${ticks}`;
  } catch {
    return null;
  }
}
