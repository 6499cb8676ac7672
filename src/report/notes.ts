/** What a reader must know before believing a score, one sentence each; none for a run that is complete. */
import type { Score } from '../score/score.js';

export function notesOn(score: Score): string[] {
  const { problems, problemsSampled, fewestSamples, mostSamples, finishes, forced, settings } = score;
  const notes: string[] = [];
  if (problemsSampled < problems)
    notes.push(
      `${problems - problemsSampled} of ${problems} problems have no sample: they count in the submission alone.`,
    );
  if (fewestSamples < mostSamples)
    notes.push(
      `Problems have ${fewestSamples} to ${mostSamples} samples; n is each problem's own, and the votes table stops at ${fewestSamples}.`,
    );
  else if (mostSamples < settings.samples)
    notes.push(`${settings.samples} samples a problem were asked for and ${mostSamples} are there.`);
  if (finishes.deadline > 0)
    notes.push(
      `${finishes.deadline} samples were cut by the deadline, short of the token limit: accuracy at large budgets is a lower bound.`,
    );
  if (finishes.cancelled > 0)
    notes.push(
      `${finishes.cancelled} samples were cancelled by an early stop and are left out, which favours short samples: solve with --no-early-stop for an honest average.`,
    );
  if (forced.samples > 0)
    notes.push(
      `${forced.samples} samples had their answer forced at the end of their time: ${forced.counted ? 'it counts as theirs' : 'it counts in the submission alone, where no sample of the problem has another'}.`,
    );
  if (finishes.loop > 0)
    notes.push(
      `${finishes.loop} samples were ended because they repeated themselves: they count as they stand, with the tokens drawn until then.`,
    );
  if (settings.stopAtAnswer === 'first')
    notes.push(
      'Samples ended at their first box: what they would have said after it is not in these figures.',
    );
  if (settings.stopAtAnswer === 'thought')
    notes.push('Samples with a box ended with their thoughts: what follows those is not in these figures.');
  if (finishes.error > 0) notes.push(`${finishes.error} samples ended in an error and count as wrong.`);
  return notes;
}
