/** Entry of the solver process. It sees the problems it is sent, the model's folder and the program, and nothing else. */
import { readGenerationDefaults, stopTokensOf } from '../checkpoint/generation.js';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { Engine } from '../engine/engine.js';
import { BoxedError } from '../errors.js';
import { readExport } from '../export/manifest.js';
import { editionOf } from '../problems/editions.js';
import { stopTextOf } from './answerStop.js';
import { TimeBudget } from './budget.js';
import { readMoment, systemClock } from './clock.js';
import { policyOf } from './policies/named.js';
import type { FromSolver, SolverSetup, ToSolver } from './protocol.js';
import { Solver } from './solver.js';

/** How often totals are sent while samples are drawn. */
const STATS_INTERVAL_MS = 250;

const send = (message: FromSolver) => {
  if (process.connected) process.send!(message);
};

function fail(error: unknown): void {
  const known = error instanceof BoxedError;
  const name = error instanceof Error ? error.name : 'Error';
  const message = error instanceof Error ? error.message : String(error);
  send({ type: 'failed', failure: { name, message, hint: known ? error.hint : null } });
}

interface Open {
  readonly solver: Solver;
  readonly engine: Engine;
}

async function open(setup: SolverSetup): Promise<Open> {
  const { settings, modelFolder } = setup;
  const model = await readExport(modelFolder);
  const tokenizer = await ChatTokenizer.open(modelFolder);
  const defaults = await readGenerationDefaults(modelFolder);
  const edition = editionOf(settings.edition);
  const engine = await Engine.open(model, {
    rows: setup.rows,
    readsText: stopTextOf(settings, edition) !== null,
    // Threads would not be held to the permissions of this process, so it may start none.
    inThread: true,
    draftTokens: setup.draftTokens,
    batchInvariant: settings.batchInvariant,
    ...(setup.threads !== null && { threads: setup.threads }),
    ...(setup.kvMemoryBytes !== null && { kvMemoryBytes: setup.kvMemoryBytes }),
  });
  const solver = new Solver({
    sampler: engine,
    tokenizer,
    edition,
    settings,
    prompt: setup.prompt,
    stopTokens: stopTokensOf(model.manifest.config, defaults),
    budget: new TimeBudget({
      clock: systemClock,
      deadlineMs: setup.deadline === null ? null : readMoment(setup.deadline),
      problems: setup.problems,
      inFlight: settings.inFlight,
      policy: policyOf(settings.budgetPolicy),
    }),
    clock: systemClock,
    rows: setup.rows,
    predictor: setup.predictor,
    hardProblems: setup.hardProblems,
    onSample: (sample) => send({ type: 'sample', sample }),
  });
  return { solver, engine };
}

let opened: Open | null = null;

async function receive(message: ToSolver): Promise<void> {
  switch (message.type) {
    case 'setup': {
      opened = await open(message.setup);
      const { engine } = opened;
      setInterval(() => send({ type: 'stats', stats: engine.stats }), STATS_INTERVAL_MS).unref();
      send({ type: 'ready', nowMs: systemClock.now() });
      return;
    }
    case 'problem':
      send({ type: 'prediction', prediction: await opened!.solver.solve(message.assignment) });
      return;
    case 'end':
      send({ type: 'stats', stats: opened!.engine.stats });
      await opened!.engine.close();
      process.disconnect();
      return;
    default:
      message satisfies never;
  }
}

// A run that was killed must not leave its solver behind.
process.on('disconnect', () => process.exit());

process.on('message', (message: ToSolver) => {
  receive(message).catch(fail);
});
