/** What a budget policy is told when a problem is opened, and what it answers. */

export interface Standing {
  /** The largest share that this problem and all that are still to come can have alike, milliseconds, 0 or more. */
  readonly fairMs: number;
  /** `fairMs` as it was before the first problem. */
  readonly baseMs: number;
  /** Problems not yet opened, this one included; 2 or more, since the last one gets what there is. */
  readonly unopened: number;
  /** Tokens that this problem is expected to need, as a multiple of what problems need on average; 1 when nothing is known. */
  readonly demand: number;
}

export interface BudgetPolicy {
  readonly name: string;
  /**
   * Milliseconds for the problem at hand. Whatever it answers, the budget's end is never passed; a policy that answers at
   * most `fairMs * unopened` less something for the others leaves them that.
   */
  share(standing: Standing): number;
}
