/** One case: each participant's best setting, then all in turns, so that a slow moment of the machine falls on none alone. */
import { setTimeout } from 'node:timers/promises';
import { type Case, leftOut, WARM_UP } from './cases.js';
import type { Participant } from './participants.js';
import { PeerFailedError, PeerProcess, type Setting } from './peerProcess.js';

/** What a setting gave when it was tried. */
export interface Trial {
  readonly setting: Setting;
  readonly tokensPerSecond: number;
}

export interface Figure {
  readonly participant: string;
  /** The best of `trials`; `null` where there is no figure, `why` then says so. */
  readonly setting: Setting | null;
  /** One for each turn. */
  readonly tokensPerSecond: readonly number[];
  readonly trials: readonly Trial[];
  readonly why?: string;
}

export interface MeasureOptions {
  readonly turns: number;
  /** Settings known from an earlier run, by participant; the others are tried. */
  readonly known: ReadonlyMap<string, Setting>;
  readonly onNews: (text: string) => void;
}

/** Longest wait for a reply: what takes longer is left out. */
const TIMEOUT_MS = 100_000;
/** Share of a case's tokens drawn to try a setting. */
const TRIAL_SHARE = 1 / 4;
/** Rest before each measurement: thread pools go on spinning for a while after their last work. */
const REST_MS = 500;
/** Ours come by 64 at a time, with work of the host between: fewer would leave that out. */
const OUR_TOKENS = 64;

/** The processes of a shape's participants, begun when first asked and kept for all cases. */
export class Arena {
  readonly #processes = new Map<string, PeerProcess>();

  /** Draws tokens and returns how many a second. @throws PeerFailedError */
  async rate(
    participant: Participant,
    prompt: readonly number[],
    { rows }: Case,
    tokens: number,
    setting: Setting,
  ): Promise<number> {
    const { name, command, env } = participant;
    const running = this.#processes.get(name) ?? new PeerProcess(name, command, env);
    this.#processes.set(name, running);
    try {
      await setTimeout(REST_MS);
      const request = { prompt, rows, warmUp: WARM_UP, tokens, setting };
      const { seconds } = await running.decode(request, TIMEOUT_MS);
      return (rows * tokens) / seconds;
    } catch (error) {
      this.#processes.delete(name);
      throw error;
    }
  }

  close(): void {
    for (const running of this.#processes.values()) running.close();
  }
}

/** Measures a case. What a participant cannot do is told in its figure. */
export async function measureCase(
  arena: Arena,
  participants: readonly Participant[],
  measured: Case,
  prompt: readonly number[],
  { turns, known, onNews }: MeasureOptions,
): Promise<Figure[]> {
  const states: { participant: Participant; setting: Setting; trials: Trial[]; rates: number[] }[] = [];
  const figures: Figure[] = [];
  const fail = (participant: Participant, why: string) => {
    onNews(`${participant.name}: left out, ${why}`);
    figures.push({ participant: participant.name, setting: null, tokensPerSecond: [], trials: [], why });
  };
  for (const participant of participants) {
    const reason = leftOut(participant.name, measured);
    if (reason !== null) {
      fail(participant, reason);
      continue;
    }
    const trials: Trial[] = [];
    const failures: string[] = [];
    const settings = knownOrAll(participant, known.get(participant.name));
    for (const setting of settings.length > 1 ? settings : []) {
      const tokens = Math.max(2, Math.ceil(measured.tokens * TRIAL_SHARE));
      try {
        const tokensPerSecond = await arena.rate(participant, prompt, measured, tokens, setting);
        trials.push({ setting, tokensPerSecond });
        onNews(`${participant.name} ${JSON.stringify(setting)}: ${tokensPerSecond.toFixed(1)}`);
      } catch (error) {
        if (!(error instanceof PeerFailedError)) throw error;
        failures.push(error.message);
        onNews(`${JSON.stringify(setting)}: ${error.message}`);
      }
    }
    trials.sort((a, b) => b.tokensPerSecond - a.tokensPerSecond);
    const setting = settings.length > 1 ? trials[0]?.setting : settings[0];
    if (setting === undefined) fail(participant, failures[0]!);
    else states.push({ participant, setting, trials, rates: [] });
  }
  for (let turn = 0; turn < turns; turn += 1)
    for (const { participant, setting, rates } of states) {
      const tokens = participant.name.startsWith('boxed')
        ? Math.max(OUR_TOKENS, measured.tokens)
        : measured.tokens;
      rates.push(await arena.rate(participant, prompt, measured, tokens, setting));
      onNews(`turn ${turn + 1}, ${participant.name}: ${rates.at(-1)!.toFixed(1)}`);
    }
  for (const { participant, setting, trials, rates } of states)
    figures.push({ participant: participant.name, setting, tokensPerSecond: rates, trials });
  return figures;
}

function knownOrAll(participant: Participant, known: Setting | undefined): readonly Setting[] {
  return known === undefined ? participant.settings : [known];
}

/** The value in the middle of an odd number, of an even one the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
