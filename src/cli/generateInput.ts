/** Lines of prompts: ids of tokens, plain text, or chat messages. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ChatTokenizer } from '../checkpoint/tokenizer.js';
import { checkVocabulary } from '../checkpoint/vocabularyMatch.js';
import { BoxedError } from '../errors.js';
import type { ExportedModel } from '../export/manifest.js';
import { readText } from '../files.js';

/** A line that is no prompt. */
export class BadPromptError extends BoxedError {
  override readonly name = 'BadPromptError';
}

interface Line {
  readonly id: string | number;
  /** Unique within the file: the id, with the line's number where an earlier line has the same. */
  readonly key: string;
}
export type PromptLine = Line &
  (
    | { readonly kind: 'tokens'; readonly tokens: readonly number[] }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'messages'; readonly messages: readonly { role: string; content: string }[] }
  );

const id = z.union([z.string(), z.number()]);
const schema = z.union([
  z.strictObject({ id, tokens: z.array(z.int().nonnegative()).nonempty() }),
  z.strictObject({ id, text: z.string().nonempty() }),
  z.strictObject({ id, messages: z.array(z.object({ role: z.string(), content: z.string() })).nonempty() }),
]);

const HINT =
  'Each line is {"id", "tokens": [ids]}, {"id", "text"} or {"id", "messages": [{"role", "content"}]}.';

/** Reads all prompts, so that a wrong line is found before anything is drawn. @throws FileAccessError, BadPromptError */
export async function readPrompts(file: string): Promise<PromptLine[]> {
  const keys = new Set<string>();
  const prompts: PromptLine[] = [];
  for (const [at, text] of (await readText(file)).split('\n').entries()) {
    if (text.trim() === '') continue;
    const place = { file, line: at + 1 };
    const value = parseLine(text, place);
    const name = String(value.id);
    const key = keys.has(name) ? `${name}#${place.line}` : name;
    keys.add(key);
    const line = { id: value.id, key };
    if ('tokens' in value) prompts.push({ ...line, kind: 'tokens', tokens: value.tokens });
    else if ('text' in value) prompts.push({ ...line, kind: 'text', text: value.text });
    else prompts.push({ ...line, kind: 'messages', messages: value.messages });
  }
  if (prompts.length === 0) throw new BadPromptError('the file has no prompts', HINT, { file });
  return prompts;
}

function parseLine(text: string, place: { file: string; line: number }): z.infer<typeof schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadPromptError('not valid JSON', HINT, place);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new BadPromptError('not a prompt', HINT, place);
}

/** The tokenizer, if the folder has one; its absence is an error only where a line, or `readsText`, needs it. */
export async function tokenizerFor(
  { folder, manifest }: ExportedModel,
  prompts: readonly PromptLine[],
  readsText = false,
): Promise<ChatTokenizer | null> {
  const needed = readsText || prompts.some((prompt) => prompt.kind !== 'tokens');
  if (!needed && !existsSync(join(folder, 'tokenizer.json'))) return null;
  const tokenizer = await ChatTokenizer.open(folder);
  if (needed) checkVocabulary(folder, tokenizer.vocabSize, manifest.config.vocabSize);
  return tokenizer;
}

/** The tokens of a line. */
export function encode(prompt: PromptLine, tokenizer: ChatTokenizer | null): readonly number[] {
  switch (prompt.kind) {
    case 'tokens':
      return prompt.tokens;
    case 'text':
      return tokenizer!.encode(prompt.text);
    case 'messages':
      return tokenizer!.encodeChat(prompt.messages);
    default:
      return prompt satisfies never;
  }
}
