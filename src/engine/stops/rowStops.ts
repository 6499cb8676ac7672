/** What ends a row that is not asked from outside: a stop token, a text, a loop, its length. */
import type { TextStream } from '../../checkpoint/textStream.js';
import type { Finish } from '../../core.js';
import type { GenerateRequest } from '../types.js';
import { isLooping } from './repetition.js';
import { TextStop } from './textStop.js';

export class RowStops {
  readonly #request: GenerateRequest;
  readonly #text: TextStop | null;

  /** `openText` begins the text of a sample; needed where the request stops at texts. */
  constructor(request: GenerateRequest, openText?: () => TextStream) {
    this.#request = request;
    this.#text = request.stopText && openText ? new TextStop(request.stopText, openText()) : null;
  }

  /** Why the row ends with the last of `tokens`, asked once for each; `null` if it goes on. */
  finishOf(tokens: readonly number[]): Finish | null {
    const { stopTokens, stopLoops, maxTokens } = this.#request;
    const last = tokens.at(-1)!;
    if (stopTokens.includes(last)) return 'stop';
    if (this.#text?.endsWith(last)) return 'stop';
    if (stopLoops && isLooping(tokens)) return 'loop';
    return tokens.length >= maxTokens ? 'length' : null;
  }
}
