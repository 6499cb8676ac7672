/** Why a candidate is not an integer answer; thrown inside this room and turned into a warning at its edge. */
import { BoxedError } from '../errors.js';

/** A text that is there but cannot be read as one exact number. Its message completes "refused: …". */
export class RefusedAnswerError extends BoxedError {
  override readonly name = 'RefusedAnswerError';

  constructor(why: string) {
    super(why, 'Write the answer as one integer, for example \\boxed{42}.');
  }
}
