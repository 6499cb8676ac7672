/** The content of `run.json` for a new run. */
import { arch, cpus, platform, release } from 'node:os';
import type { Run, RunSettings } from '../core.js';
import { digestOf } from '../files.js';
import type { ProblemSet } from '../problems/problemSet.js';
import { packageVersion, VERSION } from '../version.js';
import { shuffledOrder } from './order.js';
import { RUN_FORMAT } from './runFile.js';
import { findSandbox } from './sandbox.js';

export interface RunDescription {
  readonly modelName: string;
  readonly problems: ProblemSet;
  readonly settings: RunSettings;
  readonly modelDigest: string;
  readonly promptDigest: string;
}

/** Hexadecimal digits of a run's id: enough to tell runs apart, and few beside a sample. */
const ID_LENGTH = 12;

/** Settings, digests and versions; the order of the problems is drawn from the seed. */
export function describeRun(description: RunDescription): Run {
  const { modelName, problems, settings, modelDigest, promptDigest } = description;
  const ids = problems.problems.map(({ id }) => id);
  const digests = { model: modelDigest, problems: problems.digest, prompt: promptDigest };
  return {
    format: RUN_FORMAT,
    id: digestOf(JSON.stringify([settings, digests])).slice(0, ID_LENGTH),
    program: VERSION,
    modelName,
    problemSet: problems.name,
    order: shuffledOrder(ids, settings.seed),
    settings,
    digests,
    ...(problems.answersDigest !== null && { answersDigest: problems.answersDigest }),
    versions: {
      node: process.versions.node,
      onnxruntime: packageVersion('onnxruntime-node')!,
      isolation: 'sandbox' in findSandbox() ? 'sandbox' : 'permissions',
      ...machine(),
    },
    sealed: null,
  };
}

/** What computed the run: sums in float32 may differ in their last bits between processors. */
function machine(): Readonly<Record<string, string>> {
  const cores = cpus();
  const model = cores[0]?.model.trim() || 'unknown processor';
  return { processor: `${model}, ${cores.length} cores`, system: `${platform()} ${release()} ${arch()}` };
}
