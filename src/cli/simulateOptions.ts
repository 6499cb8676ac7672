/** Readers of what `boxed simulate` takes: lists, distributions and rates. */
import { InvalidArgumentError } from 'commander';
import type { RatePoint } from '../simulate/throughput.js';
import { integerFrom } from './options.js';

/** Names with commas between them. */
export function nameList(text: string): string[] {
  return [...new Set(text.split(',').map((name) => name.trim()))];
}

/** Whole numbers from 1 on with commas between them. */
export function countList(text: string): number[] {
  return [...new Set(text.split(',').map(integerFrom(1)))];
}

/** Two positive numbers: the parameters of a distribution. */
export function positivePair(text: string): [number, number] {
  const numbers = text.split(',').map(Number);
  const [first, second] = numbers;
  if (numbers.length === 2 && first! > 0 && second! > 0 && numbers.every(Number.isFinite))
    return [first!, second!];
  throw new InvalidArgumentError('Write two positive numbers with a comma between them: 9000,0.5.');
}

/** `1:60,16:550`: tokens per second of all rows together, by rows. */
export function ratePoints(text: string): RatePoint[] {
  const points = text.split(',').map((part) => {
    const [rows, tokensPerSecond, ...more] = part.split(':').map(Number);
    return { rows: rows ?? 0, tokensPerSecond: more.length > 0 ? 0 : (tokensPerSecond ?? 0) };
  });
  const isRate = ({ rows, tokensPerSecond }: RatePoint) =>
    Number.isSafeInteger(rows) && rows >= 1 && tokensPerSecond > 0 && Number.isFinite(tokensPerSecond);
  if (points.every(isRate) && new Set(points.map(({ rows }) => rows)).size === points.length) return points;
  throw new InvalidArgumentError(
    'Write rows and the tokens/s of all of them together: 1:60,16:550, each number of rows once.',
  );
}
