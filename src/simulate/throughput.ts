/** How fast a machine draws, by the number of rows in flight. */

/** Tokens per second of all rows together, at a number of rows. */
export interface RatePoint {
  readonly rows: number;
  readonly tokensPerSecond: number;
}

/** A row while it was drawn. */
export interface Span {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly tokens: number;
}

/** Windows over which the spread of the rate is taken. */
const WINDOWS = 10;
/** Numbers of rows that were in flight for a smaller part of the time say too little. */
const LEAST_TIME = 0.005;

/**
 * Total rate by rows: straight lines between the points, proportional below the first (a row alone is no slower than one
 * beside others), constant above the last.
 */
export function rateOf(points: readonly RatePoint[], maxRows: number): Float64Array {
  const sorted = [...points].sort((a, b) => a.rows - b.rows);
  return Float64Array.from({ length: maxRows + 1 }, (_, rows) => {
    const above = sorted.findIndex((point) => point.rows >= rows);
    if (above < 0) return sorted.at(-1)!.tokensPerSecond;
    const high = sorted[above]!;
    const low = sorted[above - 1] ?? { rows: 0, tokensPerSecond: 0 };
    const part = (rows - low.rows) / (high.rows - low.rows);
    return low.tokensPerSecond + part * (high.tokensPerSecond - low.tokensPerSecond);
  });
}

export interface MeasuredRates {
  readonly points: readonly RatePoint[];
  /** Most rows in flight at one time. */
  readonly rows: number;
  /** Standard deviation of the logarithm of the rate over tenths of the run. */
  readonly spread: number;
}

/** Reads the rates out of a journal's spans, each row having drawn at an even pace. */
export function measureRates(spans: readonly Span[]): MeasuredRates {
  const drawn = spans.filter(({ tokens, seconds }) => tokens > 0 && seconds > 0);
  const events = drawn
    .flatMap(({ startedAt, seconds, tokens }) => [
      { at: startedAt / 1000, rows: 1, rate: tokens / seconds },
      { at: startedAt / 1000 + seconds, rows: -1, rate: -tokens / seconds },
    ])
    .sort((a, b) => a.at - b.at || a.rows - b.rows);
  const stretches: Stretch[] = [];
  let [at, rows, rate] = [events[0]?.at ?? 0, 0, 0];
  for (const event of events) {
    if (event.at > at && rows > 0)
      stretches.push({ rows, seconds: event.at - at, tokens: rate * (event.at - at) });
    at = event.at;
    rows += event.rows;
    rate += event.rate;
  }
  const busy = sum(stretches, ({ seconds }) => seconds);
  return {
    points: pointsOf(stretches, busy),
    rows: stretches.reduce((most, stretch) => Math.max(most, stretch.rows), 0),
    spread: spreadOf(stretches, busy),
  };
}

/** A time during which the rows in flight were the same. */
interface Stretch {
  readonly rows: number;
  readonly seconds: number;
  readonly tokens: number;
}

/** One point for each doubling of the number of rows. */
function pointsOf(stretches: readonly Stretch[], busy: number): RatePoint[] {
  const octaves = new Map<number, Stretch[]>();
  for (const stretch of stretches) {
    const octave = Math.ceil(Math.log2(stretch.rows));
    octaves.set(octave, [...(octaves.get(octave) ?? []), stretch]);
  }
  return [...octaves.values()].flatMap((group) => {
    const seconds = sum(group, (stretch) => stretch.seconds);
    if (seconds < LEAST_TIME * busy) return [];
    const rows = sum(group, (stretch) => stretch.rows * stretch.seconds) / seconds;
    return [{ rows, tokensPerSecond: sum(group, ({ tokens }) => tokens) / seconds }];
  });
}

function spreadOf(stretches: readonly Stretch[], busy: number): number {
  const most = Math.max(...stretches.map(({ rows }) => rows));
  // The end of a run, with few rows, is slower for another reason.
  const full = stretches.filter(({ rows }) => rows > most / 2);
  const windowSeconds =
    Math.min(
      busy,
      sum(full, ({ seconds }) => seconds),
    ) / WINDOWS;
  const rates: number[] = [];
  let [seconds, tokens] = [0, 0];
  for (const stretch of full) {
    seconds += stretch.seconds;
    tokens += stretch.tokens;
    if (seconds < windowSeconds) continue;
    rates.push(Math.log(tokens / seconds));
    [seconds, tokens] = [0, 0];
  }
  const mean = sum(rates, (value) => value) / rates.length;
  return rates.length < 2 ? 0 : Math.sqrt(sum(rates, (value) => (value - mean) ** 2) / (rates.length - 1));
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
