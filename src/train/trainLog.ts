/** The log of a training: one JSON line a step and one a validation, for `boxed report` and for reading. */
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { accessError, makeWritableFolder, readText, writeAtomically } from '../files.js';

/** A line; `step` counts from 1, and lines of a validation have the step after which it was made. */
export interface LogLine {
  readonly type: 'step' | 'validation';
  readonly step: number;
  readonly [field: string]: unknown;
}

export class TrainLog {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** Opens the log at `file` and drops what stands there of steps after `step`, which will be done again; at 0, everything. */
  static async open(file: string, step: number): Promise<TrainLog> {
    await makeWritableFolder(dirname(file));
    if (existsSync(file)) {
      const lines = (await readText(file)).split('\n').filter((line) => {
        const known = stepOf(line);
        return step > 0 && known !== null && known <= step;
      });
      await writeAtomically(file, lines.map((line) => `${line}\n`).join(''));
    }
    return new TrainLog(file);
  }

  /** @throws FileAccessError */
  async write(line: LogLine): Promise<void> {
    try {
      await appendFile(this.#file, `${JSON.stringify(line)}\n`);
    } catch (error) {
      throw accessError('write', this.#file, error);
    }
  }
}

/** The step of a line, `null` for one that a crash tore. */
function stepOf(line: string): number | null {
  try {
    const { step } = JSON.parse(line) as Partial<LogLine>;
    return typeof step === 'number' ? step : null;
  } catch {
    return null;
  }
}
