/** Runs made by dice instead of a model, for tests of scoring and reports: three checkpoints of a two-stage recipe. */
import type { AnswerValue, Finish, Run, Sample } from '../../src/core.js';
import { digestOf } from '../../src/files.js';
import type { AnswerKey } from '../../src/problems/answerKey.js';
import { RUN_FORMAT } from '../../src/run/runFile.js';
import { seededBits } from '../../src/score/random.js';
import { collectRecords } from '../../src/score/records.js';
import type { Score } from '../../src/score/score.js';
import { scoreRun } from '../../src/score/scoreRun.js';

/** How a synthetic checkpoint behaves. */
export interface Behaviour {
  readonly modelName: string;
  /** Share of samples that are right, about. */
  readonly skill: number;
  /** Median output tokens, about. */
  readonly tokens: number;
  readonly silence: number;
}

export const BASE: Behaviour = { modelName: 'pebble-base', skill: 0.1, tokens: 60, silence: 0.2 };
export const SFT: Behaviour = { modelName: 'pebble-sft', skill: 0.82, tokens: 205, silence: 0.01 };
export const GRPO: Behaviour = { modelName: 'pebble-grpo', skill: 0.82, tokens: 115, silence: 0.01 };

export interface SyntheticSize {
  readonly problems?: number;
  readonly samples?: number;
  readonly maxTokens?: number;
  readonly seed?: number;
}

export function problemIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `p${String(index).padStart(3, '0')}`);
}

/** Answers of an edition with three digits. */
export function goldOf(position: number): bigint {
  return BigInt((7 * position) % 1000);
}

export function syntheticKey(count: number): AnswerKey {
  return {
    file: 'answers.csv',
    answers: new Map(problemIds(count).map((id, index) => [id, goldOf(index)])),
  };
}

export function syntheticRun(behaviour: Behaviour, size: SyntheticSize = {}): Run {
  const { problems = 256, samples = 8, maxTokens = 512, seed = 0 } = size;
  return {
    format: RUN_FORMAT,
    program: '0.1.0',
    modelName: behaviour.modelName,
    problemSet: 'pebble',
    order: problemIds(problems),
    settings: {
      samples,
      maxTokens,
      seed,
      sampling: { greedy: false, temperature: 1, topK: 0, topP: 0.9, minP: 0.05, repetitionPenalty: 1 },
      edition: 'aime',
      vote: 'plurality',
      inFlight: 32,
      timeBudgetMs: null,
      budgetPolicy: 'equal',
      stop: 'none',
      stopTexts: [],
      stopAtAnswer: 'never',
      stopLoops: false,
      budgetForcing: false,
      difficulty: null,
      dtype: 'fp32',
      device: 'cpu',
      batchInvariant: false,
    },
    digests: {
      model: digestOf(behaviour.modelName),
      problems: digestOf(`pebble ${problems}`),
      prompt: digestOf('prompt'),
    },
    versions: { node: '20.20.2', 'onnxruntime-node': '1.30.0' },
    sealed: null,
  };
}

/** A sample given by its outcome alone. */
export function sampleOf(
  problemId: string,
  index: number,
  outcome: {
    value: AnswerValue | null;
    tokens: number;
    answerEnd?: number;
    finish?: Finish;
    startedAt?: number;
    seed?: number;
  },
): Sample {
  const { value, tokens, answerEnd = tokens, finish = 'stop', startedAt = 0, seed = 0 } = outcome;
  return {
    problemId,
    index,
    seed,
    promptTokens: 20,
    tokens: new Array<number>(tokens).fill(1),
    text: value === null ? 'no answer' : `\\boxed{${value}}`,
    finish,
    answer: {
      value,
      rule: value === null ? 'none' : 'boxed',
      span: value === null ? null : [7, 8],
      warning: null,
    },
    answerEnd: value === null ? null : answerEnd,
    forced: null,
    logprob: -tokens / 4,
    tailLogprob: -tokens / 4,
    startedAt,
    seconds: tokens / 1000,
  };
}

/** The samples of a run, problem by problem; a problem's difficulty is the same for every behaviour. */
export function* syntheticSamples(behaviour: Behaviour, size: SyntheticSize = {}): Generator<Sample> {
  const { problems = 256, samples = 8, maxTokens = 512, seed = 0 } = size;
  const difficulties = seededBits(99);
  const bits = seededBits(seed + 1000 * behaviour.tokens);
  const uniform = (): number => bits() / 2 ** 32;
  for (const [position, id] of problemIds(problems).entries()) {
    const hardness = difficulties() / 2 ** 32;
    const chance = Math.min(1, Math.max(0, behaviour.skill + (0.5 - hardness) * 0.8 * behaviour.skill));
    for (let index = 0; index < samples; index++) {
      const length = Math.ceil(behaviour.tokens * (0.6 + 0.8 * hardness) * Math.exp(0.8 * (uniform() - 0.5)));
      const tokens = Math.min(maxTokens, length);
      const finish = length > maxTokens ? 'length' : 'stop';
      const gold = goldOf(position);
      const drawn = uniform();
      const wrong = gold + 1n + BigInt(Math.floor(uniform() * 3));
      const silent = finish === 'length' || uniform() < behaviour.silence;
      const value = silent ? null : drawn < chance ? gold : wrong;
      yield sampleOf(id, index, {
        value,
        tokens,
        answerEnd: Math.max(1, tokens - 12),
        finish,
        startedAt: 100 * position,
        seed,
      });
    }
  }
}

/** The submission of a plurality vote, ties to the smallest answer, 0 as the fallback. */
export function syntheticSubmission(
  samples: Iterable<Sample>,
  ids: readonly string[],
): Map<string, AnswerValue> {
  const tallies = new Map<string, Map<AnswerValue, number>>(ids.map((id) => [id, new Map()]));
  for (const { problemId, answer } of samples) {
    if (answer.value === null) continue;
    const tally = tallies.get(problemId)!;
    tally.set(answer.value, (tally.get(answer.value) ?? 0) + 1);
  }
  const best = (tally: Map<AnswerValue, number>): AnswerValue =>
    [...tally].sort(([x, n], [y, m]) => m - n || (x < y ? -1 : 1))[0]?.[0] ?? 0n;
  return new Map([...tallies].map(([id, tally]) => [id, best(tally)]));
}

/** A scored synthetic run. */
export async function syntheticScore(behaviour: Behaviour, size: SyntheticSize = {}): Promise<Score> {
  const run = syntheticRun(behaviour, size);
  const records = await collectRecords(run, syntheticSamples(behaviour, size));
  const submission = syntheticSubmission(syntheticSamples(behaviour, size), run.order);
  return scoreRun(run, records, syntheticKey(run.order.length), submission, { name: behaviour.modelName });
}
