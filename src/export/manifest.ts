/** `export.json`: what an exported model is and what it was made from. */
import { join } from 'node:path';
import { z } from 'zod';
import { DECODERS, PROJECTIONS } from '../checkpoint/architectures.js';
import type { DecoderConfig } from '../checkpoint/config.js';
import { ropeScaling } from '../checkpoint/rope.js';
import { BoxedError } from '../errors.js';
import { readText } from '../files.js';
import { BLOCK_SIZES } from './blocks.js';
import { describeQuantization, PRECISIONS } from './quantization.js';
import { DEVICES, DTYPES } from './target.js';

export const MANIFEST_FILE = 'export.json';
/** Raised whenever exported graphs or this file change, so that older exports are made anew. */
export const EXPORT_FORMAT = 8;

/** An export that this version cannot read. */
export class BadExportError extends BoxedError {
  override readonly name = 'BadExportError';
}

const manifestSchema = z.object({
  format: z.literal(EXPORT_FORMAT),
  program: z.string(),
  layout: z.discriminatedUnion('name', [
    z.object({ name: z.literal('loop') }),
    z.object({ name: z.literal('paged'), blockSize: z.number().int().positive() }),
  ]),
  dtype: z.enum(DTYPES),
  device: z.enum(DEVICES),
  /** How matrices are quantized; `null` where none is. */
  quantization: z
    .object({
      dtype: z.enum(['int8', 'int4']),
      blockSize: z.literal(BLOCK_SIZES),
      symmetric: z.boolean(),
      rules: z.array(z.object({ pattern: z.string(), precision: z.enum(PRECISIONS) })).readonly(),
    })
    .nullable(),
  /** SHA-256 of the checkpoint's configuration and weights. */
  digest: z.string(),
  /** True when the graph also has the output `logits`. */
  logits: z.boolean(),
  config: z.object({
    architecture: z.enum(DECODERS),
    vocabSize: z.number().int().positive(),
    hiddenSize: z.number().int().positive(),
    intermediateSize: z.number().int().positive(),
    layers: z.number().int().positive(),
    heads: z.number().int().positive(),
    kvHeads: z.number().int().positive(),
    headDim: z.number().int().positive(),
    biases: z.array(z.enum(PROJECTIONS)).readonly(),
    qkNorm: z.boolean(),
    ropeTheta: z.number().positive(),
    ropeScaling: ropeScaling.nullable(),
    rmsNormEps: z.number().positive(),
    maxPositions: z.number().int().positive(),
    tieWordEmbeddings: z.boolean(),
    eosTokenIds: z.array(z.number().int()).readonly(),
    padTokenId: z.number().int().nullable(),
  }),
});
export type ExportManifest = Omit<z.infer<typeof manifestSchema>, 'config'> & { config: DecoderConfig };

/** The element type and all that goes with it, as a text that two exports share only if their numbers are stored alike. */
export function describeDtype({ dtype, quantization }: ExportManifest): string {
  return quantization ? describeQuantization(quantization) : dtype;
}

/** An exported model on disk: graph, weights, manifest, and the tokenizer files of its checkpoint. */
export interface ExportedModel {
  readonly folder: string;
  readonly manifest: ExportManifest;
}

/** Reads the manifest of an export folder. @throws FileAccessError, BadExportError */
export async function readExport(folder: string): Promise<ExportedModel> {
  const file = join(folder, MANIFEST_FILE);
  const text = await readText(file);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadExportError('not valid JSON', 'Delete this export and make it again.', { file });
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new BadExportError(
      issue.message,
      'Made by another version? Delete this export and make it again.',
      {
        file,
        field: issue.path.join('.'),
      },
    );
  }
  return { folder, manifest: parsed.data };
}
