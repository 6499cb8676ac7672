/** The noun of this room: what a run scored. JSON-serialisable; holds no answer of the key. */
import type { Finish, RunDigests, RunSettings } from '../core.js';
import type { Estimate } from './intervals.js';
import type { Spread } from './spread.js';
import type { TokenSpread } from './tokenSpread.js';
import type { BudgetPoint } from './truncation.js';
import type { WallPoint } from './wallCurve.js';

/** Raised when the meaning of a field changes; other versions are scored again. */
export const SCORE_FORMAT = 2;

/** What a score was computed from; equal sources give equal scores. */
export interface ScoreSource {
  /** Samples in the journal, cancelled ones included. */
  readonly samples: number;
  readonly samplesDigest: string;
  /** Digest of the key's answers to the run's problems. */
  readonly answersDigest: string;
}

/** pass@k and maj@k over every subset of k samples, averaged over problems. */
export interface VotePoint {
  readonly k: number;
  readonly pass: Estimate;
  readonly majority: Estimate;
  /** pass@k - maj@k, problem by problem: what a perfect choice among the samples would win over the vote. */
  readonly lost: Estimate;
}

/** One problem's line. */
export interface ProblemScore {
  readonly id: string;
  readonly samples: number;
  readonly right: number;
  /** Indices of the samples that are right. */
  readonly rightIndices: readonly number[];
  /** Plurality score of all samples: 1, 0, or the chance of the right answer in a tie. */
  readonly majority: number;
  readonly meanTokens: number;
  /** Different answers among the samples. */
  readonly answers: number;
}

/** The answers handed in, which may come from a weighted vote, an early stop or the fallback. */
export interface SubmissionScore {
  readonly right: number;
  readonly accuracy: Estimate;
  /** Ids answered rightly; with the run's order they give every outcome. */
  readonly rightIds: readonly string[];
}

/** Shares are in [0, 1]; averages are means over problems, rates are shares of samples. */
export interface Score {
  readonly format: typeof SCORE_FORMAT;
  /** Name of the run's folder. */
  readonly name: string;
  readonly program: string;
  readonly modelName: string;
  readonly problemSet: string;
  readonly settings: RunSettings;
  readonly digests: RunDigests;
  readonly versions: Readonly<Record<string, string>>;
  readonly source: ScoreSource;
  /** Problems of the run. */
  readonly problems: number;
  /** Problems with at least one sample: the denominator of every mean but the submission's. */
  readonly problemsSampled: number;
  /** Samples scored; cancelled ones are not. */
  readonly samples: number;
  readonly fewestSamples: number;
  readonly mostSamples: number;
  readonly finishes: Readonly<Record<Finish, number>>;
  /** Samples with an answer of budget forcing, and whether those count in the averages. */
  readonly forced: { readonly samples: number; readonly counted: boolean };
  /** avg@n: the share of samples that are right. */
  readonly average: Estimate;
  /** maj@n: the plurality of all samples, ties shared evenly. */
  readonly majority: Estimate;
  /** pass@n: problems with at least one right sample. */
  readonly pass: Estimate;
  readonly byVotes: readonly VotePoint[];
  readonly submission: SubmissionScore;
  /** Mean output tokens of a sample, the stop token included. */
  readonly meanTokens: Estimate;
  /** Output tokens of the samples that are right, wrong and without an answer; `null` where there are none. */
  readonly tokensByOutcome: Readonly<Record<'right' | 'wrong' | 'silent', TokenSpread | null>>;
  /** Output tokens of all samples in the journal, cancelled ones included. */
  readonly drawnTokens: number;
  /** Samples cut by the token limit, by the deadline, or because they repeated themselves. */
  readonly truncationRate: number;
  readonly noAnswerRate: number;
  /** Share right of the samples that stopped by themselves; `null` when none did. */
  readonly accuracyOfStopped: number | null;
  readonly spread: Spread | null;
  /** Seconds in which at least one sample was being drawn. */
  readonly busySeconds: number;
  /** The vote as it stood while the run went on; empty where the journal has no times. */
  readonly wallCurve: readonly WallPoint[];
  readonly curve: readonly BudgetPoint[];
  readonly byProblem: readonly ProblemScore[];
}
