/** How a run is paced unless asked otherwise. docs/budget.md has the simulations behind it. */
import type { RunSettings } from '../core.js';
import type { Edition } from '../problems/editions.js';
import { NO_STOP } from './stops/named.js';

export type Pace = Pick<RunSettings, 'budgetPolicy' | 'stop' | 'budgetForcing'>;

/** Without a clock, or outside a competition, a run measures: it draws all samples, so that averages are honest. */
const MEASURING = { stop: NO_STOP, budgetForcing: false };
/** One problem at a time against the clock, and only the answers count. */
const COMPETING = { stop: 'agree:4', budgetForcing: true };
/** Where easy problems stop long before their time, hard ones can have much; else the first ones take what the last ones need. */
const POLICY_OF_COMPETING = 'clamp';
const POLICY_OF_OTHERS = 'equal';

/**
 * @param edition the one that was named; `null` when none was
 * @param stop the rules that were asked for; `null` when none were
 */
export function defaultPace(edition: Edition | null, timeBudgetMs: number | null, stop: string | null): Pace {
  const isCompetition = timeBudgetMs !== null && edition?.inFlight === 1;
  const pace = { ...(isCompetition ? COMPETING : MEASURING), ...(stop !== null && { stop }) };
  const isUsual = isCompetition && pace.stop === COMPETING.stop;
  return { ...pace, budgetPolicy: isUsual ? POLICY_OF_COMPETING : POLICY_OF_OTHERS };
}

/** Open problems without a time budget, in multiples of those that fill the batch: most samples of one end long before its last. */
const IN_FLIGHT_FILL = 3;

/**
 * Problems open at the same time. Under a time budget at least as many as there are rows: at a problem's deadline the
 * samples in flight are lost, and fewer of each problem are when more problems share the batch.
 */
export function defaultInFlight(
  edition: Edition | null,
  { rows, samples, timeBudgetMs }: { rows: number; samples: number; timeBudgetMs: number | null },
): number {
  if (edition !== null && edition.inFlight !== null) return edition.inFlight;
  const filling = IN_FLIGHT_FILL * Math.ceil(rows / samples) + 1;
  return timeBudgetMs === null ? filling : Math.max(filling, rows);
}
