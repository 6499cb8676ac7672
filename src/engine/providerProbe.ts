/** Entry of a process that multiplies two matrices on one execution provider and says what came out, and where it ran. */

import { Graph, type Value } from '../onnx/graph.js';
import { InferenceSession, Tensor } from '../onnx/runtime.js';
import { ELEMENT_TYPES } from '../onnx/schema.js';
import { encodeGraph } from '../onnx/writer.js';
import { VERSION } from '../version.js';
import { profileInto, readPlacement } from './placement.js';
import { type ProbeResult, type Provider, RUNS_ON } from './probe.js';

const SIZE = 2;
const FACTOR = [1, 2, 3, 4];
/** Exact in float16 too. */
const PRODUCT = [7, 10, 15, 22];

const provider = process.argv[2] as Provider;
const profileFolder = process.argv[3]!;

/** The square of a matrix, in the precision that the provider is used for: float32 on the CPU, float16 elsewhere. */
function square(): Uint8Array {
  const graph = new Graph('probe');
  const x = graph.input('x', 'float32', [SIZE, SIZE]);
  const cast = (value: Value, to: 'float16' | 'float32') =>
    graph.op('Cast', [value], { attributes: { to: ELEMENT_TYPES[to] } });
  if (provider === 'cpu') {
    graph.output(graph.op('MatMul', [x, x]), 'float32', [SIZE, SIZE], 'y');
  } else {
    const half = cast(x, 'float16');
    graph.output(cast(graph.op('MatMul', [half, half]), 'float32'), 'float32', [SIZE, SIZE], 'y');
  }
  return encodeGraph(graph.toMessage(), VERSION);
}

async function probe(): Promise<ProbeResult> {
  const session = await InferenceSession.create(square(), {
    executionProviders: [provider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...profileInto(profileFolder),
  });
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(FACTOR), [SIZE, SIZE]) });
  session.endProfiling();
  await session.release();
  const product = [...(y!.data as Float32Array)];
  if (product.some((value, at) => value !== PRODUCT[at])) {
    return { error: `it computed ${product.join(', ')} where ${PRODUCT.join(', ')} is right` };
  }
  const nodes = await readPlacement(profileFolder);
  if (nodes.length === 0) return { error: 'the runtime does not say where it ran' };
  const elsewhere = nodes.filter((node) => node.provider !== RUNS_ON[provider]);
  if (elsewhere.length === 0) return { error: null };
  const places = elsewhere.map((node) => `${node.operator} on ${node.provider}`);
  return { error: `the runtime ran ${places.join(', ')} instead` };
}

const result = await probe().catch((error: unknown) => ({
  error: error instanceof Error ? error.message : String(error),
}));
process.send!(result, () => process.disconnect());
