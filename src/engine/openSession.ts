/** The session of an exported model: which one its layout asks for, and with what. */
import { join } from 'node:path';
import type { ExportedModel } from '../export/manifest.js';
import { BLOCK_LENGTH } from '../model/loopAttention.js';
import { turnsBlockValues } from '../model/loopParts.js';
import { MODEL_FILE } from '../onnx/writer.js';
import { LoopSession, type LoopSessionOptions } from './loopSession.js';
import { PagedSession, type PagedSessionOptions } from './pagedSession.js';
import type { DecoderSession } from './types.js';

/** What a session needs, as a message to its worker. */
export type SessionSetup =
  | { readonly layout: 'loop'; readonly options: LoopSessionOptions }
  | { readonly layout: 'paged'; readonly options: PagedSessionOptions };

export interface SessionLimits {
  readonly maxRows: number;
  readonly threads: number;
  readonly kvMemoryBytes: number;
  /** Where the runtime writes a profile of a session on the CPU; `null` for none. Default: `null`. */
  readonly profileFolder?: string | null;
  /** See `EngineOptions`. Default: false. */
  readonly batchInvariant?: boolean;
}

export function sessionSetup({ folder, manifest }: ExportedModel, asked: SessionLimits): SessionSetup {
  const { config, device, layout } = manifest;
  const { maxRows, threads, kvMemoryBytes, profileFolder = null, batchInvariant = false } = asked;
  const limits = { vocabSize: config.vocabSize, maxPositions: config.maxPositions };
  const shape = { layers: config.layers, kvHeads: config.kvHeads, headDim: config.headDim };
  const common = { limits, maxRows, kvMemoryBytes, batchInvariant };
  if (layout.name === 'loop') {
    const modelFile = join(folder, MODEL_FILE);
    const loopShape = { ...shape, blockLength: BLOCK_LENGTH, turnsBlockValues: turnsBlockValues(config) };
    return {
      layout: 'loop',
      options: { modelFile, shape: loopShape, ...common, threads, profileFolder },
    };
  }
  const { blockSize } = layout;
  return {
    layout: 'paged',
    options: { folder, device, shape, blockSize, ...common },
  };
}

export function openSession(setup: SessionSetup): Promise<DecoderSession> {
  return setup.layout === 'loop' ? LoopSession.open(setup.options) : PagedSession.open(setup.options);
}
