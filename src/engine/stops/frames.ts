/** Frames such as `\boxed{…}` looked for in a text that grows: complete once their braces balance. */

export interface FrameRule {
  /** Commands whose argument in braces is a frame, such as `\boxed`. */
  readonly commands: readonly string[];
  /** A frame counts if this matches what it holds. */
  readonly content: RegExp;
}

/** A longer frame is no frame: what an unbalanced brace opens must not be kept for the rest of a long text. */
export const LONGEST_FRAME = 2000;
/** Spaces between a command and its brace. */
export const MOST_SPACES = 100;

const BACKSLASH = '\\';
const MARKS = /[\\{}]/g;

interface OpenFrame {
  /** Open braces around it. */
  readonly depth: number;
  /** Where its content begins in `#kept`. */
  start: number;
}

/** Nested frames count, escaped braces do not, and in `\\boxed` the second backslash begins the command. */
export class FrameScanner {
  readonly #rule: FrameRule;
  #depth = 0;
  /** Outermost first. */
  #frames: OpenFrame[] = [];
  /** The text since the outermost open frame began. */
  #kept = '';
  /** The end of the text, from a backslash on of which it is not known yet what it begins. */
  #unread = '';

  constructor(rule: FrameRule) {
    this.#rule = rule;
  }

  /** Takes in the next characters. Returns whether they complete a frame that counts. */
  sees(added: string): boolean {
    const text = this.#unread + added;
    let isComplete = false;
    let at = 0;
    while (at < text.length) {
      MARKS.lastIndex = at;
      const mark = MARKS.exec(text)?.index ?? text.length;
      this.#keep(text.slice(at, mark));
      at = mark;
      if (at === text.length) break;
      if (text[at] === BACKSLASH) {
        const end = this.#readBackslash(text, at);
        if (end === null) break;
        at = end;
      } else {
        if (text[at] === '{') this.#depth += 1;
        else if (this.#closesFrame()) isComplete = true;
        this.#keep(text[at]!);
        at += 1;
      }
    }
    this.#unread = text.slice(at);
    return isComplete;
  }

  /** Whether these next characters would complete one. */
  wouldSee(pending: string): boolean {
    const ahead = new FrameScanner(this.#rule);
    ahead.#depth = this.#depth;
    ahead.#frames = this.#frames.map((frame) => ({ ...frame }));
    ahead.#kept = this.#kept;
    ahead.#unread = this.#unread;
    return ahead.sees(pending);
  }

  /** Reads what the backslash at `at` begins, and returns where that ends; `null` if more text must come first. */
  #readBackslash(text: string, at: number): number | null {
    const command = this.#commandEnd(text, at);
    if (command === null) return null;
    if (command === false) {
      // Any other escape hides its character, but for a backslash that begins a command itself.
      const next = text[at + 1] === BACKSLASH ? this.#commandEnd(text, at + 1) : false;
      if (next === null) return null;
      const end = at + (next === false ? 2 : 1);
      this.#keep(text.slice(at, end));
      return end;
    }
    let brace = command;
    while (brace < text.length && brace - command < MOST_SPACES && isSpace(text[brace]!)) brace += 1;
    if (brace === text.length) return null;
    const isFrame = text[brace] === '{';
    const end = isFrame ? brace + 1 : command;
    this.#keep(text.slice(at, end));
    if (isFrame) {
      this.#frames.push({ depth: this.#depth, start: this.#kept.length });
      this.#depth += 1;
    }
    return end;
  }

  /** Where the command at `at` ends; `false` if there is none, `null` if that depends on text to come. */
  #commandEnd(text: string, at: number): number | false | null {
    const rest = text.slice(at, at + 1 + this.#longestCommand);
    for (const command of this.#rule.commands) {
      if (command.startsWith(rest)) return null;
      if (rest.startsWith(command) && !/[A-Za-z]/.test(rest[command.length]!)) return at + command.length;
    }
    return false;
  }

  get #longestCommand(): number {
    return Math.max(...this.#rule.commands.map(({ length }) => length));
  }

  #closesFrame(): boolean {
    this.#depth = Math.max(0, this.#depth - 1);
    const frame = this.#frames.at(-1);
    if (frame?.depth !== this.#depth) return false;
    this.#frames.pop();
    return this.#kept.slice(frame.start).search(this.#rule.content) >= 0;
  }

  #keep(text: string): void {
    if (this.#frames.length === 0) {
      this.#kept = '';
      return;
    }
    this.#kept += text;
    this.#frames = this.#frames.filter(({ start }) => this.#kept.length - start <= LONGEST_FRAME);
    const first = this.#frames[0]?.start ?? this.#kept.length;
    this.#kept = this.#kept.slice(first);
    for (const frame of this.#frames) frame.start -= first;
  }
}

const isSpace = (character: string) => /\s/.test(character);
