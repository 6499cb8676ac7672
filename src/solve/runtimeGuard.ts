/**
 * Stands before the native runtime, which no permission of Node holds: it would read any file as the external data of a
 * model, and write any file as a profile. Everything used while it works is taken here, before other code can change it.
 */
import { isAbsolute, sep } from 'node:path';

/** The session of the runtime's binding. */
interface NativeSession {
  loadModel(...model: unknown[]): void;
}
interface NativeBinding {
  readonly InferenceSession: new () => NativeSession;
}

const uncurried = <This, Arguments extends unknown[], Result>(
  method: (this: This, ...rest: Arguments) => Result,
): ((self: This, ...rest: Arguments) => Result) => Function.prototype.call.bind(method);

const startsWith = uncurried(String.prototype.startsWith);
const indexIn = uncurried(String.prototype.indexOf);
const indexInBytes = uncurried(Buffer.prototype.indexOf as (this: Buffer, text: string) => number);
const { from } = Buffer;
const { ownKeys, get, set, apply } = Reflect;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const isPlainPath = isAbsolute;

/** Settings by which the runtime writes files. */
const WRITING = ['enableProfiling', 'profileFilePrefix', 'optimizedModelFilePath'];

export class RuntimeRefusedError extends Error {
  override readonly name = 'RuntimeRefusedError';
  readonly code = 'ERR_ACCESS_DENIED';
}

/**
 * The binding with sessions that load models, and external data, out of the folders `readable` alone, and write nothing.
 * The session itself is out of reach of whoever holds the new one.
 */
export function guardBinding(binding: object, readable: readonly string[]): object {
  const { InferenceSession: Native } = binding as NativeBinding;
  const guard = new ModelGuard(readable);
  class InferenceSession {
    readonly #native = new Native();
    static {
      for (const name of Object.getOwnPropertyNames(Native.prototype)) {
        if (name === 'constructor') continue;
        const { value, get: getter } = Object.getOwnPropertyDescriptor(Native.prototype, name)!;
        const forward = function (this: InferenceSession, ...rest: unknown[]) {
          const checked = name === 'loadModel' ? guard.checked(rest) : rest;
          return apply((value ?? getter) as () => unknown, this.#native, checked);
        };
        Object.defineProperty(
          InferenceSession.prototype,
          name,
          value ? { value: forward } : { get: forward },
        );
      }
    }
  }
  return { ...binding, InferenceSession };
}

class ModelGuard {
  readonly #readable: readonly string[];

  constructor(readable: readonly string[]) {
    this.#readable = readable;
  }

  /** The arguments of `loadModel`: a path and options, or a buffer, its offset and length, and options. */
  checked(given: unknown[]): unknown[] {
    const model = given[0];
    const isPath = typeof model === 'string';
    const options = this.#harmless(given[isPath ? 1 : 3]);
    if (isPath) {
      if (!this.#isReadable(model)) throw new RuntimeRefusedError(`the solver may not read ${model}`);
      return [model, options];
    }
    const bytes = from(model as ArrayBuffer, given[1] as number, given[2] as number);
    // The runtime itself refuses absolute places; names lead no further than the folder of the process.
    if (indexInBytes(bytes, '../') >= 0 || indexInBytes(bytes, '..\\') >= 0)
      throw new RuntimeRefusedError('the model has data outside of its folder');
    return [model, given[1], given[2], options];
  }

  /** A copy of these options, so that what was looked at is what the runtime sees. */
  #harmless(value: unknown): unknown {
    if (typeof value === 'string') {
      const isPath = indexIn(value, '/') >= 0 || indexIn(value, '\\') >= 0 || indexIn(value, '..') >= 0;
      if (isPath && !this.#isReadable(value))
        throw new RuntimeRefusedError(`the solver may not use ${value}`);
      return value;
    }
    if (typeof value !== 'object' || value === null || isView(value)) return value;
    const copy: Record<PropertyKey, unknown> | unknown[] = isArray(value) ? [] : {};
    const keys = ownKeys(value);
    for (let at = 0; at < keys.length; at += 1) {
      const key = keys[at]!;
      for (let other = 0; other < WRITING.length; other += 1)
        if (key === WRITING[other]) throw new RuntimeRefusedError('the solver may not write files');
      set(copy, key, this.#harmless(get(value, key)));
    }
    return copy;
  }

  #isReadable(path: string): boolean {
    if (!isPlainPath(path) || indexIn(path, '..') >= 0) return false;
    for (let at = 0; at < this.#readable.length; at += 1) {
      const allowed = this.#readable[at]!;
      if (path === allowed || startsWith(path, allowed + sep)) return true;
    }
    return false;
  }
}
