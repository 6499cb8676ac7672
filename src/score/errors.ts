/** What can be wrong with a run, a key or a number that is to be scored. */
import { BoxedError } from '../errors.js';

/** A subset of k samples was asked of fewer than k: the metric is undefined there, not 1 and not 0. */
export class SubsetSizeError extends BoxedError {
  override readonly name = 'SubsetSizeError';
  constructor(k: number, n: number) {
    super(
      `k = ${k} is not between 1 and the ${n} samples present`,
      'Choose a smaller k, or draw more samples.',
    );
  }
}

/** Numbers from which a statistic cannot be computed: counts below 0, none at all, two lists that do not pair. */
export class StatisticsInputError extends BoxedError {
  override readonly name = 'StatisticsInputError';
}

/** The run holds no finished sample, so there is nothing to score. */
export class EmptyRunError extends BoxedError {
  override readonly name = 'EmptyRunError';
}

/** The answer key lacks problems of the run. */
export class KeyCoverageError extends BoxedError {
  override readonly name = 'KeyCoverageError';
}

/** The key is not the one that the run was made for: another file, other problems, or another edition. */
export class KeyMismatchError extends BoxedError {
  override readonly name = 'KeyMismatchError';
}

/** The journal contradicts its run, or itself. */
export class JournalContentError extends BoxedError {
  override readonly name = 'JournalContentError';
}

/** The sealed submission does not answer every problem of the run. */
export class SubmissionGapError extends BoxedError {
  override readonly name = 'SubmissionGapError';
}

/** There is no score, it cannot be read, or it was made from other samples. */
export class ScoreFileError extends BoxedError {
  override readonly name = 'ScoreFileError';
}

/** Runs that must not be compared: other problems, or scored by other answers. */
export class IncomparableRunsError extends BoxedError {
  override readonly name = 'IncomparableRunsError';
}

/** Ids named in one message, at most: enough to see the pattern, few enough to read. */
const IDS_NAMED = 8;

/** `a, b and 3 more`. */
export function nameIds(ids: readonly string[]): string {
  const named = ids.slice(0, IDS_NAMED).join(', ');
  return ids.length > IDS_NAMED ? `${named} and ${ids.length - IDS_NAMED} more` : named;
}
