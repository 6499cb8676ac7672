/** The worker of `RemoteSession`. */
import { parentPort, workerData } from 'node:worker_threads';
import { openSession, type SessionSetup } from '../../src/engine/openSession.js';
import { PagedSession } from '../../src/engine/pagedSession.js';
import type { DecoderSession, PromptCache } from '../../src/engine/types.js';
import type { Answer, Ask } from './session.js';

const prompts: PromptCache[] = [];

async function act(session: DecoderSession, ask: Ask): Promise<unknown> {
  switch (ask.verb) {
    case 'prefill': {
      const caches = ask.prompts.map((prompt) => session.begin(prompt));
      const pieces = caches
        .filter((cache) => cache !== null)
        .map((prompt) => ({ prompt, tokens: prompt.length - prompt.computed }))
        .filter(({ tokens }) => tokens > 0);
      if (pieces.length > 0) await session.prefill(pieces);
      return caches.map((cache) => (cache === null ? null : prompts.push(cache) - 1));
    }
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
