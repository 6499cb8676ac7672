/** Group relative policy optimization: samples of each problem are rewarded against each other, and the likelier made likelier. */
import { join } from 'node:path';
import { extractAnswer } from '../answers/extract.js';
import type { ChatTokenizer } from '../checkpoint/tokenizer.js';
import type { Completion } from '../engine/types.js';
import { seededBits } from '../score/random.js';
import { advantagesOf } from './advantages.js';
import type { AnsweredProblem, AnsweredProblems } from './answeredProblems.js';
import { learntTokens, type PolicyText, rowTokens } from './batch.js';
import type { Tensors } from './modelFolder.js';
import { packTexts, shuffled } from './packing.js';
import {
  RewardError,
  type RewardedSample,
  type RewardFunctions,
  type RewardName,
  type RewardWeights,
  rewardsOf,
} from './rewards.js';
import { drawSamples, type RolloutOptions } from './rollouts.js';
import { learningRateAt } from './schedule.js';
import { checkFinite, rowShapes } from './sft.js';
import type { Trainer } from './trainer.js';
import { TrainLog } from './trainLog.js';
import { loadState, saveState } from './trainState.js';
import { TRAINING_SAMPLING, textOf, type ValidationResult } from './validation.js';

export interface GrpoSettings {
  readonly steps: number;
  readonly problemsPerStep: number;
  /** Samples of a problem. */
  readonly samples: number;
  /** Updates of the weights by the samples of one step. */
  readonly updates: number;
  readonly learningRate: number;
  readonly warmUpSteps: number;
  readonly floor: number;
  readonly clip: number;
  readonly beta: number;
  readonly maxTokens: number;
  readonly rewards: RewardWeights;
  readonly lengthUnit: 'characters' | 'tokens';
  readonly maxLength: number;
  /** Training ends once the mean length of a step's samples falls below this, in tokens; 0 for never. */
  readonly stopBelowTokens: number;
  /** Training ends once the divergence from the reference, in nats a token, is above this. */
  readonly stopAboveKl: number;
  readonly batchTokens: number;
  readonly seed: number;
}

export interface GrpoJob {
  readonly policy: Trainer;
  /** The model that the policy is held to; its weights never change. */
  readonly reference: Trainer;
  readonly tokenizer: ChatTokenizer;
  readonly problems: AnsweredProblems;
  readonly stopTokens: readonly number[];
  readonly maxPositions: number;
  readonly rollouts: RolloutOptions;
  readonly settings: GrpoSettings;
  /** What the names of rewards stand for. Default: `REWARDS`. */
  readonly rewardFunctions?: RewardFunctions;
  readonly identity: Readonly<Record<string, unknown>>;
  readonly folder: string;
  /** Steps between validations; the last step has one, too. */
  readonly validateEvery: number;
  readonly onValidation: (step: number, tensors: Tensors) => Promise<ValidationResult | null>;
  readonly onStep?: (progress: GrpoProgress) => void;
}

export interface GrpoProgress {
  readonly step: number;
  readonly accuracy: number;
  readonly meanTokens: number;
  /** Mean of each reward, unweighted. */
  readonly rewards: Readonly<Record<string, number>>;
  /** Problems whose samples were all rewarded alike; nothing is learnt from them. */
  readonly droppedGroups: number;
  /** Nats a token. */
  readonly kl: number;
  /** Share of the tokens at which the ratio was clipped. */
  readonly clipped: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly rolloutSeconds: number;
  readonly seconds: number;
  /** Tokens drawn, by the seconds of the whole step. */
  readonly tokensPerSecond: number;
}

/** Samples of one problem with what was found of them. */
interface Group {
  readonly problem: AnsweredProblem;
  readonly completions: readonly Completion[];
  readonly samples: readonly RewardedSample[];
  readonly rewards: readonly Readonly<Record<RewardName, number>>[];
  readonly advantages: readonly number[] | null;
}

/** Trains from the beginning or the saved state. @throws DivergedError, RewardError, TrainStateError, FileAccessError, the errors of the engine */
export async function trainGrpo(job: GrpoJob): Promise<void> {
  const { policy, settings, folder, identity } = job;
  const schedule = {
    peak: settings.learningRate,
    warmUpSteps: settings.warmUpSteps,
    totalSteps: settings.steps,
    floor: settings.floor,
  };
  const order = shuffled([...job.problems.problems.keys()], seededBits(settings.seed));
  const done = await loadState(folder, policy.tensors, identity);
  const log = await TrainLog.open(join(folder, 'log.jsonl'), done);
  if (done === 0) await validateAt(job, log, 0);
  for (let step = done + 1; step <= settings.steps; step += 1) {
    const startedAt = performance.now();
    const learningRate = learningRateAt(step, schedule);
    const groups = await drawGroups(job, problemsOf(job, order, step), step);
    const rolloutSeconds = (performance.now() - startedAt) / 1000;
    const learnt = await learnGroups(job, groups, step, learningRate);
    const seconds = (performance.now() - startedAt) / 1000;
    const tokensPerSecond = tokensOf(groups) / seconds;
    const progress = {
      ...{ step, ...summaryOf(groups), ...learnt, learningRate },
      ...{ rolloutSeconds, seconds, tokensPerSecond },
    };
    await log.write({ type: 'step', ...progress });
    job.onStep?.(progress);
    const ends =
      step === settings.steps ||
      progress.meanTokens < settings.stopBelowTokens ||
      learnt.kl > settings.stopAboveKl;
    if (ends || step % job.validateEvery === 0) {
      await validateAt(job, log, step);
      await saveState(folder, policy.tensors, step, identity);
    }
    if (ends) return;
  }
}

async function validateAt({ policy, onValidation }: GrpoJob, log: TrainLog, step: number): Promise<void> {
  const result = await onValidation(step, policy.tensors);
  if (result !== null) await log.write({ type: 'validation', step, ...result });
}

/** The next problems in a fixed order, which begins anew when all have been used. */
function problemsOf(
  { problems, settings }: GrpoJob,
  order: readonly number[],
  step: number,
): AnsweredProblem[] {
  const first = (step - 1) * settings.problemsPerStep;
  return Array.from(
    { length: settings.problemsPerStep },
    (_, at) => problems.problems[order[(first + at) % order.length]!]!,
  );
}

async function drawGroups(
  job: GrpoJob,
  problems: readonly AnsweredProblem[],
  step: number,
): Promise<Group[]> {
  const { settings, tokenizer, stopTokens } = job;
  const byId = new Map<string, Completion[]>();
  const requests = problems.map(({ promptTokens }, at) => ({
    // A small set may have a problem twice in a step.
    id: `${step}/${at}`,
    promptTokens,
    samples: settings.samples,
    sampling: TRAINING_SAMPLING,
    stopTokens,
    maxTokens: settings.maxTokens,
    seed: settings.seed,
  }));
  for (const completion of await drawSamples(job.policy.tensors, requests, job.rollouts)) {
    if (completion.finish === 'error') continue;
    byId.set(completion.id, [...(byId.get(completion.id) ?? []), completion]);
  }
  const names = Object.keys(settings.rewards) as RewardName[];
  return problems.map((problem, at) => {
    // In the order of their numbers: they end in the order that the batch has them end in.
    const completions = (byId.get(`${step}/${at}`) ?? []).sort((a, b) => a.index - b.index);
    const samples = completions.map((completion): RewardedSample => {
      const text = textOf(completion.tokens, tokenizer, stopTokens);
      return {
        text,
        isRight: extractAnswer(text, job.problems.edition).value === problem.answer,
        length: settings.lengthUnit === 'characters' ? text.length : completion.tokens.length,
      };
    });
    const rewards = rewardsOf(samples, names, settings.maxLength, job.rewardFunctions);
    const totals = rewards.map((values) => totalOf(values, settings.rewards, problem.id));
    const advantages = samples.length < 2 ? null : advantagesOf(totals);
    return { problem, completions, samples, rewards, advantages };
  });
}

function totalOf(values: Readonly<Record<RewardName, number>>, weights: RewardWeights, id: string): number {
  let total = 0;
  for (const [name, weight] of Object.entries(weights)) total += weight * values[name as RewardName];
  if (Number.isFinite(total)) return total;
  throw new RewardError('the sum of the rewards is no number', 'Give smaller weights.', { field: id });
}

/** Updates the weights by the groups that teach something. @throws DivergedError */
async function learnGroups(job: GrpoJob, groups: readonly Group[], step: number, learningRate: number) {
  const { policy, reference, settings, maxPositions } = job;
  const bits = seededBits(settings.seed * 1009 + step);
  const texts = shuffled(groups.flatMap(textsOf), bits);
  const shapes = rowShapes(settings.batchTokens, maxPositions);
  const batchesOf = (part: readonly PolicyText[]) => packTexts(part.map(rowTokens), shapes, bits);
  const parts = Array.from({ length: settings.updates }, (_, at) =>
    texts.filter((_, index) => index % settings.updates === at),
  ).filter((part) => part.length > 0);

  let [loss, kl, clipped, gradientNorm] = [0, 0, 0, 0];
  for (const [at, part] of parts.entries()) {
    const batches = batchesOf(part);
    const held: PolicyText[] = [...part];
    for (const batch of batches) {
      for (const [index, referenceLogprobs] of await reference.logprobs(batch, part))
        held[index] = { ...part[index]!, referenceLogprobs };
    }
    const weight = 1 / part.reduce((sum, text) => sum + learntTokens(text), 0);
    for (const batch of batches) {
      const found = await policy.reinforce(batch, held, weight, settings);
      loss += found.loss / parts.length;
      kl += found.kl / parts.length;
      clipped += found.clipped / parts.length;
    }
    gradientNorm = policy.update((step - 1) * settings.updates + at + 1, learningRate);
    checkFinite(step, loss, kl, gradientNorm);
  }
  return { loss, kl, clipped, gradientNorm };
}

/** The samples of a group as texts; the engine's log-probabilities are those of the weights that drew them. */
function textsOf({ problem, completions, advantages }: Group): PolicyText[] {
  if (advantages === null) return [];
  return completions.map(({ tokens, logprobs }, at) => ({
    tokens: [...problem.promptTokens, ...tokens],
    learnFrom: problem.promptTokens.length,
    advantage: advantages[at]!,
    oldLogprobs: logprobs,
    referenceLogprobs: logprobs,
  }));
}

/** Tokens of all samples. */
function tokensOf(groups: readonly Group[]): number {
  const completions = groups.flatMap((group) => group.completions);
  return completions.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

function summaryOf(groups: readonly Group[]) {
  const samples = groups.flatMap((group) => group.samples);
  const all = groups.flatMap((group) => group.rewards);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const names = Object.keys(all[0] ?? {}) as RewardName[];
  return {
    accuracy: mean(samples.map(({ isRight }) => Number(isRight))),
    meanTokens: tokensOf(groups) / samples.length,
    rewards: Object.fromEntries(names.map((name) => [name, mean(all.map((values) => values[name]))])),
    droppedGroups: groups.filter(({ advantages }) => advantages === null).length,
  };
}
