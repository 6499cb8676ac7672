/** Finds the weight files of a checkpoint: one file, or the shards that an index names. */
import { join } from 'node:path';
import { z } from 'zod';
import { InvalidCheckpointFileError, MissingWeightsError } from './errors.js';
import { listFolder, parseJson, readRequired, validate } from './jsonFile.js';

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** Weights in layouts that are not read, by which a folder without safetensors is explained. */
const OTHER_WEIGHTS = /\.(bin|gguf|pth?|ckpt|h5|msgpack|onnx)$/;

/** The weight files of a folder; names are relative to it. */
export interface WeightFiles {
  /** Files that hold tensors, sorted by name. */
  readonly shards: readonly string[];
  /** File of each tensor by the index; `null` for a single file, which lists its own. */
  readonly shardOf: ReadonlyMap<string, string> | null;
}

/** A map, since a record would lose a tensor called `__proto__`. */
const shardMap = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? new Map(Object.entries(value))
      : value,
  z.map(z.string(), z.string()),
);
const indexSchema = z.looseObject({ weight_map: shardMap });

/**
 * Finds the weights in `folder`; a single file goes before an index, as in transformers.
 * @throws FileAccessError, MissingWeightsError naming what was looked for, InvalidCheckpointFileError
 */
export async function findWeightFiles(folder: string): Promise<WeightFiles> {
  const present = await listFolder(folder);
  if (present.includes(SINGLE_FILE)) return { shards: [SINGLE_FILE], shardOf: null };
  if (!present.includes(INDEX_FILE)) throw noWeights(folder, present);

  const index = join(folder, INDEX_FILE);
  const { weight_map } = validate(index, parseJson(index, await readRequired(index)), indexSchema);
  const shards = [...new Set(weight_map.values())].sort();
  if (shards.length === 0) throw invalidIndex(index, 'weight_map', 'names no tensor');
  for (const shard of shards) {
    // A name with a folder in it could point anywhere on the disk.
    if (/[\\/]/.test(shard) || !shard.endsWith('.safetensors'))
      throw invalidIndex(
        index,
        'weight_map',
        `"${shard}" is not the name of a .safetensors file in this folder`,
      );
  }
  const missing = shards.filter((shard) => !present.includes(shard));
  if (missing.length > 0)
    throw new MissingWeightsError(
      `the index names ${missing.length === 1 ? 'a shard that is' : 'shards that are'} not there: ${missing.join(', ')}`,
      'The download or copy did not finish: fetch the missing shards.',
      { file: index },
    );
  return { shards, shardOf: weight_map };
}

function noWeights(folder: string, present: readonly string[]): MissingWeightsError {
  const others = present.filter((name) => OTHER_WEIGHTS.test(name));
  const hint =
    others.length > 0
      ? `The folder holds ${others.slice(0, 3).join(', ')}: convert it to safetensors, in transformers by save_pretrained.`
      : 'Fetch the weights in safetensors format into this folder.';
  return new MissingWeightsError(`there is neither ${SINGLE_FILE} nor ${INDEX_FILE}`, hint, { file: folder });
}

function invalidIndex(file: string, field: string, what: string): InvalidCheckpointFileError {
  return new InvalidCheckpointFileError(what, 'Fetch the index again.', { file, field });
}
