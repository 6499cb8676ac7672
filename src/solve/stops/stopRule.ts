/** When the samples that a problem still waits for are not worth drawing. */
import type { Tally } from './tally.js';

export interface StopRule {
  /** As it is written after `--stop`, its number included. */
  readonly name: string;
  /** Asked once after each sample that ends; true stops the problem's other samples. */
  decides(tally: Tally, quota: HardQuota): boolean;
}

/** Problems that a run may go on with although their first samples agree on nothing. */
export interface HardQuota {
  /** Takes one of those that are left; false when none is. */
  take(): boolean;
}
