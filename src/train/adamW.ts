/** The optimizer: AdamW with clipping of the gradient's norm, on buffers that stay where they are. */

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Part of a decaying tensor that a step takes away, times the learning rate. */
  readonly weightDecay: number;
  /** Gradients are scaled down to this norm over all tensors together, at most. */
  readonly maxGradientNorm: number;
}

export const ADAM_W: AdamWOptions = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradientNorm: 1,
};

/** A tensor in training. */
export interface TrainedTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
  /** Sum of the gradients since the last step. */
  readonly gradient: Float32Array;
  /** First and second moment. */
  readonly moment: Float32Array;
  readonly square: Float32Array;
  readonly decays: boolean;
}

/** Buffers of a tensor at the start of training. */
export function trainedTensor(dims: readonly number[], data: Float32Array, decays: boolean): TrainedTensor {
  const zeros = () => new Float32Array(data.length);
  return { dims, data, gradient: zeros(), moment: zeros(), square: zeros(), decays };
}

/** Norm of all gradients as one vector. */
export function gradientNorm(tensors: Iterable<TrainedTensor>): number {
  let sum = 0;
  for (const { gradient } of tensors) {
    for (let at = 0; at < gradient.length; at += 1) sum += gradient[at]! * gradient[at]!;
  }
  return Math.sqrt(sum);
}

/**
 * One step in place, the `step`-th (from 1 on): decoupled weight decay (arXiv 1711.05101) and bias-corrected moments (arXiv
 * 1412.6980); the norm is clipped first. Empties the gradients and returns their norm before clipping. A step whose norm
 * is not finite changes nothing but the gradients.
 */
export function adamWStep(
  tensors: Iterable<TrainedTensor>,
  step: number,
  learningRate: number,
  options: AdamWOptions,
): number {
  const all = [...tensors];
  const norm = gradientNorm(all);
  if (Number.isFinite(norm)) {
    const scale = norm > options.maxGradientNorm ? options.maxGradientNorm / norm : 1;
    for (const tensor of all) updateTensor(tensor, step, learningRate, scale, options);
  }
  for (const { gradient } of all) gradient.fill(0);
  return norm;
}

function updateTensor(
  { data, gradient, moment, square, decays }: TrainedTensor,
  step: number,
  learningRate: number,
  scale: number,
  { beta1, beta2, epsilon, weightDecay }: AdamWOptions,
): void {
  const kept = decays ? 1 - learningRate * weightDecay : 1;
  const rate = learningRate / (1 - beta1 ** step);
  const squareCorrection = 1 / Math.sqrt(1 - beta2 ** step);
  for (let at = 0; at < data.length; at += 1) {
    const slope = gradient[at]! * scale;
    const first = beta1 * moment[at]! + (1 - beta1) * slope;
    const second = beta2 * square[at]! + (1 - beta2) * slope * slope;
    moment[at] = first;
    square[at] = second;
    data[at] = data[at]! * kept - (rate * first) / (Math.sqrt(second) * squareCorrection + epsilon);
  }
}
