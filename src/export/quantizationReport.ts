/** `quantization.json`: what quantizing did to each matrix of an export. */
import { join } from 'node:path';
import { z } from 'zod';
import { readText, writeAtomically } from '../files.js';
import { BadExportError } from './manifest.js';

export const REPORT_FILE = 'quantization.json';

const matrixSchema = z.object({
  name: z.string(),
  bits: z.union([z.literal(4), z.literal(8)]),
  elements: z.int().positive(),
  relativeError: z.number().nonnegative(),
});
const reportSchema = z.object({ relativeError: z.number().nonnegative(), matrices: z.array(matrixSchema) });

/** One matrix. */
export interface MatrixError {
  readonly name: string;
  readonly bits: 4 | 8;
  readonly elements: number;
  /** ‖W - Ŵ‖ / ‖W‖ in the Frobenius norm. */
  readonly relativeError: number;
}

export interface QuantizationReport {
  /** Over all quantized matrices as if they were one. */
  readonly relativeError: number;
  readonly matrices: readonly MatrixError[];
}

/** Writes the report of an export that is being made. @throws FileAccessError */
export async function writeQuantizationReport(folder: string, report: QuantizationReport): Promise<void> {
  await writeAtomically(join(folder, REPORT_FILE), `${JSON.stringify(report, null, 2)}\n`);
}

/** Reads the report of an export. @throws FileAccessError, BadExportError */
export async function readQuantizationReport(folder: string): Promise<QuantizationReport> {
  const file = join(folder, REPORT_FILE);
  const text = await readText(file);
  try {
    return reportSchema.parse(JSON.parse(text));
  } catch {
    throw new BadExportError('is not a report of this version', 'Delete this export and make it again.', {
      file,
    });
  }
}
