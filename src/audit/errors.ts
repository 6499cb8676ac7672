/** What can be wrong with a corpus. Readers run in workers, so a fault crosses as data and becomes an error here. */
import { BoxedError, type ErrorPlace } from '../errors.js';
import { accessError } from '../files.js';
import { EmptySetError, MalformedFileError, NotUtf8Error } from '../problems/errors.js';

/** A document, or a group of rows, beyond what is held in memory at once. */
export class DocumentTooLargeError extends BoxedError {
  override readonly name = 'DocumentTooLargeError';
}

/** No document of a file has a text, or none in the fields asked for. */
export class NoTextError extends BoxedError {
  override readonly name = 'NoTextError';
}

/** A worker ended before its time. */
export class AuditFailedError extends BoxedError {
  override readonly name = 'AuditFailedError';
}

/** A fault in plain data. */
export interface FaultData {
  readonly kind: 'malformed' | 'not-utf8' | 'too-large' | 'empty' | 'no-text' | 'access';
  /** What is wrong; with `access` the system's error code. */
  readonly what: string;
  readonly hint: string;
  /** Counted from the beginning of the piece, the first line being 1. */
  readonly line?: number;
}

/** Thrown by readers, where only the line within the piece is known. */
export class CorpusFault extends Error {
  constructor(readonly data: FaultData) {
    super(data.what);
  }
}

/** The error of a fault, once its file and line are known. */
export function errorOfFault({ kind, what, hint }: FaultData, place: ErrorPlace): BoxedError {
  switch (kind) {
    case 'malformed':
      return new MalformedFileError(what, hint, place);
    case 'not-utf8':
      return new NotUtf8Error(what, hint, place);
    case 'too-large':
      return new DocumentTooLargeError(what, hint, place);
    case 'empty':
      return new EmptySetError(what, hint, place);
    case 'no-text':
      return new NoTextError(what, hint, place);
    case 'access':
      return accessError('read', place.file ?? '', { code: what });
    default:
      return kind satisfies never;
  }
}
