/** Reads the byte-pair model of `tokenizer.json`: its vocabulary and its merges, checked entry by entry. */
import type { BytePairModel } from './bytePairs.js';
import { InvalidCheckpointFileError, TokenizerError } from './errors.js';
import { MergeTable } from './mergeTable.js';
import type { WrittenModel } from './tokenizerFiles.js';

/** Tokens and merges at most; published vocabularies have 280,000. Keys of `BytePairEncoder` are exact up to this rank. */
const MAX_ENTRIES = 2 ** 22;

/** @throws TokenizerError for a kind of model or a setting that is not supported, InvalidCheckpointFileError (field) */
export function readBytePairModel(file: string, model: WrittenModel): BytePairModel {
  refuseUnsupported(file, model);
  const vocabulary = readVocabulary(file, model.vocab);
  const unknownId = model.unk_token == null ? null : vocabulary.get(model.unk_token);
  if (unknownId === undefined)
    throw invalid(file, 'model.unk_token', `the vocabulary has no ${JSON.stringify(model.unk_token)}`);
  return {
    vocabulary,
    merges: readMerges(file, model.merges, vocabulary),
    unknownId,
    fuseUnknown: model.fuse_unk ?? false,
    byteFallback: model.byte_fallback ?? false,
    ignoreMerges: model.ignore_merges ?? false,
  };
}

function refuseUnsupported(file: string, model: WrittenModel): void {
  const refuse = (field: string, what: string) =>
    new TokenizerError(
      `${what} is not supported`,
      'Qwen, Llama and Mistral have byte-pair models without it: check that this is the tokenizer of the checkpoint.',
      { file, field },
    );
  if (model.type != null && model.type !== 'BPE') throw refuse('model.type', `a model of type ${model.type}`);
  for (const name of ['continuing_subword_prefix', 'end_of_word_suffix'] as const)
    if (model[name]) throw refuse(`model.${name}`, `a mark of ${JSON.stringify(model[name])} inside words`);
}

function readVocabulary(file: string, vocab: unknown): ReadonlyMap<string, number> {
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab))
    throw invalid(file, 'model.vocab', 'expected an object of ids by token');
  const entries: readonly (readonly [string, unknown])[] = Object.entries(vocab);
  const vocabulary = new Map<string, number>();
  for (const [token, id] of entries) {
    if (!(typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_ENTRIES))
      throw invalid(file, 'model.vocab', `${JSON.stringify(token)} has ${JSON.stringify(id)} for an id`);
    vocabulary.set(token, id);
  }
  return vocabulary;
}

function readMerges(file: string, merges: unknown, vocabulary: ReadonlyMap<string, number>): MergeTable {
  if (!Array.isArray(merges)) throw invalid(file, 'model.merges', 'expected a list of merges');
  if (merges.length > MAX_ENTRIES) throw invalid(file, 'model.merges', `there are ${merges.length} merges`);
  const table = new MergeTable(merges.length);
  let rank = 0;
  const idOf = (token: string) => {
    const id = vocabulary.get(token);
    if (id !== undefined) return id;
    throw invalid(file, `model.merges.${rank}`, `the vocabulary has no ${JSON.stringify(token)}`);
  };
  for (const merge of merges as readonly unknown[]) {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!isPair(pair))
      throw invalid(file, `model.merges.${rank}`, `expected two tokens, found ${JSON.stringify(merge)}`);
    table.set(idOf(pair[0]), idOf(pair[1]), { rank, id: idOf(pair[0] + pair[1]) });
    rank += 1;
  }
  return table;
}

/** A merge as a list; as a text it has a space between the tokens. */
function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((token) => typeof token === 'string');
}

function invalid(file: string, field: string, what: string): InvalidCheckpointFileError {
  return new InvalidCheckpointFileError(what, 'Fetch tokenizer.json again: its parts do not fit together.', {
    file,
    field,
  });
}
