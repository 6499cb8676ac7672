/** Computes losses and gradients with the runtime and changes the weights by them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecoderConfig } from '../checkpoint/config.js';
import type { RowShape } from '../model/packedRows.js';
import { buildTraining, gradientOf, type Objective } from '../model/training.js';
import { InferenceSession, Tensor } from '../onnx/runtime.js';
import { MODEL_FILE, writeModel } from '../onnx/writer.js';
import { VERSION } from '../version.js';
import { type AdamWOptions, adamWStep, type TrainedTensor } from './adamW.js';
import { BatchBuffers, type PolicyText, type TextPlace, type TrainingText } from './batch.js';
import type { PackedBatch } from './packing.js';

export interface TrainerOptions {
  /** Threads of the runtime. */
  readonly threads: number;
  readonly optimizer: AdamWOptions;
}

/** How a policy loss is shaped. */
export interface PolicySettings {
  /** The probability ratio counts between 1 - clip and 1 + clip. */
  readonly clip: number;
  /** Weight of the divergence from the reference. */
  readonly beta: number;
}

export interface PolicyLoss {
  readonly loss: number;
  /** Weighted sum of the tokens' divergence from the reference. */
  readonly kl: number;
  /** Weight of the tokens at which the ratio was clipped. */
  readonly clipped: number;
}

/** A graph of one shape and objective, with the buffers that its batches are laid out in. */
interface Pass {
  readonly session: InferenceSession;
  readonly buffers: BatchBuffers;
}

/**
 * A decoder in training. Weights are fed from the buffers of `tensors`, which the optimizer changes in place; gradients of
 * several batches add up until `update`. Sessions are opened as shapes and objectives are first met.
 */
export class Trainer {
  readonly tensors: ReadonlyMap<string, TrainedTensor>;
  readonly #config: DecoderConfig;
  readonly #options: TrainerOptions;
  readonly #passes = new Map<string, Promise<Pass>>();
  readonly #weights: Readonly<Record<string, Tensor>>;

  constructor(config: DecoderConfig, tensors: ReadonlyMap<string, TrainedTensor>, options: TrainerOptions) {
    this.#config = config;
    this.tensors = tensors;
    this.#options = options;
    this.#weights = Object.fromEntries(
      [...tensors].map(([name, { data, dims }]) => [name, new Tensor('float32', data, dims)]),
    );
  }

  /** Adds the gradients of cross entropy, each token learnt weighing `weight`; returns the weighted loss. */
  async learn(batch: PackedBatch, texts: readonly TrainingText[], weight: number): Promise<number> {
    const { session, buffers } = await this.#pass(batch.shape, 'likelihood');
    buffers.fill(batch, texts, weight);
    const results = await session.run({ ...this.#feeds(buffers), weights: floats(buffers.weights) });
    this.#collect(results);
    return scalar(results, 'loss');
  }

  /** Adds the gradients of the policy loss, see `buildTraining`. */
  async reinforce(
    batch: PackedBatch,
    texts: readonly PolicyText[],
    weight: number,
    { clip, beta }: PolicySettings,
  ): Promise<PolicyLoss> {
    const { session, buffers } = await this.#pass(batch.shape, 'policy');
    buffers.fillPolicy(batch, texts, weight);
    const results = await session.run({
      ...this.#feeds(buffers),
      weights: floats(buffers.weights),
      advantages: floats(buffers.advantages),
      old_logprobs: floats(buffers.oldLogprobs),
      reference_logprobs: floats(buffers.referenceLogprobs),
      clip: new Tensor('float32', Float32Array.of(clip), []),
      beta: new Tensor('float32', Float32Array.of(beta), []),
    });
    this.#collect(results);
    return { loss: scalar(results, 'loss'), kl: scalar(results, 'kl'), clipped: scalar(results, 'clipped') };
  }

  /** Log-probabilities of the tokens that each text of the batch learns, by the text's index. */
  async logprobs(batch: PackedBatch, texts: readonly TrainingText[]): Promise<Map<number, Float32Array>> {
    const { session, buffers } = await this.#pass(batch.shape, 'logprobs');
    const places: readonly TextPlace[] = buffers.fill(batch, texts, 0);
    const results = await session.run(this.#feeds(buffers), ['logprobs']);
    const all = results.logprobs!.data as Float32Array;
    return new Map(places.map(({ text, first, count }) => [text, all.slice(first, first + count)]));
  }

  /** Changes the weights by the gradients collected, as the `step`-th step; returns their norm. */
  update(step: number, learningRate: number): number {
    return adamWStep(this.tensors.values(), step, learningRate, this.#options.optimizer);
  }

  async close(): Promise<void> {
    for (const pass of this.#passes.values()) await (await pass).session.release();
    this.#passes.clear();
  }

  #feeds({ shape: { rows, length }, ...buffers }: BatchBuffers): Record<string, Tensor> {
    const { tokens, targets, positions, segments } = buffers;
    const integers = (data: BigInt64Array, dims: readonly number[]) => new Tensor('int64', data, dims);
    return {
      ...this.#weights,
      tokens: integers(tokens, [rows * length]),
      targets: integers(targets, [rows * length]),
      positions: integers(positions, [rows, length]),
      segments: integers(segments, [rows, length]),
    };
  }

  #collect(results: InferenceSession.OnnxValueMapType): void {
    for (const [name, { gradient }] of this.tensors) {
      const added = results[gradientOf(name)]!.data as Float32Array;
      for (let at = 0; at < gradient.length; at += 1) gradient[at]! += added[at]!;
    }
  }

  #pass(shape: RowShape, objective: Objective): Promise<Pass> {
    const key = `${objective} ${shape.rows} ${shape.length}`;
    const known = this.#passes.get(key);
    if (known !== undefined) return known;
    const opened = this.#open(shape, objective);
    this.#passes.set(key, opened);
    return opened;
  }

  async #open(shape: RowShape, objective: Objective): Promise<Pass> {
    const folder = await mkdtemp(join(tmpdir(), 'boxed-train-'));
    try {
      await writeModel(buildTraining(this.#config, shape, objective), folder, { producerVersion: VERSION });
      const session = await InferenceSession.create(join(folder, MODEL_FILE), {
        intraOpNumThreads: this.#options.threads,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
      });
      return { session, buffers: new BatchBuffers(shape) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function floats(data: Float32Array): Tensor {
  return new Tensor('float32', data, [data.length]);
}

function scalar(results: InferenceSession.OnnxValueMapType, name: string): number {
  return Number((results[name]!.data as Float32Array)[0]);
}
