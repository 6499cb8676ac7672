/** The other end of compare.ts: a process that answers each JSON line on its standard input by one on its standard output. */
import { createInterface } from 'node:readline';

/** Answers requests one after the other until the input ends; what goes wrong is an answer, too. */
export async function serveLines(answer) {
  for await (const line of createInterface({ input: process.stdin })) {
    let reply;
    try {
      reply = await answer(JSON.parse(line));
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
  process.exit(0);
}
