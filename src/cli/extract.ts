/** `boxed extract`: reads the answers out of texts, line by line. */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import { extractAnswer } from '../answers/extract.js';
import type { AnswerValue } from '../core.js';
import { BoxedError } from '../errors.js';
import { accessError, systemCode } from '../files.js';
import { EDITIONS, type Edition, editionOf } from '../problems/editions.js';

/** A line of the input that is no JSON object with a text `id` and a text `text`. */
export class MalformedLineError extends BoxedError {
  override readonly name = 'MalformedLineError';
}

/** How many texts were read and how they ended. */
export interface ExtractCounts {
  readonly texts: number;
  readonly answers: number;
  /** Texts whose last candidate was refused; each line of the output says why. */
  readonly refused: number;
}

interface ExtractOptions {
  readonly edition: Edition['name'];
  readonly input?: string;
  readonly output?: string;
}

const EXAMPLE = `
Each line of the input is a JSON object with the texts "id" and "text"; other fields are ignored. Each line of the
output is {"id", "value", "rule", "warning"}: "value" is an integer (a decimal string beyond 2^53, a text for other
answers of the edition free, null without an answer), "rule" says how it was found, "warning" what to know about it or
why it was refused.

Example:
  $ echo '{"id": "0e644e", "text": "Hence \\\\boxed{\\\\frac{84}{2}}."}' | boxed extract --edition aimo3
  {"id":"0e644e","value":42,"rule":"boxed-expression","warning":null}
`;

/** The command, ready to be added to the program. Its counts go to stderr, so that stdout holds JSON alone. */
export function extractCommand(): Command {
  return new Command('extract')
    .summary('Read answers out of texts')
    .description('Read the answer out of each text, one JSON object a line.')
    .addOption(
      new Option('--edition <name>', 'whose rules answers follow')
        .choices(EDITIONS.map(({ name }) => name))
        .makeOptionMandatory(),
    )
    .option('--input <file>', 'JSON lines to read (default: stdin)')
    .option('--output <file>', 'JSON lines to write, replaced only when all is read (default: stdout)')
    .addHelpText('after', EXAMPLE)
    .action(async (options: ExtractOptions) => {
      const { input, output, edition: name } = options;
      process.stderr.write(`extract: edition ${name}, ${input ?? 'stdin'} -> ${output ?? 'stdout'}\n`);
      const { texts, answers, refused } = await extractFile(editionOf(name), input, output);
      process.stderr.write(
        `extract: ${texts} texts, ${answers} answers, ${refused} refused, ${texts - answers - refused} without any\n`,
      );
    });
}

/**
 * Extracts from the file `input` (stdin without one) to the file `output` (stdout without one), which appears
 * complete or not at all.
 * @throws MalformedLineError, FileAccessError
 */
export async function extractFile(edition: Edition, input?: string, output?: string): Promise<ExtractCounts> {
  const source = input === undefined ? process.stdin : createReadStream(input);
  try {
    if (output === undefined) return await extractLines(source, process.stdout, edition, input ?? 'stdin');
    const temporary = join(dirname(output), `.${randomBytes(6).toString('hex')}.tmp`);
    try {
      const counts = await extractLines(source, createWriteStream(temporary), edition, input ?? 'stdin');
      await rename(temporary, output);
      return counts;
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw isOfReading(error, input)
      ? accessError('read', input ?? 'stdin', error)
      : accessError('write', output ?? 'stdout', error);
  }
}

/** Opening names its path; reading a folder fails in the call `read`, without one. */
function isOfReading(error: unknown, input: string | undefined): boolean {
  const { path, syscall } = error as { path?: unknown; syscall?: unknown };
  return syscall === 'read' || (path !== undefined && path === input);
}

/**
 * Streams from `source` to `destination`, reading no faster than what is written. stdout is left open; a pipe
 * that its reader closes ends the work early.
 * @param name of the source, for errors.
 * @throws MalformedLineError for the first line that cannot be read.
 */
export async function extractLines(
  source: Readable,
  destination: Writable,
  edition: Edition,
  name: string,
): Promise<ExtractCounts> {
  const counts = { texts: 0, answers: 0, refused: 0 };
  async function* extracted(chunks: AsyncIterable<string>): AsyncGenerator<string> {
    let line = 0;
    for await (const content of linesOf(chunks)) {
      line++;
      if (content.trim() === '') continue;
      const { id, text } = parsedLine(content, name, line);
      const { value, rule, warning } = extractAnswer(text, edition);
      counts.texts++;
      if (value !== null) counts.answers++;
      else if (rule !== 'none') counts.refused++;
      yield `${JSON.stringify({ id, value: jsonValue(value), rule, warning })}\n`;
    }
  }
  source.setEncoding('utf8');
  try {
    await pipeline(source, extracted, destination, { end: destination !== process.stdout });
  } catch (error) {
    // The reader of a pipe has seen enough, as `head` has: that is no failure.
    if (systemCode(error) !== 'EPIPE') throw error;
  }
  return counts;
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let isFirst = true;
  let rest: string[] = [];
  for await (const chunk of chunks) {
    const parts = (isFirst && chunk.startsWith('\ufeff') ? chunk.slice(1) : chunk).split('\n');
    isFirst = false;
    const last = parts.pop()!;
    for (const part of parts) {
      yield rest.join('') + part;
      rest = [];
    }
    rest.push(last);
  }
  yield rest.join('');
}

interface TextLine {
  /** Given back as it came: a text, or the whole number that `boxed generate` allows too. */
  readonly id: string | number;
  readonly text: string;
}

function parsedLine(content: string, file: string, line: number): TextLine {
  const refuse = (what: string, field?: string) =>
    new MalformedLineError(what, 'Each line holds one JSON object {"id": "…", "text": "…"}.', {
      file,
      line,
      field,
    });
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    throw refuse('it is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null) throw refuse('it is no JSON object');
  const { id, text } = parsed as { id?: unknown; text?: unknown };
  if (typeof id !== 'string' && !(typeof id === 'number' && Number.isSafeInteger(id)))
    throw refuse(id === undefined ? 'there is none' : 'it is neither a text nor a whole number', 'id');
  if (typeof text !== 'string')
    throw refuse(text === undefined ? 'there is none' : 'it is not a text', 'text');
  return { id, text };
}

/** Integers that JSON readers keep exact stay numbers; longer ones become decimal strings, as all other answers are. */
function jsonValue(value: AnswerValue | null): number | string | null {
  if (value === null || typeof value === 'string') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
