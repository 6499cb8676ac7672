/** Ends a sample by its text: at a string, or at a complete frame. Knows the token by which that stands there. */
import type { TextStream } from '../../checkpoint/textStream.js';
import { type FrameRule, FrameScanner } from './frames.js';
import { StringScanner } from './strings.js';

/**
 * Texts that end a sample with `stop`. It keeps the token that completed them, and so all of them: its text is that of its
 * tokens, and what that token says after the string stays too. The prompt is not looked at.
 */
export interface StopText {
  /** Each of these ends it. */
  readonly strings?: readonly string[];
  /** So does a complete frame; see `FrameStop`. */
  readonly frame?: FrameStop;
}

/** A sample ends once a complete frame stands in its text and, unless it is `null`, `after` too, in either order. */
export interface FrameStop extends FrameRule {
  readonly after: string | null;
}

export class TextStop {
  readonly #stream: TextStream;
  readonly #strings: StringScanner | null;
  readonly #frames: FrameScanner | null;
  readonly #after: StringScanner | null;
  #hasString = false;
  #hasFrame = false;
  #isAfter: boolean;

  /** `stream` is the sample's own. */
  constructor({ strings = [], frame }: StopText, stream: TextStream) {
    this.#stream = stream;
    this.#strings = strings.length > 0 ? new StringScanner(strings) : null;
    this.#frames = frame ? new FrameScanner(frame) : null;
    this.#after = frame && frame.after !== null ? new StringScanner([frame.after]) : null;
    this.#isAfter = this.#after === null;
  }

  /** Whether the sample ends with `token`, the next one drawn: the first whose text, decoded with all before it, has what ends it. */
  endsWith(token: number): boolean {
    const added = this.#stream.push(token);
    if (added !== '') {
      this.#hasString ||= this.#strings?.sees(added) ?? false;
      this.#hasFrame ||= this.#frames?.sees(added) ?? false;
      this.#isAfter ||= this.#after?.sees(added) ?? false;
    }
    if (this.#hasString || (this.#hasFrame && this.#isAfter)) return true;
    const { pending } = this.#stream;
    return pending !== '' && this.#wouldEnd(pending);
  }

  #wouldEnd(pending: string): boolean {
    if (this.#strings?.wouldSee(pending)) return true;
    const hasFrame = this.#hasFrame || (this.#frames?.wouldSee(pending) ?? false);
    return hasFrame && (this.#isAfter || (this.#after?.wouldSee(pending) ?? false));
  }
}
