/** Tables of the rotary position embedding (RoFormer, arXiv 2104.09864). */
import type { DecoderConfig } from '../checkpoint/config.js';
import type { RopeScaling } from '../checkpoint/rope.js';
import type { Weight } from '../onnx/graph.js';

type RotaryConfig = Pick<DecoderConfig, 'headDim' | 'maxPositions' | 'ropeTheta' | 'ropeScaling'>;

/**
 * Cosines and sines by position, each `[maxPositions, headDim / 2]`, as float32 weights. Angles are rounded to
 * float32 at each step, as in the programs that trained the checkpoints: at position 100,000 that moves them by 0.01.
 * What is rotated is also multiplied by `factor`.
 */
export function rotaryTables(config: RotaryConfig, factor = 1): { cos: Weight; sin: Weight } {
  const half = config.headDim / 2;
  const frequencies = rotaryFrequencies(config);
  const yarn = config.ropeScaling?.type === 'yarn' ? Math.fround(config.ropeScaling.attentionFactor) : 1;
  const scale = yarn * factor;
  const table = (name: string, wave: (angle: number) => number): Weight => ({
    name,
    type: 'float32',
    dims: [config.maxPositions, half],
    *chunks() {
      const row = new Float32Array(half);
      for (let position = 0; position < config.maxPositions; position += 1) {
        for (let at = 0; at < half; at += 1)
          row[at] = scale * Math.fround(wave(Math.fround(position * frequencies[at]!)));
        yield new Uint8Array(row.buffer);
      }
    },
  });
  return { cos: table('rotary.cos', Math.cos), sin: table('rotary.sin', Math.sin) };
}

/** Radians a position for each pair of elements, in float32 as in modeling_rope_utils.py of transformers 5.18. */
export function rotaryFrequencies({ headDim, ropeTheta, ropeScaling }: RotaryConfig): Float32Array {
  const positionsPerRadian = Float32Array.from(
    { length: headDim / 2 },
    (_, at) => ropeTheta ** Math.fround((2 * at) / headDim),
  );
  const frequencies = positionsPerRadian.map((positions) => 1 / positions);
  switch (ropeScaling?.type) {
    case undefined:
      return frequencies;
    case 'linear':
      return frequencies.map((frequency) => frequency / ropeScaling.factor);
    case 'llama3':
      return frequencies.map((frequency) => llama3Frequency(frequency, ropeScaling));
    case 'yarn':
      return yarnFrequencies(positionsPerRadian, headDim, ropeTheta, ropeScaling);
  }
}

function llama3Frequency(frequency: number, scaling: Extract<RopeScaling, { type: 'llama3' }>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const turns = (originalPositions * frequency) / (2 * Math.PI);
  if (turns > high) return frequency;
  if (turns < low) return frequency / factor;
  const kept = (turns - low) / (high - low);
  return (1 - kept) * (frequency / factor) + kept * frequency;
}

/** Pairs below `low` keep their frequency, pairs above `high` have it divided, with a ramp between. */
function yarnFrequencies(
  positionsPerRadian: Float32Array,
  headDim: number,
  theta: number,
  scaling: Extract<RopeScaling, { type: 'yarn' }>,
): Float32Array {
  const { factor, betaFast, betaSlow, truncate, originalPositions } = scaling;
  const pairTurning = (turns: number) =>
    (headDim * Math.log(originalPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [first, last] = [pairTurning(betaFast), pairTurning(betaSlow)];
  const low = Math.max(truncate ? Math.floor(first) : first, 0);
  const high = Math.min(truncate ? Math.ceil(last) : last, headDim - 1);
  // Where both are one, the step of the ramp must not be a division by zero.
  const width = high === low ? 0.001 : high - low;
  // Rounded as the reference rounds: near the ramp's end the last digits of `kept` are multiplied by the factor.
  const round = Math.fround;
  return positionsPerRadian.map((positions, at) => {
    const ramp = round(round(at - round(low)) / round(width));
    const kept = round(1 - Math.min(Math.max(ramp, 0), 1));
    return round(round(1 / round(factor * positions)) * round(1 - kept)) + round(round(1 / positions) * kept);
  });
}
