/** How numbers are written in tables, on a terminal and in HTML alike. */
import type { Estimate, Interval } from '../score/intervals.js';

/** Stands where there is no number. */
export const ABSENT = '–';
/** U+2212, as wide as a plus sign. */
const MINUS = '−';

/** A share in per cent with one decimal: 0.792 is `79.2`. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

/** `79.2 [76.8, 81.6]`, in per cent. */
export function percentWithInterval({ value, interval }: Estimate): string {
  return interval ? `${percent(value)} ${bracket(interval, percent)}` : percent(value);
}

/** `79.2 ± 2.4`, in per cent; half the interval's width, which may lie unevenly about the value. */
export function percentWithHalf({ value, interval }: Estimate): string {
  return interval ? `${percent(value)} ± ${percent((interval.high - interval.low) / 2)}` : percent(value);
}

/** A difference of shares in points, with its sign: `−0.2 [−3.1, +2.7]`. */
export function pointsWithInterval({ value, interval }: Estimate): string {
  const points = (share: number): string => signed(100 * share);
  return interval ? `${points(value)} ${bracket(interval, points)}` : points(value);
}

/** A relative change with its sign: `−44.4% [−46.0, −42.7]`, without decimals from 100% on. */
export function changeWithInterval(change: Estimate | null): string {
  if (!change) return ABSENT;
  const points = (share: number): string => signed(100 * share, Math.abs(share) < 1 ? 1 : 0);
  return change.interval
    ? `${points(change.value)}% ${bracket(change.interval, points)}`
    : `${points(change.value)}%`;
}

/** A number of tokens: one decimal below a thousand, groups of three digits above. */
export function tokenCount(tokens: number | null): string {
  if (tokens === null) return ABSENT;
  return tokens < 1000 ? tokens.toFixed(1) : wholeNumber(tokens);
}

/** `8,192`. */
export function wholeNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A p-value: three decimals, `<0.001` below. */
export function pValue(p: number): string {
  return p < 0.001 ? '<0.001' : p.toFixed(3);
}

/** Seconds as `41 s`, `12 min 5 s` or `3 h 20 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Points of a difference of shares, without a sign: 0.038 is `3.8`. */
export function points(share: number | null): string {
  return share === null ? ABSENT : percent(share);
}

/** A number with three digits that tell, for rates of any size: `0.0123`, `4.56`, `789`. */
export function threeDigits(value: number): string {
  return value >= 999.5 ? wholeNumber(value) : String(Number(value.toPrecision(3)));
}

/** Bytes in decimal units with three digits: `3.40 MB`, `25.3 GB`. */
export function byteCount(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let [scaled, unit] = [bytes / 1000, 0];
  // 999.5 would be written with four digits.
  while (scaled >= 999.5 && unit < units.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0)} ${units[unit]}`;
}

/** A number with so many decimals: `−0.020`. */
export function decimals(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', MINUS);
}

function bracket({ low, high }: Interval, write: (value: number) => string): string {
  return `[${write(low)}, ${write(high)}]`;
}

function signed(value: number, decimals = 1): string {
  const digits = Math.abs(value).toFixed(decimals);
  if (Number(digits) === 0) return digits;
  return `${value < 0 ? MINUS : '+'}${digits}`;
}
