/** Where the time of decoder steps goes, from the profile that the runtime writes of a session on the CPU. */
import { z } from 'zod';
import { readEvents } from './placement.js';

/**
 * What a node is for. `products`: those with weights, the head's included; `attention`: all between the products of queries,
 * keys and values and the one after attention; `sampling`: all behind the head; `rest`: embedding, normalisations, activations, masks.
 */
export const PARTS = ['products', 'attention', 'sampling', 'rest'] as const;
export type Part = (typeof PARTS)[number];

/** The nodes of one operator in one part. */
export interface OperatorTime {
  readonly part: Part;
  readonly operator: string;
  readonly calls: number;
  readonly ms: number;
}

export interface StepProfile {
  readonly steps: number;
  /** Wall time of the runs, the profiler's own work included. */
  readonly ms: number;
  /** The slowest first. Nodes that run others (`Loop`, `If`) have no time of their own. */
  readonly operators: readonly OperatorTime[];
}

const CONTAINERS = new Set(['Loop', 'If']);
const PRODUCTS = new Set(['MatMulNBits', 'MatMul', 'FusedMatMul', 'Gemm']);
/** Only attention has it, and each layer does. */
const ATTENTION_MARK = 'RotaryEmbedding';
const KERNEL = '_kernel_time';

/** Times are in microseconds. */
const runSchema = z.object({
  cat: z.literal('Session'),
  name: z.literal('model_run'),
  ts: z.number(),
  dur: z.number(),
});
const nodeSchema = z.object({
  cat: z.literal('Node'),
  name: z.string().endsWith(KERNEL),
  ts: z.number(),
  dur: z.number(),
  args: z.object({
    op_name: z.string(),
    /** One entry an input, such as `{"float": [32, 1, 896]}`; weights that were packed are left out. */
    input_type_shape: z.array(z.record(z.string(), z.array(z.number()))),
  }),
});
type NodeEvent = z.infer<typeof nodeSchema>;

/**
 * The last `runs` runs of the profile in `folder`; those before computed prompts or warmed up. Parts are told by the order in
 * which the graph was built, which numbers the names of nodes: products with weights divide it, and what lies between two of
 * them belongs together.
 */
export async function readProfile(folder: string, runs: number): Promise<StepProfile> {
  const events = await readEvents(folder);
  const timed = events
    .flatMap((event) => runSchema.safeParse(event).data ?? [])
    .sort((a, b) => a.ts - b.ts)
    .slice(-runs);
  const since = timed[0]?.ts ?? Number.POSITIVE_INFINITY;
  const nodes = events
    .flatMap((event) => nodeSchema.safeParse(event).data ?? [])
    .filter(({ ts, args }) => ts >= since && !CONTAINERS.has(args.op_name));
  const partOf = divide(nodes);
  const totals = new Map<string, OperatorTime>();
  for (const node of nodes) {
    const part = partOf(node);
    const operator = node.args.op_name;
    const key = `${part} ${operator}`;
    const { calls, ms } = totals.get(key) ?? { calls: 0, ms: 0 };
    totals.set(key, { part, operator, calls: calls + 1, ms: ms + node.dur / 1000 });
  }
  const products = nodes.filter(isWeightProduct);
  const head = Math.max(...products.map(orderOf));
  return {
    steps: products.filter((node) => orderOf(node) === head).length,
    ms: timed.reduce((sum, { dur }) => sum + dur / 1000, 0),
    operators: [...totals.values()].sort((a, b) => b.ms - a.ms),
  };
}

function divide(nodes: readonly NodeEvent[]): (node: NodeEvent) => Part {
  const products = [...new Set(nodes.filter(isWeightProduct).map(orderOf))].sort((a, b) => a - b);
  const sectionOf = (node: NodeEvent) => products.findLastIndex((product) => product <= orderOf(node));
  const attention = new Set(
    nodes.filter(({ args }) => args.op_name === ATTENTION_MARK).map((node) => sectionOf(node)),
  );
  return (node) => {
    if (isWeightProduct(node)) return 'products';
    const section = sectionOf(node);
    if (attention.has(section)) return 'attention';
    return section === products.length - 1 ? 'sampling' : 'rest';
  };
}

/** Attention multiplies activations by keys and values, of rank 5; weights are matrices, or packed and not named. */
function isWeightProduct({ args }: NodeEvent): boolean {
  if (!PRODUCTS.has(args.op_name)) return false;
  const [, second] = args.input_type_shape;
  return args.op_name === 'MatMulNBits' || second === undefined || Object.values(second)[0]!.length <= 2;
}

/** The number in a node's name; -1, before all others, for nodes that the runtime made up. */
function orderOf({ name }: NodeEvent): number {
  return Number(/^node\/[A-Za-z]+_(\d+)/.exec(name)?.[1] ?? -1);
}
