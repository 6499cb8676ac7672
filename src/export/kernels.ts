/** The kernels that onnxruntime's CUDA provider has for operators of our graphs. Data; `coverage.ts` reads it. */
import { ELEMENT_TYPES, type ElementType } from '../onnx/schema.js';

/** The version whose list of kernels (docs/OperatorKernels.md) this table was taken from. */
export const KERNELS_VERSION = '1.30.0';

/** Where an operator takes or gives a tensor. */
export interface Slot {
  /** A type parameter of the operator, such as `T`, or a fixed element type. */
  readonly type: string;
  /** The kernel wants, or leaves, this tensor in the host's memory. */
  readonly host: boolean;
  /** This and any further ones: all of one type, or each of its own. */
  readonly repeats: 'no' | 'same' | 'each';
}

/** A kernel for the operator sets `from` to `to`. */
export interface Kernel {
  readonly from: number;
  /** `null`: no newer kernel has replaced it. */
  readonly to: number | null;
  /** Element types by type parameter, of those that our graphs can have. A parameter that is not listed takes none. */
  readonly types: Readonly<Record<string, readonly ElementType[]>>;
}

export interface Operator {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** Newest first; those that ended before operator set 21 are left out. */
  readonly kernels: readonly Kernel[];
}

/** What most operators take; those of the runtime's own domain as a rule only the first two. */
const SMALL_FLOATS = ['float32', 'float16'] as const;
const FLOATS = [...SMALL_FLOATS, 'float64'] as const;
const SIGNED = [...FLOATS, 'int32', 'int64'] as const;
const NUMBERS = [...SIGNED, 'int8', 'uint8'] as const;
const ALL = [...NUMBERS, 'bool'] as const;
const INDICES = ['int32', 'int64'] as const;
const BOOL = ['bool'] as const;
const INT64 = ['int64'] as const;

type Types = Kernel['types'];
const since = (from: number, types: Types): Kernel => ({ from, to: null, types });
const between = (from: number, to: number, types: Types): Kernel => ({ from, to, types });
/** Kernels of operators that were registered anew for each operator set since 21, with the same types for ours. */
const perOpset = (types: Types): Kernel[] => [
  since(25, types),
  between(23, 24, types),
  between(21, 22, types),
];
const perOpsetWith24 = (types: Types): Kernel[] => [
  ...[since(25, types), between(24, 24, types), between(23, 23, types), between(21, 22, types)],
];

/**
 * Reads a signature: types of the inputs, `->`, types of the outputs. `*` marks a tensor in the host's memory, `T...` any
 * number of one type, `V+` any number, each of its own type. Which tensors are the host's stands in the provider's sources.
 */
function operator(signature: string, ...kernels: Kernel[]): Operator {
  const [inputs, outputs] = signature.split('->').map((side) =>
    side
      .trim()
      .split(/\s+/)
      .map((text): Slot => {
        const repeats = text.endsWith('...') ? 'same' : text.endsWith('+') ? 'each' : 'no';
        return { type: text.replace(/[*.+]+$/, ''), host: text.includes('*'), repeats };
      }),
  );
  return { inputs: inputs!, outputs: outputs!, kernels };
}

const comparison = (from: number, types: readonly ElementType[]) =>
  operator('T T -> T1', since(from, { T: types, T1: BOOL }));
const logical = operator('T T -> T1', since(7, { T: BOOL, T1: BOOL }));
const arithmetic = operator('T T -> T', since(14, { T: NUMBERS }));
const unary = (from: number, types: readonly ElementType[]) => operator('T -> T', since(from, { T: types }));
const reduction = (from: number, types: readonly ElementType[]) =>
  operator('T int64* -> T', since(from, { T: types }));

/**
 * By domain and name. At operator set 21 every open range begins with the operator's current definition; the runtime matches
 * no other (`VerifyVersion` in its core/framework/kernel_registry.cc), so look there before raising the operator set.
 */
const OPERATORS: Readonly<Record<string, Readonly<Record<string, Operator>>>> = {
  '': {
    Add: arithmetic,
    And: logical,
    ArgMax: operator('T -> int64', since(13, { T: FLOATS })),
    Cast: operator('T1 -> T2', ...perOpset({ T1: ALL, T2: ALL })),
    Clip: operator('T T* T* -> T', since(13, { T: [...FLOATS, 'int64', 'int8', 'uint8'] })),
    Concat: operator('T... -> T', since(13, { T: ALL })),
    CumSum: operator('T T2* -> T', since(14, { T: SIGNED, T2: INDICES })),
    Div: arithmetic,
    Equal: comparison(19, [...SIGNED, 'bool']),
    Exp: unary(13, FLOATS),
    Expand: operator('T int64* -> T', since(13, { T: ALL })),
    Gather: operator('T Tind -> T', since(13, { T: ALL, Tind: INDICES })),
    GatherElements: operator('T Tind -> T', since(13, { T: ALL, Tind: INDICES })),
    GatherND: operator('T int64 -> T', since(13, { T: [...FLOATS, 'int64', 'bool'] })),
    Gemm: operator('T T T -> T', since(13, { T: FLOATS })),
    Greater: comparison(13, SIGNED),
    GreaterOrEqual: comparison(16, SIGNED),
    Identity: operator('V -> V', ...perOpset({ V: ALL })),
    If: operator('B* -> V+', ...perOpset({ B: BOOL, V: ALL })),
    Less: comparison(13, SIGNED),
    LessOrEqual: comparison(16, SIGNED),
    Log: unary(13, FLOATS),
    Loop: operator('I* B* V+ -> V+', ...perOpset({ I: INT64, B: BOOL, V: ALL })),
    MatMul: operator('T T -> T', since(13, { T: FLOATS })),
    Max: operator('T... -> T', since(13, { T: SIGNED })),
    Min: operator('T... -> T', since(13, { T: SIGNED })),
    Mul: arithmetic,
    Neg: unary(13, [...SIGNED, 'int8']),
    Not: unary(1, BOOL),
    Or: logical,
    Range: operator(
      'T* T* T* -> T',
      since(27, { T: ['float32', 'float64', ...INDICES] }),
      between(11, 26, { T: ['float32', 'float64', ...INDICES] }),
    ),
    Reciprocal: unary(13, FLOATS),
    ReduceLogSumExp: reduction(18, FLOATS),
    ReduceMax: reduction(20, NUMBERS),
    ReduceMean: reduction(18, [...FLOATS, 'int32']),
    ReduceSum: reduction(13, SIGNED),
    Reshape: operator('T int64* -> T', ...perOpset({ T: ALL })),
    RotaryEmbedding: operator('T T T M -> T', since(23, { T: SMALL_FLOATS, M: INT64 })),
    ScatterElements: operator('T Tind T -> T', since(18, { T: ALL, Tind: INDICES })),
    ScatterND: operator('T int64 T -> T', since(18, { T: ALL })),
    Shape: operator('T -> T1*', ...perOpset({ T: ALL, T1: INT64 })),
    Sigmoid: unary(13, FLOATS),
    SimplifiedLayerNormalization: operator(
      'T V -> V U',
      since(1, { T: FLOATS, U: ['float32', 'float64'], V: FLOATS }),
    ),
    Slice: operator('T Tind* Tind* Tind* Tind* -> T', since(13, { T: ALL, Tind: INDICES })),
    Softmax: unary(13, FLOATS),
    Split: operator('T int64* -> T...', since(18, { T: ALL })),
    Sqrt: unary(13, FLOATS),
    Squeeze: operator('T int64* -> T', ...perOpsetWith24({ T: ALL })),
    Sub: arithmetic,
    Tile: operator('T T1* -> T', since(13, { T: SIGNED, T1: INT64 })),
    TopK: operator(
      'T int64* -> T I',
      since(24, { T: NUMBERS, I: INT64 }),
      between(11, 23, { T: NUMBERS, I: INT64 }),
    ),
    Transpose: operator('T -> T', ...perOpset({ T: ALL })),
    Unsqueeze: operator('T int64* -> T', ...perOpsetWith24({ T: ALL })),
    Where: operator('B T T -> T', since(16, { B: BOOL, T: [...SIGNED, 'uint8'] })),
  },
  'com.microsoft': {
    FusedMatMul: operator('T T -> T', since(1, { T: FLOATS })),
    GatherBlockQuantized: operator(
      'T1 Tind T2 T1 -> T2',
      since(1, { T1: ['uint8'], T2: SMALL_FLOATS, Tind: INDICES }),
    ),
    MatMulNBits: operator(
      'T1 T2 T1 T3 T4 T1 -> T1',
      since(1, { T1: SMALL_FLOATS, T2: ['uint8'], T3: [...SMALL_FLOATS, 'uint8'] }),
    ),
    PagedAttention: operator(
      'T T T T_CACHE T_CACHE S S S T T S T T T T_KV_SCALE T_KV_SCALE S* -> T T_CACHE T_CACHE',
      since(1, { T: ['float16'], T_CACHE: ['float16', 'int8'], S: ['int32'], T_KV_SCALE: ['float32'] }),
    ),
    RotaryEmbedding: operator('T M T T -> T', since(1, { T: SMALL_FLOATS, M: INT64 })),
    SkipSimplifiedLayerNormalization: operator('T T T T -> T U U T', since(1, { T: SMALL_FLOATS })),
  },
};

/** The operators that the table holds, by domain. */
export const CUDA_OPERATORS: ReadonlyMap<string, ReadonlyMap<string, Operator>> = new Map(
  Object.entries(OPERATORS).map(([domain, operators]) => [domain, new Map(Object.entries(operators))]),
);

/** The slot of position `at`; the last one may stand for any number. */
export function slotAt(slots: readonly Slot[], at: number): Slot | undefined {
  const last = slots.at(-1);
  return slots[at] ?? (last && last.repeats !== 'no' ? last : undefined);
}

/** Element types that a kernel takes in a slot. */
export function typesAt(kernel: Kernel, slot: Slot): readonly ElementType[] {
  if (slot.type in ELEMENT_TYPES) return [slot.type as ElementType];
  return kernel.types[slot.type] ?? [];
}
