/** The content of `run.json` for a new run. */
import type { Run, RunSettings } from '../core.js';
import type { ProblemSet } from '../problems/problemSet.js';
import { packageVersion, VERSION } from '../version.js';
import { shuffledOrder } from './order.js';
import { RUN_FORMAT } from './runFile.js';

export interface RunDescription {
  readonly modelName: string;
  readonly problems: ProblemSet;
  readonly settings: RunSettings;
  readonly modelDigest: string;
  readonly promptDigest: string;
}

/** Settings, digests and versions; the order of the problems is drawn from the seed. */
export function describeRun(description: RunDescription): Run {
  const { modelName, problems, settings, modelDigest, promptDigest } = description;
  const ids = problems.problems.map(({ id }) => id);
  return {
    format: RUN_FORMAT,
    program: VERSION,
    modelName,
    problemSet: problems.name,
    order: shuffledOrder(ids, settings.seed),
    settings,
    digests: { model: modelDigest, problems: problems.digest, prompt: promptDigest },
    versions: { node: process.versions.node, onnxruntime: packageVersion('onnxruntime-node')! },
    sealed: null,
  };
}
