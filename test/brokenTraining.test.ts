/** Trainings that go wrong: each stops by name and keeps the last good state, from which it goes on to the same bits. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { digestOfFile } from '../src/files.js';
import { makeTaskSet } from '../src/train/tasks/taskSet.js';
import { MAIN, runCli } from './support/cli.js';
import { temporaryFolder } from './support/models.js';
import { onSmallDisk, UNSHARE } from './support/smallDisk.js';

const SCRIPT = fileURLToPath(new URL('./support/breakableTraining.js', import.meta.url));

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await temporaryFolder();
});

interface Outcome {
  readonly error: { readonly name: string; readonly message: string } | null;
  readonly weights: string;
}

function train(stage: string, name: string, plan: 'break' | 'go'): Outcome {
  const { stdout, stderr } = spawnSync(process.execPath, [SCRIPT, stage, at(name), plan], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Outcome;
}

const savedStep = async (name: string) =>
  (JSON.parse(await readFile(join(at(name), 'state.json'), 'utf8')) as { step: number }).step;

describe('a training that breaks after its first saved state', () => {
  test.each([
    ['sft', { name: 'DivergedError', message: expect.stringMatching(/^step \d+ has a loss or gradient/) }],
    [
      'grpo',
      {
        name: 'RewardError',
        message: expect.stringMatching(/^reward cosine of sample \d: it failed: no angle/),
      },
    ],
  ])('keeps it: %s', async (stage, error) => {
    const name = `${stage}-broken`;
    expect(train(stage, name, 'break').error).toEqual(error);
    const kept = await savedStep(name);
    const whole = train(stage, `${stage}-whole`, 'go');
    expect(whole.error).toBeNull();
    const last = await savedStep(`${stage}-whole`);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(last);
    expect(train(stage, name, 'go')).toEqual(whole);
    expect(await savedStep(name)).toBe(last);
  });
});

/** A disk of 20 MB takes the checkpoint (3.4 MB) and a state (10.3 MB), and no second state beside the first. */
const FULL_DISK = `
set -u
disk=$1; copy=$2; shift 2
mount -t tmpfs -o size=20m none "$disk" || exit 99
"$@"; echo "first $?"
cp -r "$disk/out" "$copy/kept"
ls -A "$disk/out" "$disk/out/training"
mount -o remount,size=60m "$disk"
"$@"; echo "second $?"
cp -r "$disk/out" "$copy/resumed"
`;

describe('a disk that fills up while training', () => {
  onSmallDisk('ends by name, keeps the last state and says so, and goes on to the same bits', async () => {
    const set = makeTaskSet({ seed: 4, count: 12, levels: [1], taken: null, styles: [1, 0, 0] });
    const lines = set.map(({ text, completion }) => JSON.stringify({ problem: text, completion }));
    await writeFile(at('data.jsonl'), `${lines.join('\n')}\n`);
    const argsFor = (out: string) => [
      ...['train', 'sft', '--model', 'models/pebble-base', '--data', at('data.jsonl'), '--out', out],
      ...['--epochs', '2', '--batch-tokens', '2048'],
    ];
    expect((await runCli(argsFor(at('whole')))).status).toBe(0);
    const disk = at('disk');
    await mkdir(disk);
    const args = [process.execPath, MAIN, ...argsFor(join(disk, 'out'))];
    const { stdout, stderr } = spawnSync(
      'unshare',
      [...UNSHARE, 'sh', '-c', FULL_DISK, 'sh', disk, folder, ...args],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toContain('first 1');
    expect(stderr).toMatch(/FileAccessError.*step-\d+\.safetensors: cannot write it \(ENOSPC\)/);
    expect(stderr).toMatch(
      /Kept in .*: the checkpoint .* the state after step \d+, from which the same command/,
    );
    expect(stderr).toContain('The disk is full');
    // No half-written file is left behind.
    expect(stdout).not.toContain('.tmp');
    expect(await savedStep(join('kept', 'training'))).toBeLessThan(
      await savedStep(join('whole', 'training')),
    );
    expect(stdout).toContain('second 0');
    const weights = (name: string) => digestOfFile(join(at(name), 'model.safetensors'));
    expect(await weights('resumed')).toBe(await weights('whole'));
  });
});
