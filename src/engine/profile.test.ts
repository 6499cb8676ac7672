import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { profileInto } from './placement.js';
import { readProfile } from './profile.js';

const run = (ts: number, dur: number) => ({ cat: 'Session', name: 'model_run', ts, dur });
const shapeOf = (dims: readonly number[]) => ({ float: dims });

/** A node as the runtime records it; times in microseconds. */
const node = (
  name: string,
  operator: string,
  ts: number,
  dur: number,
  shapes: readonly (readonly number[])[] = [],
) => ({
  ...{ cat: 'Node', name: `${name}_kernel_time`, ts, dur },
  args: { op_name: operator, provider: 'CPUExecutionProvider', input_type_shape: shapes.map(shapeOf) },
});

/** One step of a layer and a head, begun at `ts`; the names are those of the graph, in the order in which it is built. */
const step = (ts: number) => [
  node('node/Unsqueeze_3', 'Unsqueeze', ts, 50),
  node('node/Gather_5', 'Gather', ts, 50),
  node('node/MatMulNBits_10', 'MatMulNBits', ts, 1000, [
    [2, 1, 8],
    [8, 1],
  ]),
  node('node/RotaryEmbedding_12', 'RotaryEmbedding', ts, 100),
  node('node/FusedMatMul_20', 'FusedMatMul', ts, 300, [
    [2, 1, 7, 1, 8],
    [2, 1, 1, 9, 8],
  ]),
  node('node/If_22', 'If', ts, 400),
  node('node/MatMul_30', 'MatMul', ts, 500, [[2, 1, 8]]),
  node('node/Mul_35/QuickGeluFusion/', 'QuickGelu', ts, 200, [[2, 1, 8]]),
  node('made up by the runtime', 'Cast', ts, 40),
  node('node/MatMul_40', 'MatMul', ts, 1500, [
    [2, 8],
    [8, 90],
  ]),
  node('node/TopK_41', 'TopK', ts, 150),
];

test('adds up the nodes of the last runs by part and operator', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'boxed-profile-'));
  const events = [
    { cat: 'Session', name: 'session_initialization', ts: 0, dur: 5000 },
    run(10_000, 9000),
    ...step(10_100),
    run(30_000, 7000),
    // A step before its run in the file: events are ordered by when they end.
    ...step(20_200),
    node('node/Loop_90', 'Loop', 20_100, 8900),
    ...step(20_150),
    run(20_000, 9000),
    ...step(30_100),
    { cat: 'Node', name: 'node/MatMul_40_fence_before', ts: 30_100, dur: 100, args: { op_name: 'MatMul' } },
  ];
  await writeFile(`${profileInto(folder).profileFilePrefix}_1.json`, JSON.stringify(events));
  const { operators, ...totals } = await readProfile(folder, 2);
  await rm(folder, { recursive: true });
  expect(totals).toEqual({ steps: 3, ms: 16 });
  const lines = operators.map(
    ({ part, operator, calls, ms }) => `${part} ${operator} ${calls} ${ms.toFixed(2)}`,
  );
  expect(lines.slice(0, 5)).toEqual([
    'products MatMul 6 6.00',
    'products MatMulNBits 3 3.00',
    'attention FusedMatMul 3 0.90',
    'rest QuickGelu 3 0.60',
    'sampling TopK 3 0.45',
  ]);
  expect(lines.slice(5).sort()).toEqual([
    'attention RotaryEmbedding 3 0.30',
    'rest Cast 3 0.12',
    'rest Gather 3 0.15',
    'rest Unsqueeze 3 0.15',
  ]);
});
