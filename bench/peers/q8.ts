/** The Q8_0 format of ggml: blocks of 32 numbers, a float16 scale and 32 signed bytes each. */
import { toFloat16 } from '../../src/onnx/float16.js';

/** Numbers that share a scale. */
export const Q8_BLOCK = 32;
const BLOCK_BYTES = 2 + Q8_BLOCK;

/** Quantizes whole blocks: scale = largest magnitude / 127, as `quantize_row_q8_0_ref` does. */
export function quantizeQ8(values: Float32Array): Uint8Array {
  const blocks = values.length / Q8_BLOCK;
  const bytes = new Uint8Array(blocks * BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  for (let block = 0; block < blocks; block += 1) {
    const first = block * Q8_BLOCK;
    let largest = 0;
    for (let at = first; at < first + Q8_BLOCK; at += 1) largest = Math.max(largest, Math.abs(values[at]!));
    const scale = Math.fround(largest / 127);
    const inverse = scale === 0 ? 0 : 1 / scale;
    view.setUint16(block * BLOCK_BYTES, toFloat16(scale), true);
    for (let at = 0; at < Q8_BLOCK; at += 1)
      view.setInt8(block * BLOCK_BYTES + 2 + at, Math.round(values[first + at]! * inverse));
  }
  return bytes;
}
