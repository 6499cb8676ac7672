/** What can be wrong with what a report is asked to show. */
import { BoxedError } from '../errors.js';

/** The problem texts that were given are not those that the runs were made on. */
export class OtherProblemsError extends BoxedError {
  override readonly name = 'OtherProblemsError';
}

/** A training's log that cannot be drawn. */
export class TrainingLogError extends BoxedError {
  override readonly name = 'TrainingLogError';
}
