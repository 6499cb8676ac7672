/** What an export is made for: a device, and the element type of its weights. */
import { UsageError } from '../errors.js';
import {
  type Quantization,
  type QuantizationOptions,
  type QuantizedDtype,
  resolveQuantization,
} from './quantization.js';

/** Devices, and the element types that exports for each can have; the first is the default. */
const DTYPES_BY_DEVICE = { cpu: ['fp32', 'int8', 'int4'], cuda: ['fp16'], webgpu: ['fp16'] } as const;

export type Device = keyof typeof DTYPES_BY_DEVICE;
export type Dtype = (typeof DTYPES_BY_DEVICE)[Device][number];

export const DEVICES = Object.keys(DTYPES_BY_DEVICE) as readonly Device[];
export const DTYPES = [...new Set(Object.values(DTYPES_BY_DEVICE).flat())] as readonly Dtype[];

export interface Target {
  readonly device: Device;
  readonly dtype: Dtype;
  /** Settings for `int8` and `int4`; what is left out has a default. */
  readonly quantization?: QuantizationOptions;
}

/** The settings by which a target quantizes, `null` where it does not. */
export function quantizationOf({ dtype, quantization }: Target): Quantization | null {
  return isQuantized(dtype) ? resolveQuantization(dtype, quantization) : null;
}

function isQuantized(dtype: Dtype): dtype is QuantizedDtype {
  return dtype === 'int8' || dtype === 'int4';
}

/** Checks a `--device` and a `--dtype`, by default the device's own. @throws UsageError naming those there are. */
export function parseTarget(device: string, dtype?: string): Target {
  const knownDevice = oneOf('--device', device, DEVICES);
  const dtypes: readonly Dtype[] = DTYPES_BY_DEVICE[knownDevice];
  if (dtype === undefined) return { device: knownDevice, dtype: dtypes[0]! };
  return { device: knownDevice, dtype: oneOf('--dtype', dtype, dtypes, ` for --device ${knownDevice}`) };
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[], where = ''): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new UsageError(
    `${option} ${value} is not one of those there are${where}`,
    `Use ${allowed.map((name) => `${option} ${name}`).join(' or ')}.`,
  );
}
