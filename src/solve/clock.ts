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

/**
 * Milliseconds of a counter that all processes of a machine share and that nobody sets. Each process reads the time of
 * day once, as it starts; told by that, a moment would move when the clock is set between the starts of two processes.
 */
export const machineCounter: Clock = { now: () => Number(process.hrtime.bigint()) / 1e6 };

/** A moment on this process's clock as another process can read it. */
export function tellMoment(momentMs: number, clock = systemClock, counter = machineCounter): number {
  return counter.now() + (momentMs - clock.now());
}

/** What another process told, on this process's clock. */
export function readMoment(toldMs: number, clock = systemClock, counter = machineCounter): number {
  return clock.now() + (toldMs - counter.now());
}
