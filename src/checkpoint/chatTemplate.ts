/** The chat template of a checkpoint: messages in, the prompt's text out. */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { ChatTemplateError } from './errors.js';
import { TemplateInterpreter } from './templateInterpreter.js';

export interface ChatMessage {
  /** Any role that the template knows; all know `user` and `assistant`. */
  readonly role: string;
  readonly content: string;
}

/** Special tokens by the name that templates know them by, `bos_token` and the like. */
export type SpecialTokens = Readonly<Record<string, string>>;

/** A parsed template; renders `messages` followed by the opening of the assistant's turn. */
export type ChatTemplate = (messages: readonly ChatMessage[], specialTokens: SpecialTokens) => string;

/**
 * Parses a Jinja template as transformers does; `file` is where it comes from, for errors.
 * @throws ChatTemplateError; so does the returned function when the template calls `raise_exception` or fails.
 */
export function compileChatTemplate(file: string, source: string): ChatTemplate {
  const wrong = (what: string, hint: string, error: unknown) =>
    new ChatTemplateError(`${what}: ${error instanceof Error ? error.message : String(error)}`, hint, {
      file,
    });
  let program: ReturnType<typeof parse>;
  try {
    program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (error) {
    throw wrong(
      'the chat template cannot be parsed',
      'Check the template; Jinja as in transformers is read.',
      error,
    );
  }
  return (messages, specialTokens) => {
    // `tools` and `documents` stand for "none given", which templates test by `is not none`.
    const variables = {
      messages,
      add_generation_prompt: true,
      tools: null,
      documents: null,
      ...specialTokens,
    };
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
    try {
      return String(new TemplateInterpreter(environment).run(program).value);
    } catch (error) {
      throw wrong(
        'the chat template refuses these messages',
        'Check the roles and their order, and what the template expects.',
        error,
      );
    }
  };
}

/**
 * What templates may call. The library has the same, but for the clock: its `strftime_now` reads the day and the
 * language of the machine, and a run resumed after midnight would have other prompts.
 */
const GLOBALS: Readonly<Record<string, unknown>> = {
  ...{ true: true, false: false, none: null, True: true, False: false, None: null },
  raise_exception: (message: string): never => {
    throw new Error(message);
  },
  range,
  strftime_now: (format: string): string =>
    format.replace(/%(.)/g, (directive, letter: string) => {
      const text = TEMPLATE_DATE[letter];
      if (text === undefined) throw new Error(`strftime_now does not know ${directive}`);
      return text;
    }),
};

/** Friday, 26 July 2024, 00:00: the date that Llama's templates take where there is no clock. */
const TEMPLATE_DATE: Readonly<Record<string, string>> = {
  ...{ Y: '2024', y: '24', m: '07', B: 'July', b: 'Jul', d: '26', j: '208', A: 'Friday', a: 'Fri' },
  ...{ H: '00', I: '12', M: '00', S: '00', p: 'AM', '%': '%' },
};

/** Python's `range`. */
function range(start: number, stop?: number, step = 1): number[] {
  if (step === 0) throw new Error('range() step must not be zero');
  const [first, end] = stop === undefined ? [0, start] : [start, stop];
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, i) => first + i * step);
}
