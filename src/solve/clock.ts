/** The one owner of time in a run. Injected, so that tests and simulations run on a clock of their own. */

export interface Clock {
  /** Milliseconds since the Unix epoch; never runs backwards. */
  now(): number;
}

/** The machine's clock, read once and then advanced by its monotonic counter. */
export const systemClock: Clock = { now: () => performance.timeOrigin + performance.now() };

/** Reads `clock` so that time never runs backwards: after a jump back, or a reading that is no number, it stands still. */
export function steady(clock: Clock): Clock {
  let latest = Number.NEGATIVE_INFINITY;
  return {
    now: () => {
      const read = clock.now();
      if (read > latest) latest = read;
      return latest;
    },
  };
}
