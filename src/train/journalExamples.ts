/** Right samples of a finished run as examples: rejection sampling, the shortest first. */
import { readGold } from '../answers/gold.js';
import { readAnswerKey } from '../problems/answerKey.js';
import { editionOf } from '../problems/editions.js';
import { readProblems } from '../problems/problemSet.js';
import { readRun } from '../run/readRun.js';
import { BadExampleError, type Example } from './examples.js';

export interface JournalOptions {
  /** The problems that the run was made on, with their answers: a set folder or a file. */
  readonly problems: string;
  /** Samples of a problem at most. */
  readonly perProblem: number;
}

/**
 * Samples that ended by themselves with the right answer, of each problem the shortest, in tokens; of equally long ones the first.
 * @throws BadExampleError when none is right or a problem of the run is not in the set; the errors of the readers
 */
export async function readJournalExamples(
  folder: string,
  { problems, perProblem }: JournalOptions,
): Promise<Example[]> {
  const { run, samples } = await readRun(folder);
  const set = await readProblems(problems);
  const key = await readAnswerKey(problems, editionOf(run.settings.edition), readGold);
  const texts = new Map(set.problems.map(({ id, text }) => [id, text]));
  const right = new Map<string, { tokens: number; index: number; text: string }[]>(
    run.order.map((id) => [id, []]),
  );
  for await (const { problemId, index, finish, answer, tokens, text } of samples) {
    if (finish !== 'stop' || answer.value === null || answer.value !== key.answers.get(problemId)) continue;
    right.get(problemId)!.push({ tokens: tokens.length, index, text });
  }
  const examples = [...right].flatMap(([id, found]) => {
    const problem = texts.get(id);
    if (problem === undefined) {
      throw new BadExampleError(
        `the problem ${id} of the run is not there`,
        'Give the set that the run was made on.',
        {
          file: problems,
        },
      );
    }
    const sorted = found.sort((a, b) => a.tokens - b.tokens || a.index - b.index).slice(0, perProblem);
    return sorted.map(({ text }) => ({ problem, completion: text }));
  });
  if (examples.length > 0) return examples;
  throw new BadExampleError(
    'no sample of the run is right',
    'Draw more samples, or train on something else.',
    {
      file: folder,
    },
  );
}
