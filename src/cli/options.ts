/** Readers of option values, shared by the commands. Each refuses a wrong value by name. */
import { InvalidArgumentError } from 'commander';

/** A whole number from `min` on. */
export function integerFrom(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`It must be a whole number, ${min} or more.`);
  };
}

/** Whole numbers from `min` on, between commas. */
export function integersFrom(min: number): (text: string) => number[] {
  const one = integerFrom(min);
  return (text) => text.split(',').map(one);
}

/** A number within bounds. */
export function numberBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    const upper = Number.isFinite(max) ? ` to ${max}` : ' or more';
    throw new InvalidArgumentError(`It must be a number, ${min}${upper}.`);
  };
}

const UNIT_BYTES = { MB: 1e6, GB: 1e9, TB: 1e12, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;

/** A size such as `8GB`, `512MB` or `1.5GiB`, in bytes. */
export function byteCount(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]i?B)$/i.exec(text.trim()) ?? [];
  const known = Object.entries(UNIT_BYTES).find(([name]) => name.toLowerCase() === unit?.toLowerCase());
  const bytes = Math.floor(Number(amount) * (known?.[1] ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('Write a number with its unit: 8GB, 512MB, 1.5GiB.');
}

/** Bytes as a short text: `512 MB`, `8.5 GB`. */
export function formatBytes(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ['GB', 1e9] : ['MB', 1e6];
  return `${(bytes / Number(size)).toLocaleString('en-US', { maximumFractionDigits: 1 })} ${unit}`;
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 } as const;

/** A duration such as `90s`, `20m`, `5h` or `4h45m`, in milliseconds. */
export function durationMs(text: string): number {
  const compact = text.replace(/\s/g, '');
  const parts = [...compact.matchAll(/(\d+(?:\.\d+)?)(ms|s|min|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== compact) {
    throw new InvalidArgumentError('Write a number with its unit: 90s, 20m, 5h, 4h45m.');
  }
  return parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS],
    0,
  );
}

/** Milliseconds as a short text: `850ms`, `12.3s`, `4m05s`, `5h00m`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)}s`;
  const minutes = Math.floor(ms / 60_000);
  const pad = (value: number) => String(value).padStart(2, '0');
  if (ms < 3_600_000) return `${minutes}m${pad(Math.floor((ms % 60_000) / 1000))}s`;
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`;
}
