/** Tables of the rotary position embedding (RoFormer, arXiv 2104.09864). */
import type { DecoderConfig } from '../checkpoint/config.js';
import type { Weight } from '../onnx/graph.js';

/**
 * Cosines and sines by position, each `[maxPositions, headDim / 2]`, as float32 weights. Angles are rounded to
 * float32 at each step, as in the programs that trained the checkpoints: at position 100,000 that moves them by 0.01.
 */
export function rotaryTables(config: DecoderConfig): { cos: Weight; sin: Weight } {
  const half = config.headDim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, at) =>
    Math.fround(1 / Math.fround(config.ropeTheta ** Math.fround((2 * at) / config.headDim))),
  );
  const table = (name: string, wave: (angle: number) => number): Weight => ({
    name,
    type: 'float32',
    dims: [config.maxPositions, half],
    *chunks() {
      const row = new Float32Array(half);
      for (let position = 0; position < config.maxPositions; position += 1) {
        for (let at = 0; at < half; at += 1) row[at] = wave(Math.fround(position * frequencies[at]!));
        yield new Uint8Array(row.buffer);
      }
    },
  });
  return { cos: table('rotary.cos', Math.cos), sin: table('rotary.sin', Math.sin) };
}
