/** How faithful a model is to another: both read the same texts, and their distributions are compared after every token. */
import { InferenceSession, type Tensor } from '../onnx/runtime.js';
import { divergence } from './divergence.js';
import { int64 } from './feeds.js';

/** A scorer: its model file, and the folder that its weights lie in. */
export interface Scorer {
  readonly model: Uint8Array;
  readonly folder: string;
}

/** Means over all tokens that follow another. */
export interface Fidelity {
  readonly tokens: number;
  /** Kullback-Leibler divergence of the reference from the candidate, in nats a token. */
  readonly kl: number;
  /** Share of tokens after which both hold the same one for the likeliest. */
  readonly agreement: number;
  /** exp of the mean of -ln p of the text's tokens. */
  readonly referencePerplexity: number;
  readonly candidatePerplexity: number;
}

export interface FidelityOptions {
  readonly threads: number;
  /** Called after each window with the number of those done. */
  readonly onProgress?: (windows: number) => void;
}

/**
 * Compares two scorers of one vocabulary on windows of tokens, each read from its start (teacher-forced). Computes in this
 * thread.
 */
export async function compareScorers(
  reference: Scorer,
  candidate: Scorer,
  windows: readonly (readonly number[])[],
  options: FidelityOptions,
): Promise<Fidelity> {
  const sessions = [await open(reference, options.threads), await open(candidate, options.threads)] as const;
  const sums = { tokens: 0, kl: 0, agreed: 0, referenceLoss: 0, candidateLoss: 0 };
  try {
    for (const [at, window] of windows.entries()) {
      const expected = await score(sessions[0], window);
      const found = await score(sessions[1], window);
      const width = expected.length / window.length;
      for (let position = 0; position + 1 < window.length; position += 1) {
        const row = (logits: Float32Array) => logits.subarray(position * width, (position + 1) * width);
        const result = divergence(row(expected), row(found), window[position + 1]!);
        sums.tokens += 1;
        sums.kl += result.kl;
        sums.agreed += Number(result.sameBest);
        sums.referenceLoss += result.referenceLoss;
        sums.candidateLoss += result.candidateLoss;
      }
      options.onProgress?.(at + 1);
    }
  } finally {
    for (const session of sessions) await session.release();
  }
  const { tokens } = sums;
  return {
    tokens,
    kl: sums.kl / tokens,
    agreement: sums.agreed / tokens,
    referencePerplexity: Math.exp(sums.referenceLoss / tokens),
    candidatePerplexity: Math.exp(sums.candidateLoss / tokens),
  };
}

function open({ model, folder }: Scorer, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
}

async function score(session: InferenceSession, window: readonly number[]): Promise<Float32Array> {
  const tokens: Tensor = int64(window.map(BigInt), [1, window.length]);
  const { logits } = await session.run({ tokens });
  return logits!.data as Float32Array;
}
