/** How runs are told apart in plots: colours that colour-blind readers can separate, then dashes. */

/** Okabe and Ito's palette (2008), the yellow left out; darker and lighter where a background needs it. */
export const RUN_COLOURS = [
  { light: '#0072b2', dark: '#56b4e9' },
  { light: '#c04e00', dark: '#f0803c' },
  { light: '#00795a', dark: '#2fc79c' },
  { light: '#a8557f', dark: '#dd9cc0' },
  { light: '#9a6b00', dark: '#e6a817' },
  { light: '#5a5a5a', dark: '#b8b8b8' },
] as const;

/** Line patterns in pixels of line and gap; the first is solid. */
const DASHES = [
  [1, 0],
  [8, 4],
  [3, 3],
  [9, 3, 2, 3],
] as const;

export interface RunStyle {
  /** A CSS colour that follows the reader's colour scheme. */
  readonly colour: string;
  readonly dash: readonly number[];
}

/** Neighbouring runs differ in colour and in dash; colour and dash together repeat after twelve runs. */
export function runStyle(run: number): RunStyle {
  return { colour: `var(--run-${run % RUN_COLOURS.length})`, dash: DASHES[run % DASHES.length]! };
}
