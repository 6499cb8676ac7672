/** Journals as pools of samples for simulations: what each sample said and cost, and which answer is right. */
import type { AnswerValue, Run, Sample } from '../core.js';
import { BoxedError } from '../errors.js';
import { readRun } from '../run/readRun.js';
import { FALLBACK_ANSWER } from '../solve/prediction.js';
import { Candidates } from './candidates.js';
import { KeyCoverageError, nameIds } from './errors.js';
import { type OpenKeyProgress, openKey } from './openKey.js';

/** The run's samples are not all that a model would draw, or runs do not belong together. */
export class UnfitReplayError extends BoxedError {
  override readonly name = 'UnfitReplayError';
}

/** A sample without its text. */
export interface ReplaySample
  extends Pick<Sample, 'index' | 'answerEnd' | 'startedAt' | 'seconds' | 'logprob' | 'tailLogprob'> {
  readonly value: AnswerValue | null;
  readonly tokens: number;
  readonly finish: 'stop' | 'length';
}

export interface ReplayProblem {
  readonly id: string;
  readonly right: AnswerValue;
  readonly samples: readonly ReplaySample[];
}

export interface Replay {
  /** Settings and names of the first run. */
  readonly run: Run;
  readonly problems: readonly ReplayProblem[];
}

/**
 * Reads runs of one model on one problem set, made without a time budget and without an early stop, and opens the key to
 * say which answers are right.
 * @throws UnfitReplayError, KeyCoverageError, and what reading runs and keys throws
 */
export async function readReplay(
  folders: readonly string[],
  answers: string,
  onProgress?: OpenKeyProgress,
): Promise<Replay> {
  const stored = await Promise.all(folders.map(async (folder) => ({ folder, ...(await readRun(folder)) })));
  const first = stored[0]!.run;
  for (const { folder, run } of stored) requireFit(folder, run, first);
  const pools = new Map<string, ReplaySample[]>(first.order.map((id) => [id, []]));
  for (const { samples } of stored) {
    for await (const sample of samples) {
      const slim = slimmed(sample);
      if (slim !== null) pools.get(sample.problemId)?.push(slim);
    }
  }
  const candidates = new Candidates();
  for (const [id, samples] of pools) {
    for (const { value } of samples) candidates.add(id, value);
    candidates.add(id, FALLBACK_ANSWER);
  }
  const key = await openKey(answers, first, candidates, onProgress);
  const missing = first.order.filter((id) => !key.answers.has(id));
  if (missing.length > 0)
    throw new KeyCoverageError(
      `the key has no answer for ${nameIds(missing)}`,
      'Give the key of the problems that the run was made on.',
      { file: key.file },
    );
  const drawn = first.order.filter((id) => pools.get(id)!.length > 0);
  if (drawn.length < first.order.length)
    throw new UnfitReplayError(
      `${first.order.length - drawn.length} problems have no finished sample`,
      'Let `boxed evaluate` finish the run first.',
      { file: folders[0] },
    );
  const problems = drawn.map((id) => ({ id, right: key.answers.get(id)!, samples: pools.get(id)! }));
  return { run: first, problems };
}

function slimmed(sample: Sample): ReplaySample | null {
  const { finish, answer, tokens, ...rest } = sample;
  if (finish !== 'stop' && finish !== 'length' && finish !== 'loop') return null;
  const { index, answerEnd, startedAt, seconds, logprob, tailLogprob } = rest;
  const spent = { startedAt, seconds, logprob, tailLogprob };
  return {
    index,
    value: answer.value,
    answerEnd,
    tokens: tokens.length,
    finish: finish === 'stop' ? 'stop' : 'length',
    ...spent,
  };
}

function requireFit(folder: string, run: Run, first: Run): void {
  const place = { file: folder };
  if (run.settings.timeBudgetMs !== null || run.settings.stop !== 'none')
    throw new UnfitReplayError(
      'the run was made under a time budget or an early stop, so long samples are missing from it',
      'Replay a run without either: `boxed evaluate --samples 32`.',
      place,
    );
  if (run.digests.model !== first.digests.model || run.digests.problems !== first.digests.problems)
    throw new UnfitReplayError(
      'the run is of another model or other problems than the first',
      'Replay runs that differ in their seed alone.',
      place,
    );
}
