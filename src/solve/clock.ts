/** The one owner of time in a run. Injected, so that tests run on a simulated clock. */

export interface Clock {
  /** Milliseconds since the Unix epoch; never runs backwards. */
  now(): number;
}

/** The machine's clock, read once and then advanced by its monotonic counter. */
export const systemClock: Clock = { now: () => performance.timeOrigin + performance.now() };
