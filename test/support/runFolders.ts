/** Run folders as `boxed evaluate` leaves them, without a model. */
import type { AnswerValue, Run, Sample } from '../../src/core.js';
import { editionOf } from '../../src/problems/editions.js';
import { Journal } from '../../src/run/journal.js';
import { sealRun } from '../../src/run/seal.js';
import { SubmissionWriter } from '../../src/run/submission.js';
import {
  type Behaviour,
  type SyntheticSize,
  syntheticRun,
  syntheticSamples,
  syntheticSubmission,
} from './syntheticRuns.js';

/** Writes a sealed run with these samples; `submission` names the answers that are not the fallback. */
export async function leaveRun(
  folder: string,
  run: Run,
  samples: Iterable<Sample>,
  answers: ReadonlyMap<string, AnswerValue>,
): Promise<void> {
  const journal = await Journal.create(folder, run);
  await Promise.all([...samples].map((sample) => journal.append(sample)));
  await journal.close();
  const submission = new SubmissionWriter(folder, run.order, 0n, editionOf(run.settings.edition));
  for (const [id, value] of answers) submission.set(id, value);
  await submission.start();
  await sealRun(folder, run);
}

/** The same for a run made by dice. */
export async function leaveSyntheticRun(
  folder: string,
  behaviour: Behaviour,
  size: SyntheticSize,
): Promise<void> {
  const run = syntheticRun(behaviour, size);
  const answers = syntheticSubmission(syntheticSamples(behaviour, size), run.order);
  await leaveRun(folder, run, syntheticSamples(behaviour, size), answers);
}
