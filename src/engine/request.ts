/** Requests checked against the model they are for. */
import { BoxedError } from '../errors.js';
import { requireRoom } from './kvMemory.js';
import type { GenerateRequest, KvMemory, ModelLimits } from './types.js';

/** A request that no engine of this model can serve. */
export class BadRequestError extends BoxedError {
  override readonly name = 'BadRequestError';
}

/** Samples that a request asks for. */
export function sampleCount(request: GenerateRequest): number {
  return typeof request.samples === 'number' ? request.samples : request.samples.length;
}

/** @throws BadRequestError for texts that cannot end a sample, or any where no text is read */
export function checkStopText({ stopText, id }: GenerateRequest, readsText: boolean): void {
  if (!stopText) return;
  const place = { field: id };
  if (!readsText) {
    throw new BadRequestError(
      'the engine reads no text',
      'Open it with `readsText` to stop at texts.',
      place,
    );
  }
  const { strings = [], frame } = stopText;
  const all = [
    ...strings,
    ...(frame?.commands ?? []),
    ...(frame && frame.after !== null ? [frame.after] : []),
  ];
  if (all.includes('')) {
    throw new BadRequestError(
      'an empty text stands everywhere',
      'Give texts of one character or more.',
      place,
    );
  }
  if (frame?.commands.length === 0) {
    throw new BadRequestError('the frame has no command', 'Name one, such as `\\boxed`.', place);
  }
}

/**
 * Checks a request against the model and its caches, and shortens `maxTokens` to what its positions allow.
 * @throws BadRequestError, and KvMemoryError where the caches could never hold it
 */
export function fitRequest(request: GenerateRequest, limits: ModelLimits, memory: KvMemory): GenerateRequest {
  const { promptTokens, id } = request;
  const place = { field: id };
  if (promptTokens.length === 0) {
    throw new BadRequestError('the prompt is empty', 'Give at least one token.', place);
  }
  const foreign = promptTokens.find(
    (token) => !Number.isInteger(token) || token < 0 || token >= limits.vocabSize,
  );
  if (foreign !== undefined) {
    throw new BadRequestError(
      `token ${foreign} is outside the vocabulary of ${limits.vocabSize}`,
      'Encode the prompt with the tokenizer of this model.',
      place,
    );
  }
  // The last token drawn needs no position of its own: it is never read.
  const room = limits.maxPositions - promptTokens.length + 1;
  if (room < 1) {
    throw new BadRequestError(
      `the prompt has ${promptTokens.length} tokens and the model ${limits.maxPositions} positions`,
      'Shorten the prompt.',
      place,
    );
  }
  const fitted = { ...request, maxTokens: Math.min(request.maxTokens, room) };
  requireRoom(fitted, memory);
  return fitted;
}
