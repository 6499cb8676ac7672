/** Competition editions: what counts as an answer, and how problems are handed out. */
import { BoxedError } from '../errors.js';

/** The answer policy and pace of one competition. */
export type Edition = IntegerEdition | FreeEdition;

/** Answers are integers. */
export interface IntegerEdition {
  readonly name: 'aimo1' | 'aimo2' | 'aimo3' | 'aime';
  /** Smallest and largest acceptable answer, both inclusive. */
  readonly min: bigint;
  readonly max: bigint;
  /** Answers are reduced modulo this (Euclidean, so never negative); `null`: an answer out of range is none. */
  readonly modulus: bigint | null;
  /** Problems shown to the solver and not yet answered, at most; `null`: as many as fill the batch. */
  readonly inFlight: number | null;
}

/** Answers are anything that LaTeX writes, compared as values; texts are answers as well. */
export interface FreeEdition {
  readonly name: 'free';
  readonly inFlight: number | null;
}

/** Every edition known, oldest competition first. */
export const EDITIONS: readonly Edition[] = [
  { name: 'aimo1', min: 0n, max: 999n, modulus: 1000n, inFlight: 1 },
  { name: 'aimo2', min: 0n, max: 999n, modulus: 1000n, inFlight: 1 },
  // The third prize dropped the implicit modulus: a problem that wants one states it.
  { name: 'aimo3', min: 0n, max: 99_999n, modulus: null, inFlight: 1 },
  { name: 'aime', min: 0n, max: 999n, modulus: null, inFlight: null },
  { name: 'free', inFlight: null },
];

/** An edition was asked for that does not exist. */
export class UnknownEditionError extends BoxedError {
  override readonly name = 'UnknownEditionError';
}

/** The edition of this name. @throws UnknownEditionError, which names those there are. */
export function editionOf(name: string): Edition {
  const edition = EDITIONS.find((candidate) => candidate.name === name);
  if (edition === undefined) {
    const names = EDITIONS.map((candidate) => candidate.name).join(', ');
    throw new UnknownEditionError(`there is no edition '${name}'`, `Choose one of: ${names}.`);
  }
  return edition;
}
