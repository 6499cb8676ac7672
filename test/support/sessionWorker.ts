/** The worker of `RemoteSession`. */
import { parentPort, workerData } from 'node:worker_threads';
import { checkInvariance } from '../../src/engine/invarianceCheck.js';
import { openSession, type SessionSetup } from '../../src/engine/openSession.js';
import { PagedSession } from '../../src/engine/pagedSession.js';
import type { DecoderSession, PromptCache } from '../../src/engine/types.js';
import type { Answer, Ask } from './session.js';

const prompts: PromptCache[] = [];

/** Begins and computes prompts together, some later than those that compute their beginning. Returns their numbers. */
async function compute(
  session: DecoderSession,
  asked: readonly (readonly number[])[],
  pieceTokens: number,
): Promise<number[]> {
  const caches = asked.map((): PromptCache | null => null);
  for (;;) {
    for (const [at, prompt] of asked.entries()) caches[at] ??= session.begin(prompt);
    const pieces = caches
      .filter((cache) => cache !== null)
      .map((prompt) => ({ prompt, tokens: Math.min(pieceTokens, prompt.length - prompt.computed) }))
      .filter(({ tokens }) => tokens > 0);
    if (pieces.length > 0) await session.prefill(pieces);
    else return caches.map((cache) => prompts.push(cache!) - 1);
  }
}

async function act(session: DecoderSession, ask: Ask): Promise<unknown> {
  switch (ask.verb) {
    case 'prefill':
      return compute(session, ask.prompts, ask.pieceTokens);
    case 'seat':
      return session.seat(ask.row, prompts[ask.prompt]!);
    case 'forget':
      return session.forget(prompts[ask.prompt]!);
    case 'release':
      return session.release(ask.row);
    case 'decode':
      return session.decode(ask.rows, ask.options);
    case 'freeBlocks':
      return session instanceof PagedSession ? session.freeBlocks : 0;
    case 'promptBlocks':
      return session.promptBlocks;
    case 'checkInvariance':
      return checkInvariance(session, ask.rows);
    case 'close':
      return session.close();
    default:
      return ask satisfies never;
  }
}

async function answer(work: () => Promise<unknown>): Promise<void> {
  const reply: Answer = await work().then(
    (value) => ({ value, error: null }),
    (error: unknown) => ({ value: null, error: error instanceof Error ? error.message : String(error) }),
  );
  parentPort!.postMessage(reply);
}

let opened: DecoderSession | null = null;
await answer(async () => {
  opened = await openSession(workerData as SessionSetup);
});
parentPort!.on('message', (ask: Ask) => void answer(() => act(opened!, ask)));
