/** The base of every error a user can act on: what happened, where, and what to do about it. */

/** Where a fault lies; printed as `file:line, field`. */
export interface ErrorPlace {
  file?: string | undefined;
  line?: number | undefined;
  field?: string | undefined;
}

/** Each room derives small named classes from this one; the command line prints `name`, `message` and `hint`. */
export abstract class BoxedError extends Error {
  abstract override readonly name: string;
  /** What the user can do about it, as one sentence. */
  readonly hint: string;
  readonly place: ErrorPlace;

  constructor(what: string, hint: string, place: ErrorPlace = {}) {
    const where = describePlace(place);
    super(where ? `${where}: ${what}` : what);
    this.hint = hint;
    this.place = place;
  }
}

/** Wrong use of a command (exit status 2), as opposed to a failure while it ran (exit status 1). */
export class UsageError extends BoxedError {
  override readonly name = 'UsageError';
}

function describePlace({ file, line, field }: ErrorPlace): string {
  const position = [file, line].filter((part) => part !== undefined).join(':');
  return [position, field].filter((part) => part !== undefined && part !== '').join(', ');
}
