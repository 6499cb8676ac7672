/** Quantized exports: the operators read what the exporter writes, and models stay close to their fp32 originals. */
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { NonFiniteWeightError } from '../src/checkpoint/errors.js';
import { BLOCK_SIZES, type BlockFormat, quantizeRows } from '../src/export/blocks.js';
import { exportCheckpoint } from '../src/export/exporter.js';
import { readQuantizationReport } from '../src/export/quantizationReport.js';
import { resolveModel } from '../src/export/resolve.js';
import { Graph, MICROSOFT, type Weight } from '../src/onnx/graph.js';
import { WEIGHTS_FILE } from '../src/onnx/writer.js';
import { runCli } from './support/cli.js';
import { goldenFolder, readGolden, temporaryFolder } from './support/models.js';
import { runGraph } from './support/runGraph.js';

const bytesOf = (view: Float32Array | Uint8Array) =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

describe('the operators', () => {
  const [rows, columns] = [24, 160];
  const wave = (count: number, step: number) =>
    Float32Array.from({ length: count }, (_, at) => Math.sin(at * step));
  const values = wave(rows * columns, 0.7);
  const x = wave(3 * columns, 0.3);
  const tokens = [5, 0, 23];
  const formats = ([4, 8] as const).flatMap((bits) =>
    [true, false].flatMap((symmetric) =>
      BLOCK_SIZES.map((blockSize): BlockFormat => ({ bits, blockSize, symmetric, scaleType: 'float32' })),
    ),
  );

  test.each(formats)('multiply by and gather the quantized matrix: %j', async (format) => {
    const { bits, blockSize } = format;
    const parts = quantizeRows(values, columns, format);
    const blocks = Math.ceil(columns / blockSize);
    const rowBytes = (blocks * blockSize * bits) / 8;
    const graph = new Graph('test');
    const weight = (name: string, data: Float32Array | Uint8Array, dims: readonly number[]): Weight => ({
      name,
      type: data instanceof Float32Array ? 'float32' : 'uint8',
      dims,
      chunks: () => [bytesOf(data)],
    });
    const integers = weight('integers', parts.integers, [rows, blocks, rowBytes / blocks]);
    const matrix = graph.weight(integers);
    const table = graph.alias({ name: 'table', type: 'uint8', dims: [rows, rowBytes], of: integers });
    const scales = graph.weight(weight('scales', parts.scales, [rows, blocks]));
    const zeros = parts.zeroPoints
      ? graph.weight(weight('zeros', parts.zeroPoints, [rows, parts.zeroPoints.length / rows]))
      : null;
    const [input, indices] = [graph.input('x', 'float32', [3, columns]), graph.input('tokens', 'int64', [3])];
    const inputs = [input, matrix, scales, ...(zeros ? [zeros] : [])];
    const attributes = { K: columns, N: rows, bits, block_size: blockSize, accuracy_level: 0 };
    graph.output(
      graph.op('MatMulNBits', inputs, { domain: MICROSOFT, attributes }),
      'float32',
      [3, rows],
      'y',
    );
    const gathered = graph.op('GatherBlockQuantized', [table, indices, scales, zeros], {
      domain: MICROSOFT,
      attributes: { bits, block_size: blockSize, gather_axis: 0, quantize_axis: 1 },
    });
    graph.output(gathered, 'float32', [3, blocks * blockSize], 'gathered');

    const results = await runGraph(graph, {
      x: { type: 'float32', data: x, dims: [3, columns] },
      tokens: { type: 'int64', data: BigInt64Array.from(tokens, BigInt), dims: [3] },
    });

    const zeroOf = (row: number, block: number) => {
      if (!parts.zeroPoints) return 2 ** (bits - 1);
      const width = parts.zeroPoints.length / rows;
      if (bits === 8) return parts.zeroPoints[row * width + block]!;
      return (parts.zeroPoints[row * width + (block >> 1)]! >> (4 * (block & 1))) & 15;
    };
    const plain = (row: number, column: number) => {
      const block = Math.floor(column / blockSize);
      const at = row * rowBytes;
      const level =
        bits === 8
          ? parts.integers[at + column]!
          : (parts.integers[at + (column >> 1)]! >> (4 * (column & 1))) & 15;
      return (level - zeroOf(row, block)) * parts.scales[row * blocks + block]!;
    };
    for (const [at, token] of tokens.entries())
      for (let column = 0; column < columns; column += 1)
        expect(results.gathered!.data[at * blocks * blockSize + column]).toBeCloseTo(plain(token, column), 6);
    for (let at = 0; at < 3; at += 1)
      for (let row = 0; row < rows; row += 1) {
        let sum = 0;
        for (let column = 0; column < columns; column += 1)
          sum += x[at * columns + column]! * plain(row, column);
        expect(results.y!.data[at * rows + row]).toBeCloseTo(sum, 4);
      }
  });
});

/** Exports a golden checkpoint, and returns what `boxed export --check` finds on its golden texts. */
async function check(name: string, ...flags: string[]) {
  const { prompts, greedy } = await readGolden(name);
  const folder = await temporaryFolder();
  const lines = prompts.map((prompt, id) => JSON.stringify({ id, tokens: [...prompt, ...greedy[id]!] }));
  await writeFile(join(folder, 'texts.jsonl'), lines.join('\n'));
  const args = [
    '--check',
    '--texts',
    join(folder, 'texts.jsonl'),
    '--export-dir',
    join(folder, 'onnx'),
    '--json',
  ];
  const { stdout, stderr, status } = await runCli(['export', goldenFolder(name), ...args, ...flags]);
  expect({ stderr, status }).toEqual({ stderr: expect.anything(), status: 0 });
  return { ...JSON.parse(stdout), exports: await readdir(join(folder, 'onnx')) };
}

describe('boxed export --check', () => {
  test('finds fp32 equal to itself, and perplexities as low as greedy texts have them', async () => {
    const { fidelity } = await check('qwen2-tied-fp32');
    expect(fidelity.kl).toBe(0);
    expect(fidelity.agreement).toBe(1);
    expect(fidelity.referencePerplexity).toBe(fidelity.candidatePerplexity);
  });

  test.each(['qwen2-untied-bf16-sharded', 'qwen3-qknorm-fp16', 'llama3-ropescaled-fp32'])(
    '%s: 8 bits are close to fp32, 4 bits farther off',
    async (name) => {
      const eight = await check(name, '--dtype', 'int8');
      const four = await check(name, '--dtype', 'int4');
      // Random weights make larger logits than trained ones do, and so larger divergences.
      expect(eight.fidelity.kl).toBeLessThan(0.1);
      expect(eight.fidelity.agreement).toBeGreaterThan(0.8);
      expect(eight.fidelity.kl).toBeLessThan(four.fidelity.kl);
      expect(eight.report.relativeError).toBeLessThan(0.01);
      expect(four.report.relativeError).toBeLessThan(0.1);
      // The fp32 reference was made for the check, and is gone.
      expect(four.exports.filter((entry: string) => entry.includes('fp32'))).toEqual([]);
    },
  );

  test('works with the bundled text and in words', async () => {
    const folder = await temporaryFolder();
    const { stdout, status } = await runCli([
      ...['export', 'models/pebble-sft', '--dtype', 'int4', '--check', '--check-tokens', '300'],
      ...['--export-dir', folder],
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/against fp32 on 298 tokens: KL divergence 0\.\d+ nats a token/);
    expect(stdout).toMatch(/relative error \d\.\d\d % over 29 matrices, most in model\.layers/);
  });
});

describe('a quantized export', () => {
  const settings = { device: 'cpu', dtype: 'int8', digest: 'test' } as const;

  async function exported(name: string, quantization = {}, dtype: 'int8' | 'int4' = 'int8') {
    const target = join(await temporaryFolder(), 'export');
    return exportCheckpoint(goldenFolder(name), target, { ...settings, dtype, quantization });
  }
  const dataBytes = async (folder: string) => (await stat(join(folder, WEIGHTS_FILE))).size;

  test('stores a head that is also the embedding once, and an untied embedding as float', async () => {
    const tied = await exported('qwen2-tied-fp32');
    const untied = await exported('qwen2-untied-bf16-sharded');
    const apart = await exported('qwen2-untied-bf16-sharded', {
      rules: [{ pattern: 'embed_tokens', precision: 'int8' }],
    });
    const names = async (folder: string) =>
      (await readQuantizationReport(folder)).matrices.map((matrix) => matrix.name);
    expect(await names(tied.folder)).toHaveLength(1 + 3 * 7);
    expect(await names(untied.folder)).not.toContain('model.embed_tokens.weight');
    expect(await names(apart.folder)).toContain('model.embed_tokens.weight');
    // 320 × 64 numbers of 4 bytes become 1 byte each and a scale of 4 for every 64: blocks of 128 would be half empty.
    const saved = (await dataBytes(untied.folder)) - (await dataBytes(apart.folder));
    expect(Math.abs(saved - 320 * 64 * (4 - 1 - 4 / 64))).toBeLessThan(2 * 4096);
  });

  test('keeps what a rule keeps, and records what it was made with', async () => {
    const rules = [
      { pattern: '0-1.down_proj', precision: 'float' },
      { pattern: 'v_proj', precision: 'int8' },
    ] as const;
    const { folder, manifest } = await exported(
      'qwen2-tied-fp32',
      { rules, blockSize: 64, symmetric: false },
      'int4',
    );
    const { matrices } = await readQuantizationReport(folder);
    const bits = new Map(matrices.map((matrix) => [matrix.name, matrix.bits]));
    expect(bits.get('model.layers.0.mlp.down_proj.weight')).toBeUndefined();
    expect(bits.get('model.layers.2.mlp.down_proj.weight')).toBe(4);
    expect(bits.get('model.layers.2.self_attn.v_proj.weight')).toBe(8);
    expect(manifest.quantization).toMatchObject({ dtype: 'int4', blockSize: 64, symmetric: false });
    expect(manifest.quantization!.rules.slice(0, 2)).toEqual(rules);
  });

  test('is found again by its settings alone', async () => {
    const folder = join(await temporaryFolder(), 'checkpoint');
    await cp(goldenFolder('qwen2-tied-fp32'), folder, { recursive: true });
    const made: string[] = [];
    const resolve = (quantization: object) =>
      resolveModel(folder, {
        device: 'cpu',
        dtype: 'int8',
        quantization,
        onExport: (_, to) => made.push(to),
      });
    const [first, same] = [await resolve({}), await resolve({ blockSize: 128 })];
    expect(same.folder).toBe(first.folder);
    await resolve({ symmetric: false });
    await resolve({ rules: [{ pattern: '0', precision: 'float' }] });
    expect(new Set(made).size).toBe(3);
  });

  test('is not made of weights that are no numbers, nor leaves anything of them', async () => {
    const folder = join(await temporaryFolder(), 'checkpoint');
    await mkdir(folder);
    await cp(goldenFolder('qwen2-tied-fp32'), folder, { recursive: true });
    const file = join(folder, 'model.safetensors');
    const bytes = await readFile(file);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
    const [start] = header['model.layers.1.mlp.up_proj.weight'].data_offsets;
    bytes.writeFloatLE(Number.NaN, 8 + Number(bytes.readBigUInt64LE(0)) + start + 4 * 321);
    await writeFile(file, bytes);
    const parent = await temporaryFolder();
    const failure = exportCheckpoint(folder, join(parent, 'export'), settings);
    await expect(failure).rejects.toThrow(NonFiniteWeightError);
    await expect(failure).rejects.toThrow(/model\.layers\.1\.mlp\.up_proj\.weight: element 321 is NaN/);
    expect(await readdir(parent)).toEqual([]);
  });

  test('refuses settings that mean nothing', async () => {
    const wrong = async (...flags: string[]) => runCli(['export', goldenFolder('qwen2-tied-fp32'), ...flags]);
    for (const flags of [
      ['--block-size', '64'],
      ['--dtype', 'int4', '--block-size', '48'],
      ['--dtype', 'int4', '--precision', 'lm_head'],
      ['--dtype', 'int3'],
    ]) {
      const { status, stderr } = await wrong(...flags);
      expect(status).toBe(2);
      expect(stderr).toMatch(/UsageError/);
    }
  });
});
