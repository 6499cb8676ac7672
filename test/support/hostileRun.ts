/** Runs the hostile solver behind the walls of a run, and gives its report. */
import { fileURLToPath } from 'node:url';
import { IsolatedSolver } from '../../src/run/isolation.js';
import type { SandboxOrWhy } from '../../src/run/sandbox.js';
import type { HostileReport, Whisper } from './hostileSolver.js';
import { GREEDY } from './models.js';

export const SETTINGS = {
  samples: 1,
  maxTokens: 8,
  seed: 0,
  sampling: GREEDY,
  edition: 'aime',
  vote: 'plurality',
  inFlight: 2,
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
} as const;

/** Module of a solver process in this folder. */
export const entryOf = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

/** @param sandbox default: the one of this machine */
export async function attack(whisper: Whisper, sandbox?: SandboxOrWhy): Promise<HostileReport> {
  let solver: IsolatedSolver | undefined;
  try {
    return await new Promise<HostileReport>((resolve, reject) => {
      solver = new IsolatedSolver({
        entry: entryOf('hostileSolver'),
        readable: [whisper.readable],
        onMessage: (message) => resolve((message as unknown as { report: HostileReport }).report),
        ...(sandbox && { sandbox }),
      });
      solver.ended.then(() => reject(new Error('it ended without a report')), reject);
      const { settings, prompt } = { settings: SETTINGS, prompt: JSON.stringify(whisper) };
      const known = {
        rows: 1,
        threads: 1,
        kvMemoryBytes: null,
        draftTokens: 0,
        problems: 1,
        deadline: null,
        predictor: null,
        hardProblems: 0,
      };
      solver.send({ type: 'setup', setup: { modelFolder: '', prompt, settings, ...known } });
    });
  } finally {
    solver?.kill();
  }
}
