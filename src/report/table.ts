/** A table before it is drawn: the terminal and the HTML report show the same one. */

export interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
}

/** Rows under one head, such as a checkpoint's budgets. */
export interface RowGroup {
  /** Text of the first column, shown once. */
  readonly head: string;
  /** Cells of the other columns. */
  readonly rows: readonly (readonly string[])[];
}

export interface Table {
  readonly title: string;
  /** How to read it, in whole sentences. */
  readonly note: string;
  /** The first column holds the groups' heads. */
  readonly columns: readonly Column[];
  readonly groups: readonly RowGroup[];
}

export function leftColumn(head: string): Column {
  return { head, align: 'left' };
}

export function rightColumn(head: string): Column {
  return { head, align: 'right' };
}
