/** Trainings on the page: plots, tables, and the samples that validations kept. */
import {
  plotSteps,
  plotValidationAccuracy,
  plotValidationTokens,
  type StepMeasure,
} from '../plots/training.js';
import type { TrainingSample, TrainingStage, TrainingValidation } from '../training/log.js';
import type { TrainingSection } from '../training/sections.js';
import { rewardNames, rewardOf, type ShownTraining } from '../training/tables.js';
import { escapeHtml } from './escape.js';
import { figure, legend } from './figures.js';
import { htmlTable, paragraph } from './htmlTable.js';

export const STAGE_TITLES: Readonly<Record<TrainingStage, string>> = {
  sft: 'Fine-tuning',
  grpo: 'Rewards',
};

interface StepFigure extends StepMeasure {
  readonly caption: string;
}

const SHARE = { domain: [0, 1], format: '.0%' } as const;

const LOSS: StepFigure = {
  description: 'Loss by step',
  caption:
    'Loss, in nats a token learnt. Thin: each step; thick: the mean of the 2.5% of the steps about it.',
  of: ({ loss }) => loss,
  format: '.2~g',
};
const OPTIMIZER: readonly StepFigure[] = [
  {
    description: 'Gradient norm by step',
    caption: 'Norm of the gradient of all weights, before it is clipped.',
    of: ({ gradientNorm }) => gradientNorm,
    format: '.2~f',
  },
  {
    description: 'Learning rate by step',
    caption: 'Learning rate.',
    of: ({ learningRate }) => learningRate,
    format: '.1~e',
  },
  {
    description: 'Tokens a second by step',
    caption: 'Tokens a second, of all that a step does.',
    of: ({ tokensPerSecond }) => tokensPerSecond,
    format: ',d',
  },
];
const ROLLOUTS: readonly StepFigure[] = [
  {
    description: 'Right samples among those drawn, by step',
    caption: 'Share of the samples drawn for a step that are right.',
    of: ({ accuracy }) => accuracy,
    ...SHARE,
  },
  {
    description: 'Mean tokens of the samples drawn, by step',
    caption: 'Mean tokens of the samples drawn for a step.',
    of: ({ meanTokens }) => meanTokens,
    format: ',d',
  },
];
const POLICY: readonly StepFigure[] = [
  {
    description: 'Divergence from the starting weights, by step',
    caption: 'KL divergence from the starting weights, in nats a token.',
    of: ({ kl }) => kl,
    format: '.2~g',
  },
  {
    description: 'Problems dropped, by step',
    caption: 'Problems of a step that were dropped: their samples were all rewarded alike.',
    of: ({ droppedGroups }) => droppedGroups,
    format: ',d',
  },
  {
    description: 'Tokens clipped, by step',
    caption: 'Tokens whose probability moved too far to count.',
    of: ({ clipped }) => clipped,
    format: '.2~p',
  },
];

/** The body of a section. */
export async function trainingBody({ stage, trainings, tables }: TrainingSection): Promise<string[]> {
  const labels = trainings.map(({ label }) => label);
  const positions = trainings.map(({ position }) => position);
  const blocks = [...(await drawFigures(stage, trainings)), ...tables.map(htmlTable)];
  return [
    legend(labels, positions),
    `<div class="board">${blocks.join('\n')}</div>`,
    ...trainings.flatMap(sampleBlock),
  ];
}

async function drawFigures(stage: TrainingStage, trainings: readonly ShownTraining[]): Promise<string[]> {
  const rewards = rewardNames(trainings).map(
    (name): StepFigure => ({
      description: `Reward ${name} by step`,
      caption: `Reward ${name}, before it is weighted: mean over the samples of a step.`,
      of: rewardOf(name),
      format: '.2~f',
    }),
  );
  const measures =
    stage === 'sft'
      ? [{ ...LOSS, isLog: true }, ...OPTIMIZER]
      : [...ROLLOUTS, ...rewards, ...POLICY, LOSS, ...OPTIMIZER];
  const drawn = [
    {
      svg: plotValidationAccuracy(trainings),
      caption: 'Right samples of validations, with 95% intervals over problems where the log has them.',
    },
    { svg: plotValidationTokens(trainings), caption: 'Mean tokens of the samples of validations.' },
    ...measures.map((measure) => ({ svg: plotSteps(trainings, measure), caption: measure.caption })),
  ];
  const figures: string[] = [];
  for (const { svg, caption } of drawn) if (svg !== null) figures.push(figure(await svg, caption));
  return figures;
}

/** The samples of a training by problem, each as it changed from one validation to the next; closed until they are asked for. */
function sampleBlock({ label, log }: ShownTraining): string[] {
  const byProblem = new Map<string, { validation: TrainingValidation; sample: TrainingSample }[]>();
  for (const validation of log.validations)
    for (const sample of validation.samples) {
      const known = byProblem.get(sample.id) ?? [];
      byProblem.set(sample.id, [...known, { validation, sample }]);
    }
  if (byProblem.size === 0) return [];
  const problems = [...byProblem].map(([id, shown]) => {
    const samples = shown.map(({ validation, sample }) => sampleDetails(validation, sample));
    return `<h3>${escapeHtml(id)}</h3>\n<p class="problem">${escapeHtml(shown[0]!.sample.problem)}</p>\n${samples.join('\n')}`;
  });
  return [
    `<details class="samples"><summary><h2>${escapeHtml(`Samples of ${label}`)}</h2></summary>`,
    paragraph('The same problems at each validation, drawn with the same random numbers.'),
    ...problems,
    '</details>',
  ];
}

function sampleDetails(
  { step, epoch }: TrainingValidation,
  { isRight, text, tokens }: TrainingSample,
): string {
  const when = epoch === null ? `after step ${step}` : `after epoch ${epoch}, step ${step}`;
  const verdict = isRight ? '<span class="right">✓ right</span>' : '<span class="wrong">✗ wrong</span>';
  return `<details><summary>${when} · ${verdict} · ${tokens} tokens</summary><pre>${escapeHtml(text)}</pre></details>`;
}
