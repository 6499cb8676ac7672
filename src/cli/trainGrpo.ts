/** `boxed train grpo`: rewards make a checkpoint brief. */
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_ROWS } from '../engine/engine.js';
import { digestOf, digestOfFile } from '../files.js';
import { ADAM_W } from '../train/adamW.js';
import { readAnsweredProblems } from '../train/answeredProblems.js';
import { type GrpoSettings, trainGrpo } from '../train/grpo.js';
import { readModel, writeModelFolder } from '../train/modelFolder.js';
import { PAPER_REWARDS, REWARD_NAMES, type RewardName, type RewardWeights } from '../train/rewards.js';
import { Trainer } from '../train/trainer.js';
import { VERSION } from '../version.js';
import { integerFrom, numberBetween } from './options.js';
import {
  addTrainOptions,
  describeValidation,
  openTools,
  type TrainFlags,
  trainingFolder,
  withKeptState,
} from './trainOptions.js';

interface GrpoFlags extends TrainFlags {
  problems: string;
  steps: number;
  problemsPerStep: number;
  samples: number;
  updates: number;
  clip: number;
  beta: number;
  reward: RewardWeights;
  lengthUnit: 'characters' | 'tokens';
  maxLength: number;
  stopBelowTokens: number;
  stopAboveKl: number;
  validateEvery: number;
}

const FLOOR = 0.1;

export function trainGrpoCommand(): Command {
  const command = new Command('grpo')
    .summary('Group relative policy optimization by rewards')
    .description(
      'Draw samples of each problem, reward them against each other, and make the better ones likelier.\n' +
        `Rewards: ${REWARD_NAMES.join(', ')}; see docs/recipe.md. \`boxed report --training\` draws the log.`,
    )
    .requiredOption('--problems <path>', 'set folder with answers, or a file with problem and answer')
    .option('--steps <count>', 'steps', integerFrom(1), 24)
    .option('--problems-per-step <count>', 'problems of a step', integerFrom(1), 24)
    .option('--samples <count>', 'samples of each problem', integerFrom(2), 8)
    .option('--updates <count>', 'updates of the weights by the samples of a step', integerFrom(1), 2)
    .option('--clip <share>', 'how far the probability ratio counts', numberBetween(0, 1), 0.2)
    .option('--beta <weight>', 'weight of the divergence from the reference', numberBetween(0, 10), 0.04)
    .option('--reward <name=weight,…>', 'what is rewarded', parseRewards, PAPER_REWARDS)
    .addOption(
      new Option('--length-unit <unit>', 'how lengths are counted')
        .choices(['characters', 'tokens'])
        .default('characters'),
    )
    .option('--max-length <count>', 'length from which on the cosine falls no further', integerFrom(1), 600)
    .option(
      '--stop-below-tokens <count>',
      'end once samples are shorter on average; 0: never',
      integerFrom(0),
      0,
    )
    .option(
      '--stop-above-kl <nats>',
      'end once the divergence a token is larger',
      numberBetween(0, Number.POSITIVE_INFINITY),
      1,
    )
    .option('--validate-every <steps>', 'steps between validations', integerFrom(1), 8);
  return addTrainOptions(command, { learningRate: 1e-4, warmUp: 5 })
    .addHelpText(
      'after',
      '\nExample:\n  $ boxed train grpo --model models/pebble-sft --problems grpo.csv --out models/mine --validate problems/pebble\n',
    )
    .action(grpo);
}

/** `format=1,cosine=1,length=0.5` */
function parseRewards(text: string): RewardWeights {
  const entries = text.split(',').map((part) => {
    const [name, weight = '1'] = part.split('=').map((piece) => piece.trim());
    const known = REWARD_NAMES.find((candidate) => candidate === name);
    if (known === undefined) throw new InvalidArgumentError(`Rewards are ${REWARD_NAMES.join(', ')}.`);
    const value = Number(weight);
    if (weight === '' || !Number.isFinite(value)) throw new InvalidArgumentError(`${weight} is no weight.`);
    return [known, value] as [RewardName, number];
  });
  return Object.fromEntries(entries);
}

async function grpo(flags: GrpoFlags): Promise<void> {
  const { config, tensors } = await readModel(flags.model);
  const { tensors: frozen } = await readModel(flags.model);
  const tools = await openTools(flags, config);
  const problems = await readAnsweredProblems(flags.problems, tools.tokenizer, flags.prompt, flags.edition);
  const settings: GrpoSettings = {
    steps: flags.steps,
    problemsPerStep: flags.problemsPerStep,
    samples: flags.samples,
    updates: flags.updates,
    learningRate: flags.learningRate,
    warmUpSteps: flags.warmUp,
    floor: FLOOR,
    clip: flags.clip,
    beta: flags.beta,
    maxTokens: flags.maxTokens,
    rewards: flags.reward,
    lengthUnit: flags.lengthUnit,
    maxLength: flags.maxLength,
    stopBelowTokens: flags.stopBelowTokens,
    stopAboveKl: flags.stopAboveKl,
    batchTokens: flags.batchTokens,
    seed: flags.seed,
  };
  process.stderr.write(
    `boxed ${VERSION} · ${flags.model} · ${problems.problems.length} problems · ${JSON.stringify(settings)}\n`,
  );
  const { threads, tokenizer, stopTokens } = tools;
  const model = await digestOfFile(join(flags.model, 'model.safetensors'));
  const optimizer = { ...ADAM_W, beta2: 0.95, weightDecay: 0 };
  const policy = new Trainer(config, tensors, { threads, optimizer });
  const reference = new Trainer(config, frozen, { threads, optimizer });
  try {
    await withKeptState(flags.out, () =>
      trainGrpo({
        policy,
        reference,
        tokenizer,
        problems,
        stopTokens,
        maxPositions: config.maxPositions,
        rollouts: { like: flags.model, rows: DEFAULT_ROWS, threads },
        settings,
        identity: {
          stage: 'grpo',
          settings,
          problems: digestOf(
            JSON.stringify(
              problems.problems.map(({ id, promptTokens, answer }) => ({
                ...{ id, promptTokens, answer: typeof answer === 'bigint' ? String(answer) : answer },
              })),
            ),
          ),
          model,
        },
        folder: trainingFolder(flags.out),
        validateEvery: flags.validateEvery,
        onStep: ({ step, accuracy, meanTokens, kl, droppedGroups, seconds, rolloutSeconds }) =>
          process.stderr.write(
            `step ${step}/${flags.steps}: right ${(100 * accuracy).toFixed(1)} % · ${meanTokens.toFixed(1)} tokens · KL ${kl.toFixed(4)}` +
              ` · ${droppedGroups} groups without a difference · ${seconds.toFixed(1)} s (samples ${rolloutSeconds.toFixed(1)} s)\n`,
          ),
        onValidation: async (step, trained) => {
          if (step > 0) await writeModelFolder(flags.out, trained, flags.model);
          const result = await tools.validation(trained);
          if (result !== null) process.stderr.write(`after step ${step}: ${describeValidation(result)}\n`);
          return result;
        },
      }),
    );
  } finally {
    await policy.close();
    await reference.close();
  }
  process.stdout.write(`${flags.out}\n`);
}
