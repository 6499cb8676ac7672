/** Problems with their answers: what training validates on and is rewarded by. */

import { readGold } from '../answers/gold.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import type { AnswerValue } from '../core.js';
import { BoxedError } from '../errors.js';
import { readAnswerKey } from '../problems/answerKey.js';
import { type Edition, editionOf } from '../problems/editions.js';
import { readProblems } from '../problems/problemSet.js';
import { promptFor } from '../solve/prompt.js';

/** A problem without an answer in the key. */
export class UnansweredProblemError extends BoxedError {
  override readonly name = 'UnansweredProblemError';
}

export interface AnsweredProblem {
  readonly id: string;
  readonly text: string;
  readonly promptTokens: readonly number[];
  readonly answer: AnswerValue;
}

export interface AnsweredProblems {
  readonly edition: Edition;
  readonly problems: readonly AnsweredProblem[];
}

/**
 * Reads a problem set together with its key: a set folder, or a file with problem and answer columns.
 * @param prompt template with `{problem}`; `null` takes the set's own
 * @throws UnansweredProblemError, and the errors of `readProblems` and `readAnswerKey`
 */
export async function readAnsweredProblems(
  path: string,
  tokenizer: ChatTokenizer,
  prompt: string | null,
  editionName: string,
): Promise<AnsweredProblems> {
  const set = await readProblems(path);
  const edition = editionOf(set.edition ?? editionName);
  const key = await readAnswerKey(path, edition, readGold);
  const template = prompt ?? set.prompt ?? '{problem}';
  const problems = set.problems.map((problem) => {
    const answer = key.answers.get(problem.id);
    if (answer === undefined) {
      throw new UnansweredProblemError('it has no answer', 'Add it to the key.', {
        file: key.file,
        field: problem.id,
      });
    }
    const promptTokens = tokenizer.encodeChat([{ role: 'user', content: promptFor(problem, template) }]);
    return { id: problem.id, text: problem.text, promptTokens, answer };
  });
  return { edition, problems };
}
