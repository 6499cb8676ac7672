/** Which nodes only prepare what the host needs: shapes, axes, counts. onnxruntime keeps those on the CPU on purpose. */
import type { Graph } from '../onnx/graph.js';
import type { GraphMessage, NodeMessage } from '../onnx/schema.js';
import { CUDA_OPERATORS, type Operator, slotAt } from './kernels.js';

/** Who takes a value: a node, or `null` for the graph as an output of it. */
interface Use {
  readonly node: NodeMessage | null;
  /** The taker wants it in the host's memory anyway. */
  readonly host: boolean;
}

/** Graphs held by a node: the body of a `Loop`, the branches of an `If`. */
export function subgraphs(node: NodeMessage): GraphMessage[] {
  return node.attribute.flatMap(({ g }) => (g ? [g] : []));
}

/**
 * Nodes of `graph` and its bodies for which the CPU is the right place. Both must hold: everything the node reads lies in the
 * host's memory already (constants, shapes, inputs of the outermost graph, a loop's counter and condition, results of nodes
 * that onnxruntime puts on the CPU), and everything it makes is read only where a kernel wants it in the host's memory, or
 * by such nodes. So no tensor crosses between host and device on its account.
 */
export function hostNodes(graph: Graph): ReadonlySet<NodeMessage> {
  const message = graph.toMessage();
  const candidates = fedByHost(message);
  const uses = usesOf(message);
  const found = new Set<NodeMessage>();
  // Takers come after makers, so from the end each taker is decided first.
  for (const node of candidates.reverse()) {
    const takers = node.output.flatMap((name) => uses.get(name) ?? []);
    if (takers.length > 0 && takers.every(({ node: taker, host }) => host || (taker && found.has(taker)))) {
      found.add(node);
    }
  }
  return found;
}

/** Nodes all of whose inputs lie in the host's memory, in their order. */
function fedByHost(root: GraphMessage): NodeMessage[] {
  const nodes: NodeMessage[] = [];
  /** Values that the runtime has wherever they are wanted, at no cost. */
  const anywhere = new Set(root.initializer.map(({ name }) => name)).add('');
  /** Values made in the host's memory. */
  const onHost = new Set<string>();
  const visit = (graph: GraphMessage) => {
    // Inputs of the outermost graph come from the host, but what a body captures of them is moved to the device before.
    const inputs = new Set(graph === root ? graph.input.map(({ name }) => name) : []);
    const free = (name: string) => anywhere.has(name) || inputs.has(name);
    for (const node of graph.node) {
      const operator = operatorOf(node);
      const bodies = subgraphs(node);
      const fed = bodies.length === 0 && node.input.every((name) => free(name) || onHost.has(name));
      if (fed) nodes.push(node);
      for (const [at, name] of node.output.entries()) {
        const made = operator ? slotAt(operator.outputs, at)?.host : fed;
        if (made || preferred(node, operator, free, onHost)) onHost.add(name);
      }
      for (const body of bodies) {
        // Counter and condition of a loop.
        for (const { name } of body.input.slice(0, 2)) anywhere.add(name);
        visit(body);
      }
    }
  };
  visit(root);
  return nodes;
}

/**
 * Whether the runtime puts a node on the CPU although the device has a kernel, as its inputs lie there: its rule, in
 * GetCpuPreferredNodes of core/framework/fallback_cpu_capability.cc.
 */
function preferred(
  node: NodeMessage,
  operator: Operator | undefined,
  free: (name: string) => boolean,
  onHost: ReadonlySet<string>,
): boolean {
  if (!operator || !node.input.some((name) => onHost.has(name))) return false;
  return node.input.every(
    (name, at) => free(name) || (onHost.has(name) && !slotAt(operator.inputs, at)?.host),
  );
}

function usesOf(root: GraphMessage): ReadonlyMap<string, readonly Use[]> {
  const uses = new Map<string, Use[]>();
  const add = (name: string, use: Use) => uses.set(name, [...(uses.get(name) ?? []), use]);
  const visit = (graph: GraphMessage, loop: boolean) => {
    for (const node of graph.node) {
      const operator = operatorOf(node);
      for (const [at, name] of node.input.entries()) {
        add(name, { node, host: (operator && slotAt(operator.inputs, at)?.host) ?? false });
      }
      for (const body of subgraphs(node)) visit(body, node.op_type === 'Loop');
    }
    // A loop's condition is fetched into the host's memory.
    for (const [at, { name }] of graph.output.entries()) add(name, { node: null, host: loop && at === 0 });
  };
  visit(root, false);
  return uses;
}

function operatorOf(node: NodeMessage): Operator | undefined {
  return CUDA_OPERATORS.get(node.domain)?.get(node.op_type);
}
