/** The learning rate over a training: linear warm-up, then a half cosine down to a floor. */

export interface Schedule {
  readonly peak: number;
  readonly warmUpSteps: number;
  readonly totalSteps: number;
  /** Part of the peak at the end. */
  readonly floor: number;
}

/** Learning rate of step `step`, from 1 to `totalSteps` (SGDR, arXiv 1608.03983, without restarts). */
export function learningRateAt(step: number, { peak, warmUpSteps, totalSteps, floor }: Schedule): number {
  const warmth = warmUpSteps === 0 ? 1 : Math.min(1, step / warmUpSteps);
  const progress = Math.min(1, (step - 1) / Math.max(1, totalSteps - 1));
  return peak * warmth * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
