/**
 * Makes a checkpoint of a given shape with random weights and no tokenizer, for measurements:
 *   node dist/bench/syntheticCheckpoint.js tiny|small|qwen2.5-0.5b FOLDER
 */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Shape {
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
  readonly tie_word_embeddings: boolean;
  readonly max_position_embeddings: number;
  readonly rope_theta: number;
  readonly rms_norm_eps: number;
  readonly torch_dtype: 'float32' | 'bfloat16';
}

const SMALL_SHAPE = {
  num_key_value_heads: 2,
  tie_word_embeddings: true,
  max_position_embeddings: 4096,
  rope_theta: 10_000,
  rms_norm_eps: 1e-6,
  torch_dtype: 'float32',
} as const;

const SHAPES: Readonly<Record<string, Shape>> = {
  tiny: {
    ...SMALL_SHAPE,
    hidden_size: 192,
    num_hidden_layers: 6,
    num_attention_heads: 6,
    intermediate_size: 512,
    vocab_size: 512,
  },
  small: {
    ...SMALL_SHAPE,
    hidden_size: 512,
    num_hidden_layers: 8,
    num_attention_heads: 8,
    intermediate_size: 1408,
    vocab_size: 4096,
  },
  'qwen2.5-0.5b': {
    hidden_size: 896,
    num_hidden_layers: 24,
    num_attention_heads: 14,
    num_key_value_heads: 2,
    intermediate_size: 4864,
    vocab_size: 151_936,
    tie_word_embeddings: true,
    max_position_embeddings: 32_768,
    rope_theta: 1_000_000,
    rms_norm_eps: 1e-6,
    torch_dtype: 'bfloat16',
  },
};

/** Standard deviation of matrices, as transformers initialises them. */
const DEVIATION = 0.02;
/** Elements written at once. */
const PIECE = 1 << 22;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Every element, or `null` for normally distributed ones. */
  readonly value: number | null;
}

function tensorsOf(shape: Shape): Tensor[] {
  const { hidden_size: hidden, intermediate_size: inner } = shape;
  const headDim = hidden / shape.num_attention_heads;
  const kv = shape.num_key_value_heads * headDim;
  const matrix = (name: string, ...dims: number[]): Tensor => ({
    name: `${name}.weight`,
    shape: dims,
    value: null,
  });
  const vector = (name: string, size: number, value: number): Tensor => ({ name, shape: [size], value });
  const layers = Array.from({ length: shape.num_hidden_layers }, (_, layer) => {
    const at = `model.layers.${layer}`;
    return [
      vector(`${at}.input_layernorm.weight`, hidden, 1),
      matrix(`${at}.self_attn.q_proj`, hidden, hidden),
      matrix(`${at}.self_attn.k_proj`, kv, hidden),
      matrix(`${at}.self_attn.v_proj`, kv, hidden),
      vector(`${at}.self_attn.q_proj.bias`, hidden, 0),
      vector(`${at}.self_attn.k_proj.bias`, kv, 0),
      vector(`${at}.self_attn.v_proj.bias`, kv, 0),
      matrix(`${at}.self_attn.o_proj`, hidden, hidden),
      vector(`${at}.post_attention_layernorm.weight`, hidden, 1),
      matrix(`${at}.mlp.gate_proj`, inner, hidden),
      matrix(`${at}.mlp.up_proj`, inner, hidden),
      matrix(`${at}.mlp.down_proj`, hidden, inner),
    ];
  });
  return [
    matrix('model.embed_tokens', shape.vocab_size, hidden),
    ...layers.flat(),
    vector('model.norm.weight', hidden, 1),
  ];
}

async function writeWeights(file: string, { torch_dtype }: Shape, tensors: readonly Tensor[]): Promise<void> {
  const wide = torch_dtype === 'float32';
  let end = 0;
  const header = Object.fromEntries(
    tensors.map((tensor) => {
      const start = end;
      end += (wide ? 4 : 2) * elementsOf(tensor);
      return [tensor.name, { dtype: wide ? 'F32' : 'BF16', shape: tensor.shape, data_offsets: [start, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const handle = await open(file, 'w');
  await handle.write(Buffer.concat([length, text]));
  const random = normalBits(1);
  const piece = new Uint16Array(PIECE);
  for (const tensor of tensors) {
    const elements = elementsOf(tensor);
    for (let first = 0; first < elements; first += PIECE) {
      const part = piece.subarray(0, Math.min(PIECE, elements - first));
      if (tensor.value !== null) part.fill(bfloat16(tensor.value));
      else for (let at = 0; at < part.length; at += 1) part[at] = random();
      await handle.write(wide ? widened(part) : part);
    }
  }
  await handle.close();
}

function elementsOf(tensor: Tensor): number {
  return tensor.shape.reduce((product, size) => product * size, 1);
}

const word = new Float32Array(1);
const halves = new Uint16Array(word.buffer);

/** The upper half of a float32, cut and not rounded: these are random numbers. */
function bfloat16(value: number): number {
  word[0] = value;
  return halves[1]!;
}

/** The float32 numbers whose upper halves these are. */
function widened(part: Uint16Array): Uint32Array {
  return Uint32Array.from(part, (half) => half << 16);
}

/** Normally distributed numbers from a table of 65,536 quantiles, picked by xorshift32. */
function normalBits(seed: number): () => number {
  const table = Uint16Array.from({ length: 2 ** 16 }, (_, at) =>
    bfloat16(DEVIATION * quantile((at + 0.5) / 2 ** 16)),
  );
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return table[state >>> 16]!;
  };
}

/** The quantile of the standard normal distribution. */
function quantile(share: number): number {
  return share < 0.5 ? -tail(share) : tail(1 - share);
}

/** Distance from the mean beyond which `share` lies: rational approximation 26.2.23 of Abramowitz and Stegun, error 4.5e-4. */
function tail(share: number): number {
  const t = Math.sqrt(-2 * Math.log(share));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  const below = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return t - above / below;
}

const [name = '', folder = ''] = process.argv.slice(2);
const shape = SHAPES[name];
if (shape === undefined || folder === '') {
  process.stderr.write(`usage: syntheticCheckpoint ${Object.keys(SHAPES).join('|')} FOLDER\n`);
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const weightsFile = join(folder, 'model.safetensors');
if (existsSync(weightsFile)) process.exit(0);
const config = {
  architectures: ['Qwen2ForCausalLM'],
  model_type: 'qwen2',
  hidden_act: 'silu',
  eos_token_id: 0,
  ...shape,
};
await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
await writeWeights(`${weightsFile}.part`, shape, tensorsOf(shape));
await rename(`${weightsFile}.part`, weightsFile);
