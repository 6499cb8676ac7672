/** Recognises a folder that holds a LoRA adapter and not a whole checkpoint. */
import { AdapterOnlyError } from './errors.js';
import { listFolder } from './jsonFile.js';

const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors', 'adapter_model.bin'];
const MODEL_FILES = /^(model.*\.safetensors(\.index\.json)?|export\.json)$/;

/** @throws AdapterOnlyError where `folder` has files of an adapter and no weights of a model, FileAccessError */
export async function refuseAdapter(folder: string): Promise<void> {
  const present = await listFolder(folder);
  const adapter = ADAPTER_FILES.some((name) => present.includes(name));
  if (adapter && !present.some((name) => MODEL_FILES.test(name))) throw new AdapterOnlyError(folder);
}
