/** A solver that breaks the rules of a run, each time another one: which, it is told in place of a prompt. */
import type { Prediction, Sample } from '../../src/core.js';
import type { FromSolver, ToSolver } from '../../src/solve/protocol.js';

/** Long enough for problems that should not come to arrive. */
const WAIT_MS = 300;

const send = (message: FromSolver) => process.send!(message);

function sampleOf(problemId: string, index: number, text = `\\boxed{7}`): Sample {
  return {
    problemId,
    index,
    seed: 0,
    promptTokens: 3,
    tokens: [5, 6, 0],
    text,
    finish: 'stop',
    answer: { value: 7n, rule: 'boxed', span: [0, 5], warning: null },
    answerEnd: 2,
    forced: null,
    logprob: -1,
    tailLogprob: -1,
    startedAt: Date.now(),
    seconds: 0.1,
  };
}

const answer = (problemId: string, value: Prediction['value'] = 7n) =>
  send({ type: 'prediction', prediction: { problemId, value, votes: [], fallback: false } });
const sample = (problemId: string, index = 0, text?: string) =>
  send({ type: 'sample', sample: sampleOf(problemId, index, text) });
const nonsense = (message: unknown) => process.send!(message);

/** What is done with the first problem, and how many have been shown by then. */
export const TRICKS = {
  'asks ahead': (id: string, shown: () => number) => {
    // "Ready" is what makes a run show problems.
    for (let times = 0; times < 10; times += 1) send({ type: 'ready', nowMs: Date.now() });
    setTimeout(() => {
      sample(id, 0, `shown ${shown()}`);
      answer('not-shown');
    }, WAIT_MS);
  },
  'answers twice': (id: string) => {
    sample(id);
    answer(id);
    answer(id);
  },
  'changes its answer': (id: string) => {
    sample(id);
    answer(id);
    answer(id, 8n);
  },
  'changes a sample': (id: string) => {
    sample(id);
    sample(id, 0, '\\boxed{8}');
  },
  'answers a problem that it has not seen': () => answer('rem-0000-unseen'),
  'draws a sample too many': (id: string) => sample(id, 1),
  'answers without samples': (id: string) => answer(id),
  'answers against its samples': (id: string) => {
    sample(id);
    answer(id, 8n);
  },
  'takes a finished problem up again': (id: string) => {
    sample(id);
    answer(id);
    sample(id);
  },
  'sends nothing': () => nonsense(null),
  'sends a sample that is none': (id: string) =>
    nonsense({ type: 'sample', sample: { problemId: id, index: 0 } }),
  'sends a message of its own': () => nonsense({ type: 'key', please: true }),
  'sends a time that is none': () => nonsense({ type: 'ready' }),
  'leaves early': () => process.exit(0),
} satisfies Readonly<Record<string, (id: string, shown: () => number) => void>>;

let trick: keyof typeof TRICKS;
let shown = 0;

process.on('message', (message: ToSolver) => {
  if (message.type === 'setup') {
    trick = message.setup.prompt as keyof typeof TRICKS;
    send({ type: 'ready', nowMs: Date.now() });
  }
  if (message.type !== 'problem') return;
  shown += 1;
  if (shown === 1) TRICKS[trick](message.assignment.problem.id, () => shown);
});
