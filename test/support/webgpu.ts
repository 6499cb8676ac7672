/** Tests that need the WebGPU provider: where it does not work, their titles say so. */
import { describe, test } from '@jest/globals';
import { tryProvider } from '../../src/engine/providers.js';

const report = await tryProvider('webgpu');

/** `null` where the provider works. */
const reason = report.works ? null : (report.reason ?? 'for a reason that is not known');

/** A group of tests on WebGPU. */
export function describeOnWebgpu(name: string, tests: () => void): void {
  if (reason !== null) test.skip(`${name} (skipped, WebGPU does not work here: ${reason})`, () => undefined);
  else describe(name, tests);
}
