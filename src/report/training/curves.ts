/** From the steps of a training to the lines of a plot: smoothed, and with no more points than a plot shows. */

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/** The part of a training's steps that a smoothed line takes its means over. */
const SMOOTHED_SHARE = 1 / 40;
/** A plot is about as many pixels wide. */
const MOST_POINTS = 400;

/** Steps of which each point of a smoothed line is the mean; odd, so that they lie evenly about it. */
export function smoothingSteps(count: number): number {
  return 2 * Math.round((count * SMOOTHED_SHARE) / 2) + 1;
}

/** At each point the mean of `width` points about it, of fewer at the ends. */
export function smooth(points: readonly CurvePoint[], width: number): CurvePoint[] {
  const sums = [0];
  for (const { y } of points) sums.push(sums.at(-1)! + y);
  const half = (width - 1) / 2;
  return points.map(({ x }, at) => {
    const reach = Math.min(half, at, points.length - 1 - at);
    return { x, y: (sums[at + reach + 1]! - sums[at - reach]!) / (2 * reach + 1) };
  });
}

/** The lowest and the highest of each of `most / 2` stretches, in their order: what a plot of all points would look like. */
export function thin(points: readonly CurvePoint[], most = MOST_POINTS): CurvePoint[] {
  if (points.length <= most) return [...points];
  const stretches = Math.floor(most / 2);
  return Array.from({ length: stretches }, (_, at) => {
    const from = Math.floor((at * points.length) / stretches);
    const stretch = points.slice(from, Math.floor(((at + 1) * points.length) / stretches));
    let [low, high] = [stretch[0]!, stretch[0]!];
    for (const point of stretch) {
      if (point.y < low.y) low = point;
      if (point.y > high.y) high = point;
    }
    return low.x === high.x ? [low] : low.x < high.x ? [low, high] : [high, low];
  }).flat();
}
