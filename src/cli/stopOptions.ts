/** The options that say where a sample ends, and the settings they come to. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ANSWER_STOPS, type RunSettings } from '../core.js';

export interface StopFlags {
  stopText: readonly string[];
  stopAtAnswer: RunSettings['stopAtAnswer'];
  /** False after `--no-loop-stop`. */
  loopStop: boolean;
}

type StopSettings = Pick<RunSettings, 'stopTexts' | 'stopAtAnswer' | 'stopLoops'>;

/** Adds `--stop-text --stop-at-answer --no-loop-stop`. */
export function addStopOptions(command: Command): Command {
  return command
    .option(
      '--stop-text <text>',
      'end a sample once its text has this, which it keeps; may be given several times',
      collected,
      [],
    )
    .addOption(
      new Option(
        '--stop-at-answer [when]',
        'end a sample at its first complete \\boxed{} with a value in it (first, also without a word), or once ' +
          'it has such a box and has ended its thoughts with </think> (thought); changes averages',
      )
        .choices(ANSWER_STOPS)
        .default('never')
        .preset('first'),
    )
    .option(
      '--no-loop-stop',
      'go on with a sample whose last 512 tokens repeat with a period of 256 or less',
    );
}

export function resolveStops({ stopText, stopAtAnswer, loopStop }: StopFlags): StopSettings {
  return { stopTexts: [...new Set(stopText)], stopAtAnswer, stopLoops: loopStop };
}

/** Part of the line that shows the settings; empty where samples end as the model says. */
export function describeStops({ stopTexts, stopAtAnswer, stopLoops }: StopSettings): string {
  const parts = stopTexts.map((text) => `stop at ${JSON.stringify(text)}`);
  if (stopAtAnswer === 'first') parts.push('stop at the first box');
  if (stopAtAnswer === 'thought') parts.push('stop after thoughts with a box');
  if (!stopLoops) parts.push('loops go on');
  return parts.map((part) => `, ${part}`).join('');
}

function collected(text: string, earlier: readonly string[]): readonly string[] {
  if (text === '') throw new InvalidArgumentError('It must have a character at least.');
  return [...earlier, text];
}
