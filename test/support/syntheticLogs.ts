/** Logs of trainings made by formulas, for tests of reports. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface LogShape {
  readonly stage: 'sft' | 'grpo';
  readonly steps: number;
  /** Steps between validations. */
  readonly every: number;
  /** What the samples say. */
  readonly text: string;
  readonly rewards?: readonly string[];
}

/** Leaves a log where a training into `folder` would. */
export async function leaveTrainingLog(folder: string, shape: LogShape): Promise<void> {
  const { stage, steps, every } = shape;
  const lines: object[] = stage === 'grpo' ? [validation(shape, 0)] : [];
  for (let step = 1; step <= steps; step += 1) {
    lines.push(stage === 'sft' ? sftStep(shape, step) : grpoStep(shape, step));
    if (step % every === 0) lines.push(validation(shape, step));
  }
  await mkdir(join(folder, 'training'), { recursive: true });
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(folder, 'training', 'log.jsonl'), text);
}

const common = ({ steps }: LogShape, step: number) => ({
  ...{ type: 'step', step, gradientNorm: 1 + Math.sin(step), learningRate: 1e-3 * (1 - step / (2 * steps)) },
});

function sftStep(shape: LogShape, step: number): object {
  const loss = 3 * Math.exp(-step / 40) + 0.05 + 0.02 * Math.sin(7 * step);
  return {
    ...common(shape, step),
    epoch: Math.ceil(step / shape.every),
    loss,
    tokensPerSecond: 15_000 + step,
  };
}

function grpoStep(shape: LogShape, step: number): object {
  const rewards = (shape.rewards ?? ['format', 'cosine', 'length']).map((name, at) => [
    name,
    (at - 1) * 0.25,
  ]);
  return {
    ...common(shape, step),
    ...{ loss: -0.1 / step, kl: 0.001 * step, clipped: 0.01, accuracy: 0.75, meanTokens: 210 - step },
    ...{ rewards: Object.fromEntries(rewards), droppedGroups: step % 4, tokensPerSecond: 900 },
  };
}

function validation({ stage, every, text }: LogShape, step: number): object {
  const accuracy = 0.8 - 0.5 / (1 + step / every);
  return {
    ...{ type: 'validation', step, ...(stage === 'sft' ? { epoch: step / every } : {}), accuracy },
    accuracyInterval: { low: accuracy - 0.05, high: accuracy + 0.05, method: 'wilson' },
    ...{ meanTokens: 200 - step, tokensInterval: { low: 180 - step, high: 220 - step, method: 't' } },
    ...{ stopped: 1, problems: 256, samplesPerProblem: 1, seconds: 2 },
    samples: [
      { id: 'p000', problem: `${text} asked`, text: `${text} at ${step}`, isRight: true, tokens: 17 },
      { id: 'p001', problem: 'another', text: 'other', isRight: false, tokens: 18 },
    ],
  };
}
