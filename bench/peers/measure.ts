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
  /** The setting with the best turn; `null` where there is no figure, `why` then says so. */
  readonly setting: Setting | null;
  /** One for each turn. */
  readonly tokensPerSecond: readonly number[];
  /** All settings, the best first. */
  readonly trials: readonly Trial[];
  readonly why?: string;
}

export interface MeasureOptions {
  readonly turns: number;
  /** Trials of an earlier run by participant, the best first; the others are tried. */
  readonly known: ReadonlyMap<string, readonly Trial[]>;
  readonly onNews: (text: string) => void;
  /** Called with the trials so far, so that a call cut short need not try again. */
  readonly onTried: (figures: readonly Figure[]) => Promise<void>;
}

/** Longest wait for a reply: what takes longer is left out. */
const TIMEOUT_MS = 100_000;
/** Share of a case's tokens drawn to try a setting. */
const TRIAL_SHARE = 1 / 4;
/** Settings that take turns, at most: a trial is short, and one hardly slower may be the best. */
const FINALISTS = 2;
/** How close to the best trial a finalist comes. */
const FINALIST_SHARE = 0.85;
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

/** Measures a case. What a participant cannot do is told in its figure. @throws PeerFailedError when one fails in a turn */
export async function measureCase(
  arena: Arena,
  participants: readonly Participant[],
  measured: Case,
  prompt: readonly number[],
  { turns, known, onNews, onTried }: MeasureOptions,
): Promise<Figure[]> {
  const rate = (participant: Participant, tokens: number, setting: Setting) =>
    arena.rate(participant, prompt, measured, tokens, setting);
  const states: State[] = [];
  for (const participant of participants) {
    const why = leftOut(participant.name, measured);
    const { trials, failure } =
      why === null
        ? await tryAll(participant, known.get(participant.name), (setting) => {
            return rate(participant, Math.max(2, Math.ceil(measured.tokens * TRIAL_SHARE)), setting);
          })
        : { trials: [], failure: why };
    for (const { setting, tokensPerSecond } of trials)
      onNews(`${participant.name} ${JSON.stringify(setting)}: ${tokensPerSecond.toFixed(1)}`);
    if (failure !== null) onNews(`${participant.name}: ${failure}`);
    const least = FINALIST_SHARE * (trials[0]?.tokensPerSecond ?? 0);
    const finalists = trials.slice(0, FINALISTS).filter(({ tokensPerSecond }) => tokensPerSecond >= least);
    const rates = finalists.map(() => []);
    states.push({ participant, trials, why: trials.length === 0 ? failure : null, rates });
    await onTried(states.map(figureOf));
  }
  for (let turn = 0; turn < turns; turn += 1)
    for (const { participant, trials, rates } of states)
      for (const [at, finalist] of rates.entries()) {
        const ours = participant.name.startsWith('boxed');
        const tokens = ours ? Math.max(OUR_TOKENS, measured.tokens) : measured.tokens;
        finalist.push(await rate(participant, tokens, trials[at]!.setting));
        onNews(`turn ${turn + 1}, ${participant.name}: ${finalist.at(-1)!.toFixed(1)}`);
      }
  return states.map(figureOf);
}

interface State {
  readonly participant: Participant;
  readonly trials: readonly Trial[];
  readonly why: string | null;
  /** Of each finalist, one for each turn. */
  readonly rates: number[][];
}

function figureOf({ participant: { name }, trials, why, rates }: State): Figure {
  if (why !== null) return { participant: name, setting: null, tokensPerSecond: [], trials, why };
  const best = rates.reduce((a, b) => (bestOf(b) > bestOf(a) ? b : a));
  const { setting } = trials[rates.indexOf(best)]!;
  return { participant: name, setting, tokensPerSecond: best, trials };
}

/** Tries each setting once, the best first in the result; with what went wrong, if a setting did. */
async function tryAll(
  { settings }: Participant,
  known: readonly Trial[] | undefined,
  rate: (setting: Setting) => Promise<number>,
): Promise<{ trials: readonly Trial[]; failure: string | null }> {
  if (known !== undefined) return { trials: known, failure: null };
  const trials: Trial[] = [];
  let failure: string | null = null;
  for (const setting of settings)
    try {
      trials.push({ setting, tokensPerSecond: await rate(setting) });
    } catch (error) {
      if (!(error instanceof PeerFailedError)) throw error;
      failure = error.message;
    }
  return { trials: trials.sort((a, b) => b.tokensPerSecond - a.tokensPerSecond), failure };
}

/** The best turn: whatever else a machine does can only slow a turn down. */
export function bestOf(rates: readonly number[]): number {
  return Math.max(...rates);
}
