/** The solver process against its walls: every way to the key that a hostile solver can try is tried, and must end in a refusal. */
import { fork, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { cp, link as hardLink, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { requireOwnFiles } from '../src/run/modelFolder.js';
import { findSandbox, type SandboxOrWhy } from '../src/run/sandbox.js';
import { attack, entryOf } from './support/hostileRun.js';
import type { HostileReport, Whisper } from './support/hostileSolver.js';
import { temporaryFolder } from './support/models.js';

/** Part of the key that no report may hold. */
const SECRET = 'rem-0000';
const ADDON = resolve('node_modules/@unrs/resolver-binding-linux-x64-gnu/resolver.linux-x64-gnu.node');

let whisper: Whisper;
let servers: Server[];
beforeAll(async () => {
  const folder = await temporaryFolder();
  const [key, readable, socket] = ['key', 'model', 'socket'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(key);
  await mkdir(readable);
  await writeFile(join(readable, 'config.json'), '{}');
  await cp(resolve('problems', 'pebble', 'answers.csv'), join(key, 'answers.csv'));
  const secret = await readFile(join(key, 'answers.csv'), 'utf8');
  servers = [socket, 0].map((place) => createServer((client) => void client.end(secret)).listen(place));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const { port } = servers[1]!.address() as { port: number };
  whisper = { key: join(key, 'answers.csv'), readable, port, socket, addon: ADDON };
});
afterAll(() => {
  for (const server of servers) server.close();
});

const sandbox = findSandbox();
const withSandbox = 'sandbox' in sandbox ? describe : describe.skip;
const NO_SANDBOX: SandboxOrWhy = { why: 'as on a machine that has none' };

/** What the runtime itself says no to, and what is not even there to be refused in a sandbox. */
const OTHERWISE: Readonly<Record<string, RegExp>> = {
  'runtime: external data from the root': /escapes working directory/,
  'path: module': /ERR_ACCESS_DENIED|ERR_MODULE_NOT_FOUND/,
  'path: require': /ERR_ACCESS_DENIED|MODULE_NOT_FOUND/,
};

function expectRefusals(report: HostileReport): void {
  const { environment, arguments: given, descriptors, ...attempts } = report;
  expect(Object.keys(attempts).length).toBeGreaterThan(55);
  for (const [name, outcome] of Object.entries(attempts))
    expect(`${name}: ${outcome}`).toMatch(OTHERWISE[name] ?? /: ERR_ACCESS_DENIED$/);
  // The only variables are Node's own, of the channel to the parent, and the one that keeps the runtime quiet.
  const variables = Object.entries(JSON.parse(environment!) as Record<string, string>);
  expect(variables.filter(([name]) => !name.startsWith('NODE_CHANNEL'))).toEqual([
    ['ORT_DISABLE_TELEMETRY', '1'],
  ]);
  expect([given, descriptors]).toEqual(['', '']);
  expect(JSON.stringify(report)).not.toContain(SECRET);
}

describe.each<[string, SandboxOrWhy | undefined]>([
  ['with all walls of this machine', undefined],
  ['without a sandbox', NO_SANDBOX],
])('a hostile solver, %s', (_, walls) => {
  test('gets the key in none of its ways and leaves nothing behind', async () => {
    expectRefusals(await attack(whisper, walls));
    const { key, readable } = whisper;
    expect(await readdir(join(key, '..'))).toEqual(['answers.csv']);
    expect(await readdir(readable)).toEqual(['config.json']);
  });

  test('finds no file that was left open in the process that started it, nor an inspector', async () => {
    const left = openSync(whisper.key, 'r');
    const program = [entryOf('leakyParent'), JSON.stringify(whisper), ...(walls ? ['plain'] : [])];
    // Among many, and one far behind the others.
    const open = Array.from({ length: 100 }, (_unused, at) =>
      at < 40 || at === 99 ? left : ('ignore' as const),
    );
    const parent = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit', ...open] });
    let output = '';
    parent.stdout!.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(parent, 'close');
    closeSync(left);
    const { inspectorOfParent, ...report } = JSON.parse(output) as HostileReport;
    expectRefusals(report);
    expect(inspectorOfParent).toBe('undefined');
  });
});

test('the attempts fail for the walls, not for want of skill: without any, they get the key', async () => {
  const only = [
    ...['path: absolute', 'path: promise', 'path: stream', 'path: bytes', 'path: URL', 'path: relative'],
    ...['path: dots behind what is readable', 'path: blob', 'proc: own root', 'proc: own folder'],
    ...['proc: folder of the parent', 'proc: root of the parent', 'network: socket', 'network: local socket'],
    ...['network: class of an open socket', 'network: socket of another kind', 'process: spawnSync'],
    ...['process: exec', 'thread: worker', 'thread: module hooks'],
  ].filter((name) => existsSync('/proc') || !name.startsWith('proc'));
  const left = openSync(whisper.key, 'r');
  const solver = fork(entryOf('hostileSolver'), { stdio: ['ignore', 'ignore', 'pipe', 'ipc', left] });
  closeSync(left);
  solver.send({ type: 'setup', setup: { prompt: JSON.stringify({ ...whisper, only }) } });
  const [{ report }] = (await once(solver, 'message')) as [{ report: HostileReport }];
  solver.kill();
  expect(report.descriptors).toContain(SECRET);
  for (const name of only) expect(`${name}: ${report[name]}`).toContain(SECRET);
});

test('the runtime would read the key for whoever asks it, were it not for its guard', async () => {
  const only = ['runtime: external data from the root'];
  const solver = fork(entryOf('hostileSolver'), { cwd: '/', stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  solver.send({ type: 'setup', setup: { prompt: JSON.stringify({ ...whisper, only }) } });
  const [{ report }] = (await once(solver, 'message')) as [{ report: HostileReport }];
  solver.kill();
  expect(report[only[0]!]).toBe('got: id,answer\nre');
});

describe('links in the folder of a model', () => {
  async function linkedModel(link: (folder: string) => Promise<void>): Promise<string> {
    const folder = join(await temporaryFolder(), 'model');
    await mkdir(join(folder, 'inside'), { recursive: true });
    await writeFile(join(folder, 'config.json'), '{}');
    await link(folder);
    return folder;
  }

  test.each<[string, (folder: string) => Promise<void>, string]>([
    ['a symbolic link to the key', (folder) => symlink(whisper.key, join(folder, 'a')), 'a'],
    [
      'a relative one in a folder below',
      (folder) => symlink(relative(join(folder, 'inside'), whisper.key), join(folder, 'inside', 'a')),
      'inside/a',
    ],
    ['one to a folder', (folder) => symlink(dirname(whisper.key), join(folder, 'a')), 'a'],
    [
      'one under the name of a model file',
      (folder) => symlink(whisper.key, join(folder, 'tokenizer.json')),
      'tokenizer.json',
    ],
    ['a hard link', (folder) => hardLink(whisper.key, join(folder, 'a')), 'a'],
  ])('%s is refused before the solver starts', async (_, link, name) => {
    const folder = await linkedModel(link);
    const place = { file: join(folder, name) };
    await expect(requireOwnFiles(folder)).rejects.toMatchObject({ name: 'LinkedFileError', place });
  });

  test('links that stay inside, dangling ones, and model files that copies share are none of its business', async () => {
    const folder = await linkedModel(async (model) => {
      await symlink('config.json', join(model, 'a'));
      await symlink('nowhere', join(model, 'b'));
      await hardLink(join(model, 'config.json'), join(await temporaryFolder(), 'config.json'));
    });
    await requireOwnFiles(folder);
  });
});

withSandbox('the sandbox alone, for code that no permission of Node holds', () => {
  /** Runs a shell in it and gives what it said. */
  function inside(command: string, shown: readonly string[] = []): string {
    if (!('sandbox' in sandbox)) throw new Error('there is none');
    const { program, prefix } = sandbox.sandbox;
    const words = [...prefix([process.execPath, whisper.readable, ...shown], '/'), '/bin/sh', '-c', command];
    const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', env: {}, input: '' });
    return stdout + stderr;
  }
  const node = (code: string) => `${process.execPath} -e ${JSON.stringify(code)}`;

  test('shows what it was told to show, read-only, and no other file of a user', () => {
    expect(inside(`cat ${whisper.readable}/config.json`)).toBe('{}');
    expect(inside(`cat ${whisper.key}`)).toMatch(/No such file/);
    expect(inside(`ls ${dirname(whisper.readable)}`)).toBe('model\n');
    expect(inside(`ls ${resolve('problems')}`)).toMatch(/No such file/);
    for (const place of ['/', tmpdir(), whisper.readable, '/usr/lib', '/dev'])
      expect(inside(`touch ${place}/stolen`)).toMatch(/Read-only|Permission denied/);
    expect(inside('echo $((1 + 1))')).toBe('2\n');
  });

  test('a link leads nowhere', async () => {
    const folder = join(await temporaryFolder(), 'links');
    await mkdir(folder);
    await symlink(whisper.key, join(folder, 'a'));
    expect(inside(`cat ${folder}/a`, [folder])).toMatch(/No such file/);
  });

  test('has no other process, no network and no way out', () => {
    expect(inside('for name in /proc/[0-9]*; do cat $name/cmdline; done')).not.toContain('jest');
    expect(inside('ls -d /proc/[0-9]*').trim().split('\n').length).toBeLessThanOrEqual(2);
    const connect = (place: string) =>
      inside(
        node(
          `require('net').connect(${place}).on('error', (e) => console.log(e.code)).on('data', (d) => console.log(String(d)))`,
        ),
      );
    expect(connect(`{ host: '127.0.0.1', port: ${whisper.port} }`)).toMatch(/^E[A-Z]+\n$/);
    expect(connect(`'${whisper.socket}'`)).toBe('ENOENT\n');
    expect(connect(`{ host: '192.0.2.1', port: 80 }`)).toMatch(/^E[A-Z]+\n$/);
    for (const command of [
      'mount -t tmpfs none /tmp',
      'mount -o remount,rw /',
      'umount /proc',
      'chroot /proc/1/root true',
    ])
      expect(inside(`${command} && echo escaped`)).not.toContain('escaped');
    expect(inside('unshare --mount true && echo escaped')).not.toContain('escaped');
    expect(inside('ls /dev')).not.toMatch(/[hsv]d[a-z]|mem|loop|tty/);
  });
});
