/** Exports are made once for each content, whole or not at all. */
import { chmod, cp, mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { AdapterOnlyError } from '../src/checkpoint/errors.js';
import { BadExportError, readExport } from '../src/export/manifest.js';
import { NoModelError, resolveModel } from '../src/export/resolve.js';
import { decodeModel } from '../src/onnx/schema.js';
import { runCli } from './support/cli.js';
import { goldenFolder, temporaryFolder } from './support/models.js';

const TARGET = { dtype: 'fp32', device: 'cpu' } as const;

async function checkpoint(name = 'qwen2-tied-fp32'): Promise<string> {
  const folder = join(await temporaryFolder(), name);
  await cp(goldenFolder(name), folder, { recursive: true });
  return folder;
}

describe('resolveModel', () => {
  test('exports a checkpoint once, and again only when its content has changed', async () => {
    const folder = await checkpoint();
    const exported: string[] = [];
    const resolve = () => resolveModel(folder, { ...TARGET, onExport: (path) => exported.push(path) });
    const first = await resolve();
    expect((await resolve()).folder).toBe(first.folder);
    expect(exported).toHaveLength(1);

    // Touched and unchanged: its digest is computed again, and is the same.
    await utimes(join(folder, 'model.safetensors'), 1, 1);
    expect((await resolve()).folder).toBe(first.folder);
    expect(exported).toHaveLength(1);

    const weights = await readFile(join(folder, 'model.safetensors'));
    weights[weights.length - 2]! ^= 1;
    await writeFile(join(folder, 'model.safetensors'), weights);
    const second = await resolve();
    expect(second.folder).not.toBe(first.folder);
    expect(second.manifest.digest).not.toBe(first.manifest.digest);
    expect(exported).toHaveLength(2);
  });

  test('an export follows the tokenizer and the template of its checkpoint', async () => {
    const folder = await checkpoint();
    const read = (place: string, name: string) => readFile(join(place, name), 'utf8').catch(() => null);
    await writeFile(join(folder, 'chat_template.jinja'), 'one');
    const { folder: place } = await resolveModel(folder, TARGET);
    expect(await read(place, 'chat_template.jinja')).toBe('one');

    await writeFile(join(folder, 'chat_template.jinja'), 'two');
    expect((await resolveModel(folder, TARGET)).folder).toBe(place);
    expect(await read(place, 'chat_template.jinja')).toBe('two');

    await rm(join(folder, 'chat_template.jinja'));
    await resolveModel(folder, TARGET);
    expect(await read(place, 'chat_template.jinja')).toBeNull();
  });

  test('takes an export as it is, and keeps exports where it is told', async () => {
    const folder = await checkpoint();
    const exportFolder = join(await temporaryFolder(), 'deep', 'cache');
    const { folder: place, manifest } = await resolveModel(folder, { ...TARGET, exportFolder });
    expect(place.startsWith(exportFolder)).toBe(true);
    expect(await readdir(folder)).not.toContain('onnx');
    expect(await resolveModel(place, TARGET)).toEqual({ folder: place, manifest });
  });

  // Permissions do not hold the superuser back, so only other users see a read-only folder.
  const asUser = process.getuid?.() === 0 ? test.skip : test;
  asUser(
    'keeps exports of a read-only checkpoint in the cache of the user (not as root, whom nothing is read-only for)',
    async () => {
      const folder = await checkpoint();
      const cache = await temporaryFolder();
      process.env.XDG_CACHE_HOME = cache;
      await chmod(folder, 0o555);
      const { folder: place } = await resolveModel(folder, TARGET);
      expect(place.startsWith(cache)).toBe(true);
      expect((await resolveModel(folder, TARGET)).folder).toBe(place);
    },
  );

  test('a failed export leaves nothing that looks like one', async () => {
    const folder = await checkpoint();
    const file = join(folder, 'model.safetensors');
    const weights = await readFile(file);
    // The last number becomes NaN, which is met when most of the export is written.
    await writeFile(file, Buffer.concat([weights.subarray(0, -4), Buffer.from([0, 0, 0xc0, 0x7f])]));
    await expect(resolveModel(folder, TARGET)).rejects.toThrow('NaN');
    expect(await readdir(join(folder, 'onnx'))).toEqual([]);
    await writeFile(file, weights);
    await expect(resolveModel(folder, TARGET)).resolves.toBeDefined();
  });

  test('weights that config.json contradicts are refused before anything is written', async () => {
    const folder = await checkpoint();
    const file = join(folder, 'config.json');
    const config = await readFile(file, 'utf8');
    await writeFile(file, config.replace('"intermediate_size": 160', '"intermediate_size": 128'));
    await expect(resolveModel(folder, TARGET)).rejects.toThrow('gate_proj');
    expect(await readdir(folder)).not.toContain('onnx');
  });

  test('an adapter alone is named as one', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'adapter_config.json'), '{}');
    await expect(resolveModel(folder, TARGET)).rejects.toThrow(AdapterOnlyError);
    await cp(join(goldenFolder('qwen2-tied-fp32'), 'config.json'), join(folder, 'config.json'));
    await expect(resolveModel(folder, TARGET)).rejects.toThrow(AdapterOnlyError);
  });

  test('refuses a tokenizer with tokens that have no row in the embedding, before it writes anything', async () => {
    const folder = await checkpoint();
    const tokenizer = {
      model: { type: 'BPE', vocab: { a: 0 }, merges: [] },
      added_tokens: [{ id: 9999, content: 'b' }],
    };
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    await expect(resolveModel(folder, TARGET)).rejects.toMatchObject({ name: 'VocabularyMismatchError' });
    expect(await readdir(folder)).not.toContain('onnx');
  });

  test('refuses folders that are no model, and manifests of another version', async () => {
    const empty = await temporaryFolder();
    await expect(resolveModel(empty, TARGET)).rejects.toThrow(NoModelError);
    const { folder } = await resolveModel(await checkpoint(), TARGET);
    const file = join(folder, 'export.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"format": \d+/, '"format": 999'));
    await expect(readExport(folder)).rejects.toThrow(BadExportError);
    await expect(readExport(folder)).rejects.toThrow('format');
    await truncate(file, 10);
    await expect(readExport(folder)).rejects.toThrow('not valid JSON');
  });

  test('refuses a cache that cannot be written', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    await expect(
      resolveModel(await checkpoint(), { ...TARGET, exportFolder: join(file, 'x') }),
    ).rejects.toThrow(file);
  });
});

describe('an exported graph', () => {
  test('stands alone: weights outside the graph file, tied ones once, tokenizer files beside', async () => {
    const folder = join(await temporaryFolder(), 'pebble');
    await mkdir(folder);
    await cp('models/pebble-sft', folder, { recursive: true, filter: (from) => !from.includes('onnx') });
    const { folder: place, manifest } = await resolveModel(folder, TARGET);
    expect(await readdir(place)).toEqual(
      expect.arrayContaining([
        'model.onnx',
        'model.onnx.data',
        'tokenizer.json',
        'tokenizer_config.json',
        'config.json',
      ]),
    );
    const { graph } = decodeModel(await readFile(join(place, 'model.onnx')));
    const external = graph.initializer.filter(({ external_data }) => external_data!.length > 0);
    const rotary = 2 * manifest.config.maxPositions * (manifest.config.headDim / 2);
    const values = external.reduce(
      (sum, { dims }) => sum + dims.reduce((product, size) => product * size, 1),
      0,
    );
    // The checkpoint's 854,144 parameters, each once, and the two tables of the rotary embedding.
    expect(values).toBe(854_144 + rotary);
    expect((await stat(join(place, 'model.onnx'))).size).toBeLessThan(100_000);
  });
});

describe('exports that are not used any more', () => {
  const changed = async (folder: string) => {
    const file = join(folder, 'model.safetensors');
    const weights = await readFile(file);
    weights[weights.length - 2]! ^= 1;
    await writeFile(file, weights);
  };

  test('are named with their size, and deleted when asked for; those of other settings stay', async () => {
    const folder = await checkpoint();
    const old = await resolveModel(folder, TARGET);
    await changed(folder);
    const other = await resolveModel(folder, { ...TARGET, dtype: 'int8' });
    const said = await runCli(['export', folder]);
    expect(said.stdout).toMatch(
      /1 older export \(\d+ MB\) beside it will not be used again; --prune deletes them/,
    );
    expect((await readExport(old.folder)).manifest.digest).toBe(old.manifest.digest);
    const pruned = await runCli(['export', folder, '--prune']);
    expect(pruned.stdout).toMatch(/deleted 1 older export/);
    await expect(readExport(old.folder)).rejects.toThrow(old.folder);
    await expect(readExport(other.folder)).resolves.toBeDefined();
    expect((await runCli(['export', folder])).stdout).not.toContain('older');
  });

  test('are not looked for in a folder that the user chose, where other checkpoints may keep theirs', async () => {
    const [one, two] = [await checkpoint(), await checkpoint('qwen2-untied-bf16-sharded')];
    const shared = await temporaryFolder();
    const kept = await resolveModel(one, { ...TARGET, exportFolder: shared });
    const { status } = await runCli(['export', two, '--export-dir', shared, '--prune']);
    expect(status).toBe(0);
    await expect(readExport(kept.folder)).resolves.toBeDefined();
  });
});
