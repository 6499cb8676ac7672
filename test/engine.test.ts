/** The engine on a bundled checkpoint on the CPU: the contract of all engines, and what happens when its worker breaks. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Engine } from '../src/engine/engine.js';
import type { ExportedModel } from '../src/export/manifest.js';
import { engineContract } from './support/engineContract.js';
import { exportForTest, temporaryFolder } from './support/models.js';
import { request } from './support/requests.js';

describe('the engine on the CPU', () => {
  engineContract({
    model: () => exportForTest('models/pebble-grpo'),
    queued: 10_000,
    turnedAround: 0,
    timeoutMs: 60_000,
  });
});

describe('an engine that breaks', () => {
  let model: ExportedModel;
  beforeAll(async () => {
    model = await exportForTest('models/pebble-grpo');
  });

  test('because the runtime cannot load the model is an error with its name', async () => {
    const folder = await temporaryFolder();
    await expect(Engine.open({ folder, manifest: model.manifest })).rejects.toThrow('the runtime failed');
  });

  test('in a run rejects open requests and later ones, and closes all the same', async () => {
    // The graph refuses the shapes that this comes to.
    const config = { ...model.manifest.config, headDim: 2 * model.manifest.config.headDim };
    const engine = await Engine.open({ ...model, manifest: { ...model.manifest, config } });
    const open = engine.generate([request('open')]);
    await expect(open).rejects.toThrow(/the runtime failed: .*frozen_keys/s);
    await expect(engine.generate([request('late')])).rejects.toThrow('the runtime failed');
    await engine.close();
  });

  test.each([
    ['ended', 'unlimited', /its worker ended with code 1/],
    ['memory', '5000000', /Array buffer allocation failed/],
  ])(
    'because of its worker (%s) rejects open requests and says what to do',
    async (how, kilobytes, reason) => {
      const script = new URL('./support/brokenWorker.js', import.meta.url).pathname;
      const command = 'ulimit -v "$1" && exec "$2" "$3" "$4" "$5"';
      const { stdout } = await promisify(execFile)('bash', [
        ...['-c', command, 'bash', kilobytes, process.execPath, script, model.folder, how],
      ]);
      const { name, message, hint, late } = JSON.parse(stdout) as Record<string, string>;
      expect(name).toBe('EngineFailedError');
      expect(message).toMatch(reason);
      expect(hint).toContain('fewer --rows');
      expect(late).toBe(message);
    },
  );
});
