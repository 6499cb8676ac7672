/** Text to the pieces that are encoded each by itself, as `pre_tokenizer` in `tokenizer.json` says. */
import { z } from 'zod';
import { TokenizerError } from './errors.js';
import { validate } from './jsonFile.js';
import type { PreTokenizer } from './tokenizerParts.js';

/** `isStart`: `text` begins where the whole text begins. */
export type PreTokenize = (text: string, isStart: boolean) => readonly string[];

/** The settings of one step that the library does not heed. */
const stepSchema = z.looseObject({
  type: z.string(),
  behavior: z.string().optional(),
  invert: z.boolean().default(false),
  split: z.boolean().default(true),
  replacement: z.string().default('▁'),
});
type WrittenStep = z.output<typeof stepSchema>;
const sequenceSchema = z.looseObject({ pretokenizers: z.array(stepSchema) });

/** @throws TokenizerError for a way to split that is not supported, InvalidCheckpointFileError (field) */
export function compilePreTokenizer(
  file: string,
  written: Readonly<Record<string, unknown>> | null,
  library: PreTokenizer | null,
): PreTokenize {
  if (written === null || library === null) return (text) => [text];
  const steps =
    written.type === 'Sequence'
      ? validate(file, written, sequenceSchema).pretokenizers
      : [validate(file, written, stepSchema)];
  for (const step of steps) refuseUnsupported(file, step, steps.length);
  const [first] = steps;
  const splits = first?.type === 'Metaspace' && first.split ? first.replacement : null;
  return (text, isStart) => {
    const pieces = library.pre_tokenize(text, { section_index: isStart ? 0 : 1 });
    return splits === null ? pieces : pieces.flatMap((piece) => piecesFrom(piece, splits));
  };
}

/** The library leaves what matches alone, and the text between: the one behaviour but for dropping what does not match. */
function refuseUnsupported(file: string, step: WrittenStep, steps: number): void {
  const refuse = (what: string) =>
    new TokenizerError(
      `${what} is not supported`,
      'Qwen, Llama and Mistral split otherwise: check that this is the tokenizer of the checkpoint.',
      { file, field: 'pre_tokenizer' },
    );
  if (step.type === 'Split' && step.behavior !== (step.invert ? 'Removed' : 'Isolated'))
    throw refuse(`splitting with behavior ${step.behavior} and invert ${step.invert}`);
  if (step.type === 'Metaspace' && step.split && steps > 1) throw refuse('Metaspace among other steps');
}

/** Cut before each `mark`. */
function piecesFrom(piece: string, mark: string): string[] {
  return piece.split(mark).flatMap((part, at) => (at > 0 ? [mark + part] : part === '' ? [] : [part]));
}
