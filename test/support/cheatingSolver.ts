/** A solver that keeps asking for more problems, hands in how many it got to see, and then answers one it was not shown. */
import type { Sample } from '../../src/core.js';
import type { FromSolver, ToSolver } from '../../src/solve/protocol.js';

/** Long enough for problems that should not come to arrive. */
const WAIT_MS = 300;

const send = (message: FromSolver) => process.send!(message);

let shown = 0;

process.on('message', (message: ToSolver) => {
  // "Ready" is what makes a run show problems.
  send({ type: 'ready', nowMs: Date.now() });
  if (message.type !== 'problem') return;
  shown += 1;
  if (shown > 1) return;
  const { problem, missing } = message.assignment;
  setTimeout(() => {
    const sample: Sample = {
      problemId: problem.id,
      index: missing[0]!,
      seed: 0,
      promptTokens: 3,
      tokens: [5, 6, 0],
      text: `shown ${shown}`,
      finish: 'stop',
      answer: { value: 7n, rule: 'boxed', span: [0, 5], warning: null },
      answerEnd: 2,
      forced: null,
      logprob: -1,
      tailLogprob: -1,
      startedAt: Date.now(),
      seconds: 0.1,
    };
    send({ type: 'sample', sample });
    send({
      type: 'prediction',
      prediction: { problemId: 'not-shown', value: 1n, votes: [], fallback: false },
    });
  }, WAIT_MS);
});
