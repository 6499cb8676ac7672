/** CUDA kernels for whole graphs, and the table of kernels against the runtime's own list. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readDecoderConfig } from '../src/checkpoint/config.js';
import { Weights } from '../src/checkpoint/weights.js';
import { checkCudaCoverage } from '../src/export/coverage.js';
import { CUDA_OPERATORS, type Operator } from '../src/export/kernels.js';
import { FloatParameters } from '../src/export/parameters.js';
import { buildLoop } from '../src/model/loop.js';
import { ELEMENT_TYPES } from '../src/onnx/schema.js';
import { goldenFolder } from './support/models.js';

test('every node of the loop graph of a Qwen2 checkpoint in fp32 has a CUDA kernel', async () => {
  const folder = goldenFolder('qwen2-tied-fp32');
  const config = await readDecoderConfig(folder);
  const weights = await Weights.open(folder);
  const graph = buildLoop(config, new FloatParameters(weights, config, 'float32'), { logits: true });
  await weights.close();
  expect(() => checkCudaCoverage(graph)).not.toThrow();
});

/** The list of kernels as published with onnxruntime; beside the project where that is developed, not in it. */
const FACTS = '../shared/facts/cuda-kernels.md';
const whereFactsAre = existsSync(FACTS) ? test : test.skip;

/** Rows of the published list: signatures (one line each) and kernels, by `domain|operator`. */
interface PublishedOperator {
  readonly signatures: string[];
  readonly kernels: { readonly from: number; readonly to: number | null; readonly types: string }[];
}

function publishedOperators(): Map<string, PublishedOperator> {
  const operators = new Map<string, PublishedOperator>();
  let [domain, key] = ['', ''];
  for (const line of readFileSync(FACTS, 'utf8').split('\n')) {
    const heading = /^\|\*\*Operator Domain:\*\* \*(.+?)\*/.exec(line);
    if (heading) domain = heading[1] === 'ai.onnx' ? '' : heading[1]!;
    const row = /^\|([^|]*)\|([^|]*)\|([^|]+)\|([^|]+)\|$/.exec(line);
    if (!row) continue;
    const [, name, signature, range, types] = row as unknown as [string, string, string, string, string];
    if (name) {
      key = `${domain}|${name}`;
      operators.set(key, { signatures: signature.split('<br>or<br>').map(signatureOf), kernels: [] });
    }
    const bounds = range.match(/\d+/g)?.map(Number);
    if (bounds && operators.has(key)) {
      const to = range.includes('+') ? null : bounds.at(-1)!;
      operators.get(key)!.kernels.push({ from: bounds[0]!, to, types });
    }
  }
  return operators;
}

/** `*in* A:**T**<br> *out* C:**T1**` as `T -> T1`. */
function signatureOf(text: string): string {
  const sides = ['in', 'out'].map((side) =>
    [...text.matchAll(new RegExp(`\\*${side}\\* [^:]+:\\*\\*(.+?)\\*\\*`, 'g'))].map(([, type]) =>
      type!.replace(/^tensor\((\w+)\)$/, (_, element: string) => ourName(element)),
    ),
  );
  return sides.map((side) => side.join(' ')).join(' -> ');
}

const OUR_NAMES: Readonly<Record<string, string>> = { float: 'float32', double: 'float64' };
const ourName = (element: string) => OUR_NAMES[element] ?? element;

/** Types that our graphs can have by parameter, of a cell such as `**T** = tensor(float), tensor(int64)`. */
function typesOf(cell: string): Record<string, string[]> {
  const types: Record<string, string[]> = {};
  for (const [, parameter, list] of cell.matchAll(/\*\*(\w+)\*\* = ([^<]+)/g)) {
    const elements = [...list!.matchAll(/tensor\((\w+)\)/g)].map(([, element]) => ourName(element!));
    types[parameter!] = [...new Set(elements)].filter((element) => element in ELEMENT_TYPES).sort();
  }
  return types;
}

const OPERATORS = [...CUDA_OPERATORS].flatMap(([domain, operators]) =>
  [...operators].map(([name, operator]): [string, string, Operator] => [name, domain, operator]),
);

whereFactsAre.each(OPERATORS)(
  `%s of '%s' is as the runtime's list says (skipped where ${FACTS} is not there)`,
  (name, domain, operator) => {
    const published = publishedOperators().get(`${domain}|${name}`)!;
    const signature = [operator.inputs, operator.outputs]
      .map((slots) => slots.map(({ type }) => type).join(' '))
      .join(' -> ');
    expect(published.signatures).toContain(signature);
    const parameters = new Set([...operator.inputs, ...operator.outputs].map(({ type }) => type));
    // At the opset of the graphs nothing older matters; operators of the runtime's own domain are all of version 1.
    const current = published.kernels.filter(({ to }) => domain !== '' || to === null || to >= 21);
    expect(operator.kernels.map(({ from, to }) => [from, to])).toEqual(
      current.map(({ from, to }) => [from, to]),
    );
    for (const [at, { types }] of operator.kernels.entries()) {
      const expected = Object.entries(typesOf(current[at]!.types)).filter(([parameter]) =>
        parameters.has(parameter),
      );
      const found = Object.entries(types).map(([parameter, list]) => [parameter, [...list].sort()]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    }
  },
);
