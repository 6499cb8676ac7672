/** Checks that every node of a graph has a CUDA kernel: onnxruntime runs the others on the CPU, silently, with copies each way. */
import { BoxedError } from '../errors.js';
import type { Graph } from '../onnx/graph.js';
import { ELEMENT_TYPES, type ElementType, type GraphMessage, type NodeMessage } from '../onnx/schema.js';
import { OPSETS } from '../onnx/writer.js';
import { hostNodes, subgraphs } from './hostNodes.js';
import { CUDA_OPERATORS, KERNELS_VERSION, type Kernel, type Operator, slotAt, typesAt } from './kernels.js';

/** A node without a CUDA kernel. */
export interface UncoveredNode {
  readonly node: string;
  readonly operator: string;
  /** Empty for the standard one. */
  readonly domain: string;
  readonly opset: number;
  /** Element types of its inputs (`?` where not known, `-` where left out), and those made by a `Cast`. */
  readonly found: readonly string[];
  /** What a CUDA kernel would take, in words. */
  readonly taken: string;
}

/** Nodes named in full by the error; the rest are counted. */
const NODES_NAMED = 10;

/** Nodes of a graph would run on the CPU although it was made for CUDA. */
export class UncoveredKernelError extends BoxedError {
  override readonly name = 'UncoveredKernelError';

  constructor(readonly nodes: readonly UncoveredNode[]) {
    const lines = nodes
      .slice(0, NODES_NAMED)
      .map(
        ({ node, operator, domain, opset, found, taken }) =>
          `\n  ${node}: ${operator} of ${domain || 'opset'} ${opset} on (${found.join(', ')}); ${taken}`,
      );
    const more = nodes.length > NODES_NAMED ? `\n  and ${nodes.length - NODES_NAMED} more` : '';
    super(
      `${nodes.length === 1 ? 'a node has' : `${nodes.length} nodes have`} no CUDA kernel in onnxruntime ` +
        `${KERNELS_VERSION} and would run on the CPU:${lines.join('')}${more}`,
      'Export with another --dtype, or for --device cpu; please report it with the checkpoint used.',
    );
  }
}

/**
 * Sees that every node of `graph` and of its bodies has a CUDA kernel for the operator sets that are declared and for
 * its element types. Nodes that only prepare what the host needs are left out (`hostNodes`).
 * @throws UncoveredKernelError naming each node that has none.
 */
export function checkCudaCoverage(graph: Graph): void {
  const walk = new Walk(graph);
  if (walk.uncovered.length > 0) throw new UncoveredKernelError(walk.uncovered);
}

/** Why a node is not covered, or the types of its outputs (`undefined`: not known). */
type Judgement = { readonly taken: string } | { readonly outputs: readonly (ElementType | undefined)[] };

class Walk {
  readonly uncovered: UncoveredNode[] = [];
  /** Element types of values; names are unique over a graph and its bodies. */
  readonly #types = new Map<string, ElementType>();
  /** Values whose type cannot be told, as they come from nodes without a kernel. */
  readonly #untold = new Set<string>();
  readonly #hostNodes: ReadonlySet<NodeMessage>;

  constructor(graph: Graph) {
    this.#hostNodes = hostNodes(graph);
    for (const { name, type } of [
      ...graph.weights.values(),
      ...graph.aliases.values(),
      ...graph.blanks.values(),
    ]) {
      this.#types.set(name, type);
    }
    this.#visit(graph.toMessage());
  }

  #visit(graph: GraphMessage): void {
    for (const { name, data_type } of graph.initializer) this.#learn(name, elementType(data_type));
    for (const { name, type } of graph.input) this.#learn(name, elementType(type.tensor_type.elem_type));
    for (const node of graph.node) {
      for (const body of subgraphs(node)) this.#visit(body);
      const found = node.input.map((name) => this.#types.get(name));
      const stranger = node.input.find(
        (name) => name !== '' && !this.#types.has(name) && !this.#untold.has(name),
      );
      const judgement =
        stranger === undefined ? judge(node, found) : { taken: `nothing says what type ${stranger} has` };
      const made = 'outputs' in judgement ? judgement.outputs : [];
      for (const [at, name] of node.output.entries()) this.#learn(name, made[at]);
      if (!('outputs' in judgement) && !this.#hostNodes.has(node)) {
        this.uncovered.push(describe(node, found, judgement.taken));
      }
    }
  }

  #learn(name: string, type: ElementType | undefined): void {
    if (type === undefined) this.#untold.add(name);
    else if (name !== '') this.#types.set(name, type);
  }
}

function judge(node: NodeMessage, found: readonly (ElementType | undefined)[]): Judgement {
  const operator = CUDA_OPERATORS.get(node.domain)?.get(node.op_type);
  if (!operator) return { taken: 'the table of CUDA kernels has no such operator' };
  const opset = opsetOf(node);
  const kernel = operator.kernels.find(({ from, to }) => from <= opset && opset <= (to ?? opset));
  if (!kernel) return { taken: `kernels are of ${operator.kernels.map(rangeText).join(', ')}` };

  const bound = new Map<string, ElementType>();
  const refused = { taken: `a kernel takes ${signatureText(operator, kernel)}` };
  for (const [at, type] of found.entries()) {
    const slot = slotAt(operator.inputs, at);
    if (node.input[at] === '') continue;
    if (!slot) return refused;
    if (type === undefined) continue;
    const agrees = slot.repeats === 'each' || (bound.get(slot.type) ?? type) === type;
    if (!agrees || !typesAt(kernel, slot).includes(type)) return refused;
    if (slot.repeats !== 'each') bound.set(slot.type, type);
  }
  const made = declaredOutputs(node);
  const outputs = node.output.map((_, at) => {
    const slot = slotAt(operator.outputs, at);
    if (!slot) return undefined;
    const possible = typesAt(kernel, slot);
    return made?.[at] ?? bound.get(slot.type) ?? (possible.length === 1 ? possible[0] : undefined);
  });
  const fits = outputs.every((type, at) => {
    const slot = slotAt(operator.outputs, at);
    return slot && (made?.[at] === undefined || (type !== undefined && typesAt(kernel, slot).includes(type)));
  });
  return fits ? { outputs } : refused;
}

/** Types that a node itself says it makes: those a `Cast` names, those that a body declares. */
function declaredOutputs(node: NodeMessage): readonly (ElementType | undefined)[] | null {
  if (node.op_type === 'Cast') {
    return [elementType(node.attribute.find(({ name }) => name === 'to')?.i ?? 0)];
  }
  const body = subgraphs(node)[0];
  if (!body) return null;
  const types = body.output.map(({ type }) => elementType(type.tensor_type.elem_type));
  // The first output of a loop's body is its condition.
  return node.op_type === 'Loop' ? types.slice(1) : types;
}

function describe(
  node: NodeMessage,
  found: readonly (ElementType | undefined)[],
  taken: string,
): UncoveredNode {
  const inputs = found.map((type, at) => (node.input[at] === '' ? '-' : (type ?? '?')));
  const made = node.op_type === 'Cast' ? [`to ${declaredOutputs(node)?.[0] ?? '?'}`] : [];
  return {
    node: node.name,
    operator: node.op_type,
    domain: node.domain,
    opset: opsetOf(node),
    found: [...inputs, ...made],
    taken,
  };
}

function opsetOf(node: NodeMessage): number {
  return OPSETS.find(({ domain }) => domain === node.domain)?.version ?? 0;
}

const NAMES: ReadonlyMap<number, ElementType> = new Map(
  Object.entries(ELEMENT_TYPES).map(([name, code]) => [code, name as ElementType]),
);

function elementType(code: number): ElementType | undefined {
  return NAMES.get(code);
}

/** `T: float32 or float16, Tind: int32 or int64`. */
function signatureText(operator: Operator, kernel: Kernel): string {
  const slots = new Map([...operator.inputs, ...operator.outputs].map((slot) => [slot.type, slot]));
  return [...slots.values()]
    .filter((slot) => operator.inputs.includes(slot) || typesAt(kernel, slot).length > 0)
    .map((slot) => `${slot.type}: ${typesAt(kernel, slot).join(' or ') || 'none'}`)
    .join(', ');
}

function rangeText({ from, to }: Kernel): string {
  return to === null ? `${from}+` : `${from} to ${to}`;
}
