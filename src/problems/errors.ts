/** What can be wrong with a problem set or an answer key; each error names the file, and the line where there is one. */
import { BoxedError } from '../errors.js';

/** The file's name does not tell a format that we read. */
export class UnknownFileTypeError extends BoxedError {
  override readonly name = 'UnknownFileTypeError';
}

/** The file is larger than any problem set. */
export class FileTooLargeError extends BoxedError {
  override readonly name = 'FileTooLargeError';
}

/** The file's bytes are not UTF-8. */
export class NotUtf8Error extends BoxedError {
  override readonly name = 'NotUtf8Error';
}

/** The file breaks the rules of its format: an unclosed quote, a ragged row, a line that is not JSON. */
export class MalformedFileError extends BoxedError {
  override readonly name = 'MalformedFileError';
}

/** No column of the file has one of the names looked for. */
export class MissingColumnError extends BoxedError {
  override readonly name = 'MissingColumnError';
}

/** Two columns have one name (upper and lower case set aside), so that neither is surely the one meant. */
export class AmbiguousColumnError extends BoxedError {
  override readonly name = 'AmbiguousColumnError';
}

/** An id that is missing, blank, or no text and no whole number. */
export class BadIdError extends BoxedError {
  override readonly name = 'BadIdError';
}

/** The same id twice. */
export class DuplicateIdError extends BoxedError {
  override readonly name = 'DuplicateIdError';
}

/** A problem that is missing, blank or no text. */
export class BadProblemError extends BoxedError {
  override readonly name = 'BadProblemError';
}

/** A file without a single row. */
export class EmptySetError extends BoxedError {
  override readonly name = 'EmptySetError';
}

/** The `set.json` of a set folder is missing or not as described. */
export class BadSetError extends BoxedError {
  override readonly name = 'BadSetError';
}

/** A gold answer that is no integer. */
export class BadAnswerError extends BoxedError {
  override readonly name = 'BadAnswerError';
}

/** A gold answer outside the range of the edition. */
export class AnswerOutOfRangeError extends BoxedError {
  override readonly name = 'AnswerOutOfRangeError';
}

/** A file that is no key as `boxed seal` writes it. */
export class BadSealedKeyError extends BoxedError {
  override readonly name = 'BadSealedKeyError';
}
