import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Clock, machineCounter, readMoment, steady, systemClock, tellMoment } from './clock.js';

/** A process: it reads the time of day once, as it starts, and counts on from there. */
function startProcess(dayMs: number, machine: { counter: number }): Clock {
  const startedAt = machine.counter;
  return { now: () => dayMs + (machine.counter - startedAt) };
}

const HOUR_MS = 3_600_000;

describe('a moment told to another process', () => {
  test.each([HOUR_MS, -HOUR_MS, 0, 0.25])(
    'stays where it is when the clock of the machine is set by %d ms between the starts of the two',
    (jumpMs) => {
      const machine = { counter: 5_000_000 };
      const counter = { now: () => machine.counter };
      const parent = startProcess(1_800_000_000_000, machine);
      machine.counter += 2_000;
      const deadline = parent.now() + 60_000;
      const told = tellMoment(deadline, parent, counter);
      const child = startProcess(1_800_000_002_000 + jumpMs, machine);
      machine.counter += 700;
      const read = readMoment(told, child, counter);
      expect(read - child.now()).toBeCloseTo(60_000 - 700, 6);
      // And it is reached after that time, by either clock.
      machine.counter += 60_000 - 700;
      expect(child.now()).toBeCloseTo(read, 6);
      expect(parent.now()).toBeCloseTo(deadline, 6);
    },
  );

  test('within one process comes back as it was told', () => {
    const deadline = systemClock.now() + 12_345;
    expect(Math.abs(readMoment(tellMoment(deadline)) - deadline)).toBeLessThan(1_000);
    const [one, two] = [machineCounter.now(), machineCounter.now()];
    expect(two).toBeGreaterThanOrEqual(one);
  });
});

test('the time of day is read once: however it is set during a run, time passes as before', () => {
  // `Date` is what a clock set by hand or by NTP moves.
  const before = systemClock.now();
  const { now } = Date;
  try {
    for (const jump of [HOUR_MS, -HOUR_MS]) {
      Date.now = () => now() + jump;
      expect(Math.abs(systemClock.now() - before)).toBeLessThan(HOUR_MS / 2);
    }
  } finally {
    Date.now = now;
  }
});

test('a steady clock never runs backwards, whatever it is made of', () => {
  fc.assert(
    fc.property(fc.array(fc.double(), { minLength: 1 }), (readings) => {
      const left = [...readings];
      const clock = steady({ now: () => left.shift() ?? Number.NaN });
      const seen = readings.map(() => clock.now());
      expect(seen.every((value, at) => at === 0 || value >= seen[at - 1]!)).toBe(true);
    }),
  );
});
