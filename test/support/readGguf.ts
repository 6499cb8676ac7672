/** Reads a GGUF file as its specification says, for tests of the writer. */

export interface ReadTensor {
  readonly name: string;
  /** The contiguous dimension first, as in the file. */
  readonly sizes: readonly number[];
  readonly type: number;
  /** Where the bytes begin, counted from the start of the file. */
  readonly offset: number;
}

/** Metadata and tensors of a file. @throws Error where it is no GGUF of version 3 */
export function readGguf(file: Buffer): { metadata: Map<string, unknown>; tensors: ReadTensor[] } {
  let at = 0;
  const take = (bytes: number) => {
    at += bytes;
    return at - bytes;
  };
  const uint32 = () => file.readUInt32LE(take(4));
  const uint64 = () => Number(file.readBigUInt64LE(take(8)));
  const text = () => {
    const length = uint64();
    return file.toString('utf8', at, take(length) + length);
  };
  const value = (type: number): unknown => {
    switch (type) {
      case 4:
        return uint32();
      case 5:
        return file.readInt32LE(take(4));
      case 6:
        return file.readFloatLE(take(4));
      case 8:
        return text();
      case 9: {
        const [elements, length] = [uint32(), uint64()];
        return Array.from({ length }, () => value(elements));
      }
      default:
        throw new Error(`value type ${type}`);
    }
  };
  if (file.toString('latin1', 0, take(4) + 4) !== 'GGUF' || uint32() !== 3) throw new Error('not GGUF 3');
  const [tensorCount, entryCount] = [uint64(), uint64()];
  const metadata = new Map<string, unknown>();
  for (let entry = 0; entry < entryCount; entry += 1) metadata.set(text(), value(uint32()));
  const places = Array.from({ length: tensorCount }, () => ({
    name: text(),
    sizes: Array.from({ length: uint32() }, uint64),
    type: uint32(),
    offset: uint64(),
  }));
  const start = Math.ceil(at / 32) * 32;
  return { metadata, tensors: places.map((place) => ({ ...place, offset: start + place.offset })) };
}
