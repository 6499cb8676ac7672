/** The tables of trainings: the same on a terminal and on a page. */
import { ABSENT, decimals, percent, tokenCount, wholeNumber } from '../format.js';
import { leftColumn, rightColumn, type Table } from '../table.js';
import type { TrainingLog, TrainingStage, TrainingStep } from './log.js';
import { meanOf, type Span, spansOf } from './spans.js';

/** A training with what it is called and its place among all that are shown, which decides its colour. */
export interface ShownTraining {
  readonly log: TrainingLog;
  readonly label: string;
  readonly position: number;
}

/** The tables of trainings of one stage. */
export function trainingTables(stage: TrainingStage, trainings: readonly ShownTraining[]): Table[] {
  const tables =
    stage === 'sft' ? [progressTable(trainings)] : [rewardTable(trainings), updateTable(trainings)];
  const isValidated = trainings.some(({ log }) => log.validations.length > 0);
  return isValidated ? [validationTable(trainings), ...tables] : tables;
}

type Measure = (step: TrainingStep) => number | null | undefined;

/** A column of means over the steps of a row. */
interface MeasuredColumn {
  readonly head: string;
  readonly of: Measure;
  readonly write: (value: number) => string;
}

const LOSS: MeasuredColumn = { head: 'loss', of: ({ loss }) => loss, write: (loss) => decimals(loss, 4) };
const NORM: MeasuredColumn = {
  head: 'gradient norm',
  of: ({ gradientNorm }) => gradientNorm,
  write: (norm) => norm.toFixed(3),
};
const RATE: MeasuredColumn = {
  head: 'learning rate',
  of: ({ learningRate }) => learningRate,
  write: (rate) => rate.toExponential(2),
};
const SPEED: MeasuredColumn = {
  head: 'tokens/s',
  of: ({ tokensPerSecond }) => tokensPerSecond,
  write: wholeNumber,
};

function progressTable(trainings: readonly ShownTraining[]): Table {
  return measuredTable(
    'Steps',
    'Means over the steps of a row: loss in nats a token learnt, norm of the gradient before it is clipped, tokens of texts a second.',
    trainings,
    [LOSS, NORM, RATE, SPEED],
  );
}

function rewardTable(trainings: readonly ShownTraining[]): Table {
  const rewards = rewardNames(trainings).map(
    (name): MeasuredColumn => ({ head: name, of: rewardOf(name), write: (value) => decimals(value, 3) }),
  );
  return measuredTable(
    'Samples drawn and their rewards',
    'Means over the samples of the steps of a row: right ones in per cent, tokens, and each reward before it is weighted.',
    trainings,
    [
      { head: 'right', of: ({ accuracy }) => accuracy, write: percent },
      { head: 'tokens', of: ({ meanTokens }) => meanTokens, write: tokenCount },
      ...rewards,
    ],
  );
}

function updateTable(trainings: readonly ShownTraining[]): Table {
  return measuredTable(
    'Updates of the policy',
    'Means over the steps of a row. KL: divergence from the starting weights in nats a token; clipped: tokens, in per cent, whose probability moved too far to count; dropped: problems of a step whose samples were all rewarded alike, so that nothing is learnt from them.',
    trainings,
    [
      LOSS,
      { head: 'KL', of: ({ kl }) => kl, write: (kl) => decimals(kl, 4) },
      { head: 'clipped', of: ({ clipped }) => clipped, write: percent },
      { head: 'dropped', of: ({ droppedGroups }) => droppedGroups, write: (groups) => groups.toFixed(1) },
      NORM,
      RATE,
      SPEED,
    ],
  );
}

/** The names of all rewards of the trainings. */
export function rewardNames(trainings: readonly ShownTraining[]): string[] {
  return [
    ...new Set(trainings.flatMap(({ log }) => log.steps.flatMap(({ rewards }) => [...rewards.keys()]))),
  ];
}

export function rewardOf(name: string): Measure {
  return ({ rewards }) => rewards.get(name);
}

function measuredTable(
  title: string,
  note: string,
  trainings: readonly ShownTraining[],
  columns: readonly MeasuredColumn[],
): Table {
  const shown = columns.filter(({ of }) =>
    trainings.some(({ log }) => log.steps.some((step) => of(step) != null)),
  );
  return {
    title,
    note,
    columns: [leftColumn('training'), rightColumn('steps'), ...shown.map(({ head }) => rightColumn(head))],
    groups: trainings.map(({ log, label }) => ({
      head: label,
      rows: spansOf(log).map((span) => [
        stepsOf(span),
        ...shown.map(({ of, write }) => {
          const mean = meanOf(span, of);
          return mean === null ? ABSENT : write(mean);
        }),
      ]),
    })),
  };
}

function stepsOf({ steps }: Span): string {
  const [first, last] = [steps[0]!.step, steps.at(-1)!.step];
  return first === last ? wholeNumber(first) : `${wholeNumber(first)}–${wholeNumber(last)}`;
}

function validationTable(trainings: readonly ShownTraining[]): Table {
  const hasEpochs = trainings.some(({ log }) => log.validations.some(({ epoch }) => epoch !== null));
  const intervalOf = (interval: { low: number; high: number } | null, write: (value: number) => string) =>
    interval === null ? '' : ` [${write(interval.low)}, ${write(interval.high)}]`;
  return {
    title: 'Validation',
    note: 'On problems that are not trained on: right samples in per cent and mean tokens [95% interval over problems, where the log has it], and samples that ended by themselves in per cent.',
    columns: [
      leftColumn('training'),
      rightColumn('after step'),
      ...(hasEpochs ? [rightColumn('epoch')] : []),
      rightColumn('right [95%]'),
      rightColumn('tokens [95%]'),
      rightColumn('ended'),
    ],
    groups: trainings
      .filter(({ log }) => log.validations.length > 0)
      .map(({ log, label }) => ({
        head: label,
        rows: log.validations.map(
          ({ step, epoch, accuracy, accuracyInterval, meanTokens, tokensInterval, stopped }) => [
            wholeNumber(step),
            ...(hasEpochs ? [epoch === null ? ABSENT : wholeNumber(epoch)] : []),
            percent(accuracy) + intervalOf(accuracyInterval, percent),
            tokenCount(meanTokens) + intervalOf(tokensInterval, tokenCount),
            stopped === null ? ABSENT : percent(stopped),
          ],
        ),
      })),
  };
}
