/** A Qwen2 checkpoint as GGUF: names and metadata as llama.cpp reads them (`llama-arch.cpp`), matrices as they are or in Q8_0. */
import type { DecoderConfig } from '../../src/checkpoint/config.js';
import type { Weights } from '../../src/checkpoint/weights.js';
import { EMBEDDING, FINAL_NORM, HEAD, tensorShapes } from '../../src/model/tensors.js';
import { type GgufTensor, type GgufType, type GgufValue, writeGguf } from './gguf.js';
import { Q8_BLOCK, quantizeQ8 } from './q8.js';

/** Names of the parts of a layer. */
const LAYER_PARTS: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};
const OTHER_PARTS: Readonly<Record<string, string>> = {
  [EMBEDDING]: 'token_embd',
  [FINAL_NORM]: 'output_norm',
  [HEAD]: 'output',
};

/** `general.file_type` of a file whose matrices have this type. */
const FILE_TYPES: Readonly<Record<GgufType, number>> = { F32: 0, Q8_0: 7 };
/** `LLAMA_TOKEN_TYPE_NORMAL`. */
const NORMAL_TOKEN = 1;

/** Writes a checkpoint to `file`. @throws RangeError for a decoder other than plain Qwen2 */
export async function writeGgufModel(
  file: string,
  config: DecoderConfig,
  weights: Weights,
  matrices: GgufType,
): Promise<void> {
  if (config.architecture !== 'qwen2' || config.ropeScaling !== null)
    throw new RangeError(`only Qwen2 without rotary scaling is written, not ${config.architecture}`);
  const tensors = [...tensorShapes(config)].map(([name, shape]): GgufTensor => {
    const type = shape.length === 2 ? matrices : 'F32';
    return { name: ggufName(name), type, shape, pieces: () => pieces(weights, name, shape, type) };
  });
  await writeGguf(file, new Map(Object.entries(metadata(config, matrices))), tensors);
}

/** A tensor's name in GGUF by its name in the checkpoint. */
function ggufName(name: string): string {
  const [, layer, layerPart, suffix] =
    /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? ([] as undefined[]);
  if (layer !== undefined) return `blk.${layer}.${LAYER_PARTS[layerPart!]}.${suffix}`;
  return `${OTHER_PARTS[name.slice(0, -'.weight'.length)]}.weight`;
}

async function* pieces(
  weights: Weights,
  name: string,
  shape: readonly number[],
  type: GgufType,
): AsyncGenerator<Uint8Array> {
  if (type === 'Q8_0' && shape[1]! % Q8_BLOCK !== 0)
    throw new RangeError(`rows of ${name} are no multiple of ${Q8_BLOCK} long`);
  for await (const piece of weights.stream(name, shape))
    yield type === 'Q8_0'
      ? quantizeQ8(piece)
      : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
}

function metadata(config: DecoderConfig, matrices: GgufType): Record<string, GgufValue> {
  const uint32 = (value: number): GgufValue => ({ type: 'uint32', value });
  const float32 = (value: number): GgufValue => ({ type: 'float32', value });
  const string = (value: string): GgufValue => ({ type: 'string', value });
  const ids = Array.from({ length: config.vocabSize }, (_, id) => id);
  return {
    'general.architecture': string('qwen2'),
    'general.name': string('checkpoint'),
    'general.file_type': uint32(FILE_TYPES[matrices]),
    'qwen2.context_length': uint32(config.maxPositions),
    'qwen2.embedding_length': uint32(config.hiddenSize),
    'qwen2.block_count': uint32(config.layers),
    'qwen2.feed_forward_length': uint32(config.intermediateSize),
    'qwen2.attention.head_count': uint32(config.heads),
    'qwen2.attention.head_count_kv': uint32(config.kvHeads),
    'qwen2.attention.key_length': uint32(config.headDim),
    'qwen2.attention.value_length': uint32(config.headDim),
    'qwen2.rope.dimension_count': uint32(config.headDim),
    'qwen2.rope.freq_base': float32(config.ropeTheta),
    'qwen2.attention.layer_norm_rms_epsilon': float32(config.rmsNormEps),
    // A vocabulary without texts: prompts and continuations are token ids.
    'tokenizer.ggml.model': string('gpt2'),
    'tokenizer.ggml.pre': string('qwen2'),
    'tokenizer.ggml.tokens': { type: 'strings', value: ids.map((id) => `<${id}>`) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: ids.map(() => NORMAL_TOKEN) },
    'tokenizer.ggml.merges': { type: 'strings', value: [] },
    'tokenizer.ggml.eos_token_id': uint32(config.eosTokenIds[0] ?? 0),
  };
}
