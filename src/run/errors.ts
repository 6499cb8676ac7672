/** What can be wrong with a run's folder; each error says what to do about it. */
import { BoxedError } from '../errors.js';

/** The folder holds no run, or a `run.json` that is not one. */
export class NotARunError extends BoxedError {
  override readonly name = 'NotARunError';
}

/** The run was written in another version of the folder's format. */
export class RunFormatError extends BoxedError {
  override readonly name = 'RunFormatError';
}

/** A new run was to be put where one is already. */
export class RunExistsError extends BoxedError {
  override readonly name = 'RunExistsError';
}

/** The folder holds a run of other settings, model, problems or prompt. */
export class RunMismatchError extends BoxedError {
  override readonly name = 'RunMismatchError';
}

/** Another process writes to the folder. */
export class RunLockedError extends BoxedError {
  override readonly name = 'RunLockedError';
}

/** A line of the journal that is not the last one is damaged, or cannot belong to the run. */
export class CorruptJournalError extends BoxedError {
  override readonly name = 'CorruptJournalError';
}

/** A line of the journal is of another run. */
export class MixedRunsError extends BoxedError {
  override readonly name = 'MixedRunsError';
}

/** A sample that the journal cannot take: not of this run, or with a value that JSON does not have. */
export class BadSampleError extends BoxedError {
  override readonly name = 'BadSampleError';
}

/** The submission names a problem that the run does not have, or an answer that 64 bits do not hold. */
export class BadSubmissionError extends BoxedError {
  override readonly name = 'BadSubmissionError';
}

/** The run is not complete: its files may still change. */
export class NotSealedError extends BoxedError {
  override readonly name = 'NotSealedError';
}

/** A file of the run has changed since the run was completed. */
export class SealBrokenError extends BoxedError {
  override readonly name = 'SealBrokenError';
}

/** The run is complete and sealed, so that it may have been scored: no sample can be added any more. */
export class RunSealedError extends BoxedError {
  override readonly name = 'RunSealedError';
}
