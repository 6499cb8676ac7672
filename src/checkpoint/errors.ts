/** What can be wrong with a checkpoint: a small class for each failure that a user can act on. */
import { BoxedError } from '../errors.js';

/** A file that every checkpoint has is not there. */
export class MissingCheckpointFileError extends BoxedError {
  override readonly name = 'MissingCheckpointFileError';
}

/** A JSON file of the checkpoint is not JSON, or a field of it is missing or not what it must be. */
export class InvalidCheckpointFileError extends BoxedError {
  override readonly name = 'InvalidCheckpointFileError';
}

/** The checkpoint names an architecture that there is no decoder for. */
export class UnsupportedArchitectureError extends BoxedError {
  override readonly name = 'UnsupportedArchitectureError';
}

/** The architecture is known, but a field of `config.json` asks for a variant that would be computed wrongly. */
export class UnsupportedConfigError extends BoxedError {
  override readonly name = 'UnsupportedConfigError';
}

/** The folder holds a LoRA adapter and not the model that it changes. */
export class AdapterOnlyError extends BoxedError {
  override readonly name = 'AdapterOnlyError';

  constructor(folder: string) {
    super(
      'a LoRA adapter without the model that it changes',
      'Merge it into its base model first, in peft by merge_and_unload and save_pretrained, and give that folder.',
      { file: folder },
    );
  }
}

/** The folder holds no weights, or not all of the shards that its index names. */
export class MissingWeightsError extends BoxedError {
  override readonly name = 'MissingWeightsError';
}

/** A safetensors file breaks the format: its header, an offset, a shape. */
export class InvalidSafetensorsError extends BoxedError {
  override readonly name = 'InvalidSafetensorsError';
}

/** A weight file is shorter than it says it is. */
export class TruncatedWeightsError extends BoxedError {
  override readonly name = 'TruncatedWeightsError';
  readonly expectedBytes: number;
  readonly actualBytes: number;

  constructor(file: string, expectedBytes: number, actualBytes: number) {
    super(
      `is cut short: expected ${expectedBytes} bytes, found ${actualBytes}`,
      'The download or copy did not finish: fetch this file again.',
      { file },
    );
    this.expectedBytes = expectedBytes;
    this.actualBytes = actualBytes;
  }
}

/** The weights lack a tensor that is asked for. */
export class MissingTensorError extends BoxedError {
  override readonly name = 'MissingTensorError';

  constructor(
    file: string,
    tensor: string,
    hint = 'The weights do not belong to this config.json, or a field of it is wrong: tie_word_embeddings, attention_bias, mlp_bias.',
  ) {
    super('there is no such tensor', hint, { file, field: tensor });
  }
}

/** The weights hold a tensor that the decoder of this configuration does not use, so they were made for another one. */
export class UnexpectedTensorError extends BoxedError {
  override readonly name = 'UnexpectedTensorError';
}

/** A tensor's shape is not the one that the configuration asks for. */
export class TensorShapeError extends BoxedError {
  override readonly name = 'TensorShapeError';
  readonly expected: readonly number[];
  readonly found: readonly number[];

  constructor(file: string, tensor: string, expected: readonly number[], found: readonly number[]) {
    super(
      `expected shape [${expected.join(', ')}], found [${found.join(', ')}]`,
      'The weights do not belong to this config.json: check that both come from the same checkpoint.',
      { file, field: tensor },
    );
    this.expected = expected;
    this.found = found;
  }
}

/** A weight is not a number, or infinite: every output would be, too. */
export class NonFiniteWeightError extends BoxedError {
  override readonly name = 'NonFiniteWeightError';

  constructor(file: string, tensor: string, element: number, value: number) {
    super(
      `element ${element} is ${value}`,
      'The training diverged or the file is damaged: take another checkpoint, or fetch it again.',
      { file, field: tensor },
    );
  }
}

/** A tensor is stored in a type that is not read as floating-point numbers. */
export class UnsupportedDtypeError extends BoxedError {
  override readonly name = 'UnsupportedDtypeError';
}

/** The folder has no tokenizer that can be read. */
export class NoTokenizerError extends BoxedError {
  override readonly name = 'NoTokenizerError';
}

/** The tokenizer's files are there, and hold something that cannot be used. */
export class TokenizerError extends BoxedError {
  override readonly name = 'TokenizerError';
}

/** Tokenizer and embedding are not of the same checkpoint. */
export class VocabularyMismatchError extends BoxedError {
  override readonly name = 'VocabularyMismatchError';
}

/** Messages are to be rendered, and the checkpoint has no chat template. */
export class NoChatTemplateError extends BoxedError {
  override readonly name = 'NoChatTemplateError';

  constructor(folder: string) {
    super(
      'the tokenizer has no chat template (looked in chat_template.jinja and tokenizer_config.json)',
      'Give finished prompts as {"text": …} lines, or put a chat_template.jinja into the folder.',
      { file: folder },
    );
  }
}

/** A chat template cannot be parsed, or refuses the messages that it is given. */
export class ChatTemplateError extends BoxedError {
  override readonly name = 'ChatTemplateError';
}

/** @throws UnsupportedConfigError: `found` in `field` is not among what is `supported` */
export function refuseConfig(file: string, field: string, found: string, supported: string): never {
  throw new UnsupportedConfigError(`${found} is not supported`, `Supported: ${supported}.`, { file, field });
}

/** @throws InvalidCheckpointFileError */
export function invalidConfig(file: string, field: string, what: string): never {
  throw new InvalidCheckpointFileError(
    what,
    'Mend this field, or fetch the file again from where the weights come from.',
    { file, field },
  );
}
