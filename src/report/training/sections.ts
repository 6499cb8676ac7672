/** Which trainings a report shows where: those of one stage side by side. */
import { numberRepeats } from '../labels.js';
import type { Table } from '../table.js';
import type { TrainingLog, TrainingStage } from './log.js';
import { type ShownTraining, trainingTables } from './tables.js';

export interface TrainingSection {
  readonly stage: TrainingStage;
  readonly trainings: readonly ShownTraining[];
  readonly tables: readonly Table[];
}

/** A section for each stage that any of `logs` is of. `shorten` is applied to what the trainings are called. */
export function trainingSections(
  logs: readonly TrainingLog[],
  shorten = (label: string) => label,
): TrainingSection[] {
  const labels = numberRepeats(logs.map(({ name }) => name));
  const shown = logs.map((log, position) => ({ log, position, label: shorten(labels[position]!) }));
  return (['sft', 'grpo'] as const).flatMap((stage) => {
    const trainings = shown.filter(({ log }) => log.stage === stage);
    return trainings.length === 0 ? [] : [{ stage, trainings, tables: trainingTables(stage, trainings) }];
  });
}
