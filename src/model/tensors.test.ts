import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readDecoderConfig } from '../checkpoint/config.js';
import { bytesOf, repositoryFolder, safetensorsFile, withFolder } from '../checkpoint/testing.js';
import { Weights } from '../checkpoint/weights.js';
import { checkTensors } from './tensorCheck.js';
import { tensorShapes } from './tensors.js';

const golden = (name: string) => repositoryFolder(join('test', 'fixtures', 'golden', name));

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 6,
  hidden_size: 4,
  intermediate_size: 5,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  rms_norm_eps: 1e-6,
  max_position_embeddings: 16,
  tie_word_embeddings: true,
};

type Tensors = Map<string, readonly number[]>;

/** Checks a checkpoint whose weights are the tensors of `CONFIG` and `fields`, all zeros, after `edit`. */
async function check(
  fields: object,
  edit: (tensors: Tensors) => void = () => {},
  values: Readonly<Record<string, number>> = {},
): Promise<void> {
  const json = { ...CONFIG, ...fields };
  await withFolder({ 'config.json': json }, async (folder) => {
    const config = await readDecoderConfig(folder);
    const tensors = tensorShapes(config);
    edit(tensors);
    const written = [...tensors].map(([name, shape]) => {
      const elements = shape.reduce((product, size) => product * size, 1);
      const data = bytesOf(new Float32Array(elements).fill(values[name] ?? 0));
      return [name, { dtype: 'F32', shape, data }] as const;
    });
    const file = safetensorsFile(Object.fromEntries(written));
    await withFolder({ 'config.json': json, 'model.safetensors': file }, async (checkpoint) => {
      const weights = await Weights.open(checkpoint);
      try {
        await checkTensors(config, weights);
      } finally {
        await weights.close();
      }
    });
  });
}

describe('tensorShapes', () => {
  test.each([
    'qwen2-tied-fp32',
    'qwen2-untied-bf16-sharded',
    'llama3-ropescaled-fp32',
    'llama-biases-yarn-bf16',
    'mistral-window-bf16',
    'qwen3-qknorm-fp16',
    'qwen3-biases-yarn-fp16',
  ])('are those that transformers saved of %s', async (name) => {
    const weights = await Weights.open(golden(name));
    const shapes = tensorShapes(await readDecoderConfig(golden(name)));
    const saved = weights.names().map((tensor) => [tensor, weights.shape(tensor)] as const);
    await weights.close();
    expect([...shapes].sort()).toEqual([...saved].sort());
  });
});

describe('checkTensors', () => {
  const Q_BIAS = 'model.layers.0.self_attn.q_proj.bias';
  const HEAD = 'lm_head.weight';

  test('accepts what belongs to the decoder, derived buffers, and a tied head saved all the same', async () => {
    await check({});
    await check({ attention_bias: true, mlp_bias: true });
    await check({}, (tensors) => {
      tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', [1]);
      tensors.set(HEAD, [6, 4]);
    });
  });

  test.each([
    ['a bias that config.json has not', {}, Q_BIAS, [4], 'attention_bias'],
    ['a bias of the MLP', {}, 'model.layers.0.mlp.up_proj.bias', [5], 'mlp_bias'],
    ['a norm of queries', {}, 'model.layers.0.self_attn.q_norm.weight', [2], 'another configuration'],
    ['a second layer', {}, 'model.layers.1.input_layernorm.weight', [4], 'another configuration'],
    ['another name for the embedding', {}, 'base_model.embed_tokens.weight', [6, 4], 'another configuration'],
  ])('refuses %s', async (_, fields, name, shape, hint) => {
    await expect(check(fields, (tensors) => tensors.set(name, shape))).rejects.toMatchObject({
      name: 'UnexpectedTensorError',
      message: expect.stringContaining('llama'),
      hint: expect.stringContaining(hint),
      place: { file: expect.stringMatching(/model\.safetensors$/), field: name },
    });
  });

  test.each([
    [{ attention_bias: true }, Q_BIAS],
    [{ mlp_bias: true }, 'model.layers.0.mlp.down_proj.bias'],
    [{ tie_word_embeddings: false }, HEAD],
    [{ architectures: ['Qwen3ForCausalLM'], head_dim: 2 }, 'model.layers.0.self_attn.k_norm.weight'],
    [{ architectures: ['Qwen2ForCausalLM'] }, 'model.layers.0.self_attn.v_proj.bias'],
  ])('with %j misses %s', async (fields, name) => {
    await expect(check(fields, (tensors) => tensors.delete(name))).rejects.toMatchObject({
      name: 'MissingTensorError',
      place: { field: name },
    });
  });

  test('refuses a shape that config.json contradicts', async () => {
    const stretch = (tensors: Tensors) => tensors.set('model.norm.weight', [5]);
    await expect(check({}, stretch)).rejects.toMatchObject({
      name: 'TensorShapeError',
      place: { field: 'model.norm.weight' },
    });
  });

  test('refuses a tied head that differs from the embedding', async () => {
    const head = (tensors: Tensors) => tensors.set(HEAD, [6, 4]);
    await expect(check({}, head, { [HEAD]: 1 })).rejects.toMatchObject({
      name: 'UnexpectedTensorError',
      hint: expect.stringContaining('tie_word_embeddings'),
      place: { field: HEAD },
    });
  });
});
