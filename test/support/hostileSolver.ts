/** A solver that wants the answers: it tries every way to them that Node and the runtime offer, and reports how each ended. */
import child_process from 'node:child_process';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import inspector from 'node:inspector';
import module, { createRequire } from 'node:module';
import net from 'node:net';
import { dirname, join, relative } from 'node:path';
import tls from 'node:tls';
import { pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import { WASI } from 'node:wasi';
import { Worker } from 'node:worker_threads';
import { encodeModel } from '../../src/onnx/schema.js';
import type { ToSolver } from '../../src/solve/protocol.js';

/** What became of each attempt: the code or message of its error, or what it got. */
export type HostileReport = Record<string, string>;

/** What is whispered to the solver in place of a prompt. */
export interface Whisper {
  /** The answers. */
  readonly key: string;
  /** A file or folder that the solver may read, beside which it starts to look. */
  readonly readable: string;
  /** A server on this machine that answers with the key. */
  readonly port: number;
  readonly socket: string;
  /** Names of the attempts to make. Default: all. */
  readonly only?: readonly string[];
  /** A library of native code that is not the runtime. */
  readonly addon: string;
}

const require = createRequire(import.meta.url);

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return String(code ?? error.message);
}

async function attempt(action: () => unknown): Promise<string> {
  try {
    return `got: ${String(await action())}`;
  } catch (error) {
    return describe(error);
  }
}

const read = (file: fs.PathOrFileDescriptor) => fs.readFileSync(file, 'utf8');

/** Resolves with the first event of this name, and fails with an error. */
const first = (emitter: NodeJS.EventEmitter, event: string) =>
  new Promise((resolve, reject) => {
    emitter.on(event, (value: unknown) => resolve(String(value))).on('error', reject);
  });

const threadCode = (file: string) =>
  `require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'))`;

/** Hooks of modules run in a thread of their own. */
const hooks = (file: string) =>
  `data:text/javascript,${encodeURIComponent(`import fs from 'node:fs';
  const text = fs.readFileSync(${JSON.stringify(file)}, 'utf8');
  export const resolve = (name, context, next) => name === 'key:'
    ? { url: 'data:text/javascript,export default ' + encodeURIComponent(JSON.stringify(text)), shortCircuit: true }
    : next(name, context);`)}`;

/** A model whose only weight is the first bytes of a file. */
function modelOf(location: string): Uint8Array {
  const dims = [12];
  const shape = { dim: [{ dim_value: dims[0]! }] };
  const place = { location, offset: '0', length: String(dims[0]) };
  return encodeModel({
    ir_version: 10,
    producer_name: '',
    producer_version: '',
    opset_import: [{ domain: '', version: 21 }],
    graph: {
      name: 'g',
      node: [{ op_type: 'Identity', name: 'n', input: ['w'], output: ['y'], attribute: [], domain: '' }],
      initializer: [
        {
          name: 'w',
          dims,
          data_type: 2,
          data_location: 1,
          external_data: Object.entries(place).map(([key, value]) => ({ key, value })),
        },
      ],
      input: [],
      output: [{ name: 'y', type: { tensor_type: { elem_type: 2, shape } } }],
    },
  });
}

async function throughRuntime(model: Uint8Array | string, options = {}): Promise<string> {
  const { InferenceSession } = await import('../../src/onnx/runtime.js');
  const session = await InferenceSession.create(model as Uint8Array, options);
  return Buffer.from((await session.run({})).y!.data as Uint8Array).toString();
}

/** The attempts by name. */
function attempts({ key, readable, port, socket, addon }: Whisper): Record<string, () => unknown> {
  const folder = dirname(key);
  const stolen = join(folder, 'stolen');
  const parent = `/proc/${process.ppid}`;
  const { _handle: pipe } = process.stderr as unknown as {
    _handle: { constructor: new (type: number) => object };
  };
  return {
    'path: absolute': () => read(key),
    'path: promise': () => readFile(key, 'utf8'),
    'path: stream': () => first(fs.createReadStream(key), 'data'),
    'path: bytes': () => read(Buffer.from(key)),
    'path: URL': () => read(pathToFileURL(key)),
    'path: relative': () => read(relative(process.cwd(), key)),
    'path: dots behind what is readable': () => read(`${readable}/${relative(readable, key)}`),
    'path: blob': async () => (await fs.openAsBlob(key)).text(),
    'path: module': () => import(`${pathToFileURL(key).href}`),
    'path: require': () => require(key) as unknown,
    'path: environment file': () => process.loadEnvFile(key),
    'path: list': () => fs.readdirSync(folder),
    'path: size': () => fs.statSync(key).size,
    'path: copy': () => fs.copyFileSync(key, stolen),
    'link: new, symbolic': () => fs.symlinkSync(key, join(readable, 'stolen')),
    'link: new, hard': () => fs.linkSync(key, join(readable, 'stolen')),
    'proc: own root': () => read(`/proc/self/root${key}`),
    'proc: own folder': () => read(`/proc/self/cwd/${relative(process.cwd(), key)}`),
    'proc: own descriptors': () => fs.readdirSync('/proc/self/fd'),
    'proc: environment of the parent': () => read(`${parent}/environ`),
    'proc: folder of the parent': () => read(`${parent}/cwd/${'../'.repeat(16)}${key}`),
    'proc: root of the parent': () => read(`${parent}/root${key}`),
    'proc: descriptors of the parent': () => fs.readdirSync(`${parent}/fd`),
    'proc: memory of the parent': () => fs.openSync(`${parent}/mem`, 'r'),
    'network: socket': () => first(net.connect(port), 'data'),
    'network: http': () => first(http.get(`http://127.0.0.1:${port}`), 'response'),
    'network: fetch': async () => (await fetch(`http://127.0.0.1:${port}`)).text(),
    'network: TLS': () => first(tls.connect(port), 'secureConnect'),
    'network: datagram': () => first(dgram.createSocket('udp4').bind(0), 'listening'),
    'network: name': () => dns.promises.lookup('localhost'),
    'network: server': () => first(net.createServer().listen(0), 'listening'),
    'network: local socket': () => first(net.connect(socket), 'data'),
    'network: socket of another kind': () => {
      const { Socket } = net;
      return first(new Socket().connect(port), 'data');
    },
    'network: class of an open socket': () => {
      const Socket = process.stderr.constructor as unknown as new () => net.Socket;
      return first(new Socket().connect(port), 'data');
    },
    'network: handle of an open socket': () => {
      const handle = new pipe.constructor(0) as { connect: (request: object, path: string) => number };
      return handle.connect({}, socket);
    },
    'process: spawn': () => first(child_process.spawn('cat', [key]), 'spawn'),
    'process: spawnSync': () => {
      const { error, stdout } = child_process.spawnSync('cat', [key]);
      if (error) throw error;
      return stdout;
    },
    'process: exec': () => child_process.execSync(`cat ${key}`),
    'process: fork': () => first(child_process.fork(key), 'spawn'),
    'process: cluster': () => cluster.fork(),
    'thread: worker': () => first(new Worker(threadCode(key), { eval: true }), 'message'),
    'thread: module hooks': async () => {
      module.register(hooks(key));
      return ((await import(`${'key:'}`)) as { default: string }).default;
    },
    'native: another library': () => process.dlopen({ exports: {} }, addon),
    'native: require of another library': () => require(addon) as unknown,
    'native: binding': () => (process as unknown as { binding: (name: string) => unknown }).binding('fs'),
    'native: WebAssembly system': () => new WASI({ version: 'preview1', preopens: { '/': '/' } }),
    'inspector: open': () => inspector.open(0),
    'inspector: session': () => new inspector.Session().connect(),
    'inspector: of the parent': () => process.kill(process.ppid, 'SIGUSR1'),
    'inspector: of the parent, otherwise': () =>
      (process as unknown as { _debugProcess: (id: number) => void })._debugProcess(process.ppid),
    'engine: flags': () => v8.setFlagsFromString(`--logfile=${stolen}`),
    'engine: heap': () => v8.writeHeapSnapshot(stolen),
    'runtime: external data': () => throughRuntime(modelOf(relative(process.cwd(), key))),
    'runtime: external data from the root': () => throughRuntime(modelOf(key.slice(1))),
    'runtime: external data in a folder': () =>
      throughRuntime(modelOf('answers.csv'), {
        extra: { session: { model_external_initializers_file_folder_path: folder } },
      }),
    'runtime: model': () => throughRuntime(key),
    'runtime: profile': () =>
      throughRuntime(modelOf('x'), { enableProfiling: true, profileFilePrefix: stolen }),
    'runtime: optimized model': () => throughRuntime(modelOf('x'), { optimizedModelFilePath: stolen }),
    write: () => fs.writeFileSync(stolen, 'x'),
    'write: beside what is readable': () => fs.writeFileSync(join(readable, 'stolen'), 'x'),
  };
}

/** Every open descriptor that gives text. */
function descriptors(): string {
  const texts = [];
  for (let descriptor = 3; descriptor < 256; descriptor += 1) {
    try {
      const buffer = Buffer.alloc(64);
      if (fs.fstatSync(descriptor).isFile())
        texts.push(buffer.toString('utf8', 0, fs.readSync(descriptor, buffer)));
    } catch {
      // Nothing is open there.
    }
  }
  return texts.join();
}

async function attack(whisper: Whisper): Promise<HostileReport> {
  const report: HostileReport = {};
  for (const [name, action] of Object.entries(attempts(whisper)))
    if (whisper.only?.includes(name) ?? true) report[name] = await attempt(action);
  return {
    ...report,
    environment: JSON.stringify(process.env),
    arguments: process.argv.slice(2).join(),
    descriptors: descriptors(),
  };
}

process.on('message', async (message: ToSolver) => {
  if (message.type !== 'setup') return;
  process.send!({ type: 'report', report: await attack(JSON.parse(message.setup.prompt) as Whisper) });
});
