/** Appends lines to a file, each durable when its promise resolves, many to one fsync. */
import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as endOfTick } from 'node:timers/promises';
import { accessError } from '../files.js';

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: the lines of one tick, and those that arrive while the disk is busy with an fsync, go out together in the
 * next one, so the number of fsyncs is bound by the disk and not by the number of lines.
 */
export class AppendLog {
  readonly #file: string;
  readonly #handle: FileHandle;
  #waiting: Waiting[] = [];
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #isClosed = false;
  #failure: unknown = null;
  #syncs = 0;

  private constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** Opens a file for appending; makes it when it is not there. @throws FileAccessError */
  static async open(file: string): Promise<AppendLog> {
    const handle = await open(file, 'a').catch((error) => {
      throw accessError('write', file, error);
    });
    return new AppendLog(file, handle);
  }

  /** How many fsyncs there have been. */
  get syncs(): number {
    return this.#syncs;
  }

  /**
   * Resolves when the line (which ends in a newline) is on the disk. After one failure every append fails: the file
   * may end in a torn line, and nothing may be written behind that.
   * @throws FileAccessError
   */
  append(line: string): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error(`append to ${this.#file} after it was closed`));
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
    });
    if (!this.#isWriting) this.#writing = this.#writeAll();
    return written;
  }

  /** Resolves when every line appended so far is on the disk. @throws FileAccessError when one could not be written */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Waits for the lines under way and closes the file; a second call does nothing. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#writing;
    await this.#handle.close();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // Samples that end together come as messages of one tick.
    await endOfTick();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#failure !== null) throw this.#failure;
        await this.#handle.appendFile(Buffer.concat(batch.map(({ line }) => Buffer.from(line))));
        await this.#handle.datasync();
        this.#syncs += 1;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#failure ??= accessError('write', this.#file, error);
        for (const { reject } of batch) reject(this.#failure);
      }
    }
    this.#isWriting = false;
  }
}
