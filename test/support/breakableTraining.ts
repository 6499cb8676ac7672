/**
 * A training that goes wrong after its first saved state, or does not, in a process of its own since the runtime does not work in jest's
 * realm. `node breakableTraining.js sft|grpo FOLDER break|go`. Prints the error, if any, and the weights' digest as JSON.
 */
import { ChatTokenizer } from '../../src/checkpoint/tokenizer.js';
import { digestOf } from '../../src/files.js';
import { editionOf } from '../../src/problems/editions.js';
import { ADAM_W } from '../../src/train/adamW.js';
import { encodeExamples } from '../../src/train/examples.js';
import { trainGrpo } from '../../src/train/grpo.js';
import { readModel } from '../../src/train/modelFolder.js';
import { PAPER_REWARDS, REWARDS } from '../../src/train/rewards.js';
import { trainSft } from '../../src/train/sft.js';
import { makeTaskSet } from '../../src/train/tasks/taskSet.js';
import { Trainer } from '../../src/train/trainer.js';

const [stage, folder = '', plan] = process.argv.slice(2);
const breaks = plan === 'break';
const like = stage === 'sft' ? 'models/pebble-base' : 'models/pebble-sft';
const options = { threads: 1, optimizer: ADAM_W };
const { config, tensors } = await readModel(like);
const tokenizer = await ChatTokenizer.open(like);
const trainer = new Trainer(config, tensors, options);
const shared = { folder, identity: {}, maxPositions: 512 };
const rates = { learningRate: 1e-4, warmUpSteps: 0, floor: 0.1, batchTokens: 512, seed: 1 };

/** The second epoch begins with weights that are no numbers. */
async function sft(): Promise<void> {
  const set = makeTaskSet({ seed: 4, count: 12, levels: [1], taken: null, styles: [1, 0, 0] });
  const examples = set.map(({ text, completion }) => ({ problem: text, completion: completion! }));
  const encoding = { prompt: '{problem}', maxTokens: 512, tooLong: 'drop' } as const;
  const { texts } = encodeExamples(examples, tokenizer, encoding);
  await trainSft({
    ...{ ...shared, trainer, texts },
    settings: { ...rates, epochs: 2, accumulate: 1 },
    onEpoch: async () => null,
    onStep: ({ epoch }) => {
      if (breaks && epoch === 2) tensors.get('model.norm.weight')!.data.fill(Number.NaN);
    },
  });
}

/** A reward fails in the second step. */
async function grpo(): Promise<void> {
  const set = makeTaskSet({ seed: 8, count: 2, levels: [3], taken: null, styles: null });
  const problems = set.map(({ text, answer }, at) => ({
    ...{ id: `p${at}`, text, answer: BigInt(answer) },
    promptTokens: tokenizer.encodeChat([{ role: 'user', content: text }]),
  }));
  let step = 1;
  const cosine: typeof REWARDS.cosine = (...args) => {
    if (breaks && step === 2) throw new TypeError('no angle');
    return REWARDS.cosine(...args);
  };
  await trainGrpo({
    ...{
      ...shared,
      tokenizer,
      policy: trainer,
      stopTokens: [tokenizer.encodeContinuation(tokenizer.eosToken!)[0]!],
    },
    reference: new Trainer(config, (await readModel(like)).tensors, options),
    problems: { edition: editionOf('aime'), problems },
    rollouts: { like, rows: 8, threads: 1 },
    settings: {
      ...{ ...rates, steps: 2, problemsPerStep: 2, samples: 4, updates: 1, clip: 0.2, beta: 0.04 },
      ...{ maxTokens: 64, rewards: PAPER_REWARDS, lengthUnit: 'characters', maxLength: 600 },
      ...{ stopBelowTokens: 0, stopAboveKl: 1 },
    },
    rewardFunctions: { ...REWARDS, cosine },
    validateEvery: 1,
    onValidation: async () => null,
    onStep: (progress) => {
      step = progress.step + 1;
    },
  });
}

let error: unknown = null;
try {
  await (stage === 'sft' ? sft() : grpo());
} catch (caught) {
  error = caught instanceof Error ? { name: caught.name, message: caught.message } : String(caught);
}
const weights = digestOf(Buffer.concat([...tensors.values()].map(({ data }) => Buffer.from(data.buffer))));
process.stdout.write(JSON.stringify({ error, weights }));
process.exit(0);
