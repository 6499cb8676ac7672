/**
 * Loaded into the solver process before anything else: takes away what Node's permission model leaves open there, which
 * is the network, signals to other processes, native code, and what the runtime can be asked to read and write. Defence
 * in depth: it holds against code that keeps to the language, not against a fault of Node or of the runtime.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import '../onnx/noTelemetry.js';
import { guardBinding } from './runtimeGuard.js';

const require = createRequire(import.meta.url);

/** Every function of these modules refuses. */
const CLOSED_MODULES = [
  ...['net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'http2'],
  ...['child_process', 'cluster', 'inspector', 'inspector/promises', 'repl', 'trace_events', 'wasi'],
];

/** Functions that write files past the permission model, or change the engine beneath it. */
const CLOSED_FUNCTIONS: readonly (readonly [module: string, names: readonly string[]])[] = [
  ['v8', ['setFlagsFromString', 'setHeapSnapshotNearHeapLimit', 'writeHeapSnapshot', 'takeCoverage']],
  ['worker_threads', ['Worker']],
  ['module', ['register']],
];

/** A signal, SIGUSR1 among them, opens the inspector of another process, and with it whatever that one may do. */
const CLOSED_IN_PROCESS = ['kill', '_kill', '_debugProcess', '_debugEnd', 'execve', 'dlopen'];
const CLOSED_GLOBALS = ['fetch', 'WebSocket', 'EventSource'];

/** What a socket reaches somebody new by; those that are open already lead to the parent alone. */
const CLOSED_IN_SOCKETS = ['connect', 'bind', 'listen', 'open'];

/** The code by which a refusal is known, whether it comes from Node or from here. */
const REFUSED = 'ERR_ACCESS_DENIED';

function close(holder: object, names: Iterable<string>): void {
  for (const name of names) {
    if (!(name in holder)) continue;
    // No arrow: it may be called as a class, too.
    const refuse = function refuse() {
      throw Object.assign(new Error(`${name} is closed to the solver`), { code: REFUSED });
    };
    Object.defineProperty(holder, name, { value: refuse, writable: false, configurable: false });
  }
}

function functionsOf(holder: object): string[] {
  const values = holder as Readonly<Record<string, unknown>>;
  return Object.keys(values).filter((name) => typeof values[name] === 'function');
}

/** The sockets are classes that any open one leads to. */
function closeSockets(): void {
  const { Socket, Server } = require('node:net') as typeof import('node:net');
  close(Socket.prototype, CLOSED_IN_SOCKETS);
  close(Server.prototype, CLOSED_IN_SOCKETS);
  const { _handle: handle } = process.stderr as unknown as { readonly _handle?: object | null };
  if (handle) close(Object.getPrototypeOf(handle) as object, CLOSED_IN_SOCKETS);
}

function closeModules(): void {
  // Some extend the classes of others, which must be whole until then.
  const modules = [...CLOSED_MODULES, 'tty'].map((name) => require(`node:${name}`) as object);
  for (const module of modules.slice(0, -1)) close(module, functionsOf(module));
  for (const [name, functions] of CLOSED_FUNCTIONS) close(require(`node:${name}`) as object, functions);
  syncBuiltinESMExports();
}

/** Loads the runtime, puts its guard in every place that leads to it, and lets no other native code in. */
function guardRuntime(): void {
  const readable = process.execArgv
    .filter((flag) => flag.startsWith('--allow-fs-read='))
    .map((flag) => flag.slice('--allow-fs-read='.length));
  require('onnxruntime-node');
  const modules = Object.values(require.cache).filter((module) => module !== undefined);
  for (const native of modules.filter(({ filename }) => filename.endsWith('.node'))) {
    const binding: unknown = native.exports;
    const guarded = guardBinding(native.exports as object, readable);
    for (const module of modules) {
      if (module.exports === binding) module.exports = guarded;
      else if (module.exports?.binding === binding) module.exports.binding = guarded;
    }
  }
}

guardRuntime();
closeSockets();
closeModules();
close(process, CLOSED_IN_PROCESS);
close(globalThis, CLOSED_GLOBALS);
