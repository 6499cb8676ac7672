/**
 * Turns off what onnxruntime's builds send home: since 1.29 names of models, machines and sessions, by default, through a
 * database in the user's cache. The native library reads the variable when it is loaded, and it reads that of the process,
 * which only the main thread can set: import this before it, and wherever a worker is started that loads it.
 */

/** For the environment of processes that are given no other. */
export const NO_TELEMETRY = { ORT_DISABLE_TELEMETRY: '1' } as const;

Object.assign(process.env, NO_TELEMETRY);
