/** Reads the byte-pair model of `tokenizer.json`: its vocabulary and its merges, checked entry by entry. */
import type { BytePairModel } from './bytePairs.js';
import { InvalidCheckpointFileError, TokenizerError } from './errors.js';
import { MergeTable } from './mergeTable.js';
import type { WrittenMerge, WrittenModel } from './tokenizerFiles.js';

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

function readVocabulary(file: string, vocab: WrittenModel['vocab']): ReadonlyMap<string, number> {
  const vocabulary = new Map(Object.entries(vocab));
  for (const [token, id] of vocabulary)
    if (!(Number.isInteger(id) && id >= 0))
      throw invalid(file, 'model.vocab', `${JSON.stringify(token)} has ${JSON.stringify(id)} for an id`);
  return vocabulary;
}

function readMerges(
  file: string,
  merges: readonly WrittenMerge[],
  vocabulary: ReadonlyMap<string, number>,
): MergeTable {
  const table = new MergeTable(merges.length);
  for (const [rank, merge] of merges.entries()) {
    const field = `model.merges.${rank}`;
    const [left, right, ...more] = typeof merge === 'string' ? merge.split(' ') : merge;
    if (typeof left !== 'string' || typeof right !== 'string' || more.length > 0)
      throw invalid(file, field, `expected two tokens, found ${JSON.stringify(merge)}`);
    const idOf = (token: string) => {
      const id = vocabulary.get(token);
      if (id === undefined) throw invalid(file, field, `the vocabulary has no ${JSON.stringify(token)}`);
      return id;
    };
    table.set(idOf(left), idOf(right), { rank, id: idOf(left + right) });
  }
  return table;
}

function invalid(file: string, field: string, what: string): InvalidCheckpointFileError {
  return new InvalidCheckpointFileError(what, 'Fetch tokenizer.json again: its parts do not fit together.', {
    file,
    field,
  });
}
