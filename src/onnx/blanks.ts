/** Chooses how large the blanks of a model are when it is opened: what they hold is nothing, so any size will do. */
import { decodeModel, ELEMENT_BYTES, ELEMENT_TYPES, type ElementType, encodeModel } from './schema.js';

/** A serialised `model` with the first dimension of its blanks `names` set to `count`, at most what it was written with. */
export function resizeBlanks(model: Uint8Array, names: readonly string[], count: number): Uint8Array {
  const message = decodeModel(model);
  for (const tensor of message.graph.initializer) {
    if (!names.includes(tensor.name)) continue;
    tensor.dims[0] = count;
    const bytes = tensor.dims.reduce((product, size) => product * size, elementBytes(tensor.data_type));
    for (const entry of tensor.external_data ?? []) {
      if (entry.key === 'length') entry.value = String(bytes);
    }
  }
  return encodeModel(message);
}

function elementBytes(dataType: number): number {
  const types = Object.keys(ELEMENT_TYPES) as ElementType[];
  return ELEMENT_BYTES[types.find((type) => ELEMENT_TYPES[type] === dataType)!];
}
