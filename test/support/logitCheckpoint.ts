/** A checkpoint of one layer whose logits are given numbers, whatever came before: for tests of what is drawn from them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf, safetensorsFile } from '../../src/checkpoint/testing.js';
import { temporaryFolder } from './models.js';

const HIDDEN = 8;
const LARGE = 3e38;

/** Writes it into a new folder. `broken`: a token after which every logit is NaN. */
export async function logitCheckpoint(logits: ArrayLike<number>, broken?: number): Promise<string> {
  const vocabulary = logits.length;
  const folder = join(await temporaryFolder(), 'logits');
  await mkdir(folder);
  const tensor = (shape: readonly number[], valueAt: (at: number) => number) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = bytesOf(Float32Array.from({ length: size }, (_, at) => valueAt(at)));
    return { dtype: 'F32', shape, data };
  };
  const zeros = (...shape: number[]) => tensor(shape, () => 0);
  const ones = () => tensor([HIDDEN], () => 1);
  const layer = 'model.layers.0';
  const tensors = {
    // A vector of ones stays one through the layer, which adds nothing, and through the norm. That of the broken token
    // has a -1, for which two large numbers of the head add up, beyond float32, where else they cancel.
    'model.embed_tokens.weight': tensor([vocabulary, HIDDEN], (at) =>
      Math.floor(at / HIDDEN) === broken && at % HIDDEN === 2 ? -1 : 1,
    ),
    [`${layer}.input_layernorm.weight`]: ones(),
    [`${layer}.self_attn.q_proj.weight`]: zeros(HIDDEN, HIDDEN),
    [`${layer}.self_attn.k_proj.weight`]: zeros(HIDDEN, HIDDEN),
    [`${layer}.self_attn.v_proj.weight`]: zeros(HIDDEN, HIDDEN),
    [`${layer}.self_attn.q_proj.bias`]: zeros(HIDDEN),
    [`${layer}.self_attn.k_proj.bias`]: zeros(HIDDEN),
    [`${layer}.self_attn.v_proj.bias`]: zeros(HIDDEN),
    [`${layer}.self_attn.o_proj.weight`]: zeros(HIDDEN, HIDDEN),
    [`${layer}.post_attention_layernorm.weight`]: ones(),
    [`${layer}.mlp.gate_proj.weight`]: zeros(HIDDEN, HIDDEN),
    [`${layer}.mlp.up_proj.weight`]: zeros(HIDDEN, HIDDEN),
    [`${layer}.mlp.down_proj.weight`]: zeros(HIDDEN, HIDDEN),
    'model.norm.weight': ones(),
    'lm_head.weight': tensor([vocabulary, HIDDEN], (at) => {
      const [row, column] = [Math.floor(at / HIDDEN), at % HIDDEN];
      if (column === 0) return logits[row]!;
      return broken === undefined || row > 0 ? 0 : ([0, LARGE, -LARGE][column] ?? 0);
    }),
  };
  const config = {
    architectures: ['Qwen2ForCausalLM'],
    model_type: 'qwen2',
    hidden_act: 'silu',
    hidden_size: HIDDEN,
    intermediate_size: HIDDEN,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    num_key_value_heads: 1,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-12,
    rope_theta: 10_000,
    tie_word_embeddings: false,
    vocab_size: vocabulary,
    eos_token_id: 0,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'model.safetensors'), safetensorsFile(tensors));
  return folder;
}
