/** Dates of problems and models, as exact as they are known: a year, a month or a day. */

export type Age = 'older' | 'newer';

/**
 * Whether a problem may have been published before a model's training data ended: older unless its first possible day lies
 * behind the model's last.
 */
export function ageOf(problemDate: string | null, modelDate: string | null): Age | null {
  if (problemDate === null || modelDate === null) return null;
  return problemDate + '-01-01'.slice(problemDate.length - 4) <=
    modelDate + '-12-31'.slice(modelDate.length - 4)
    ? 'older'
    : 'newer';
}
