/** `boxed export`: makes a checkpoint ready to run. */
import { Command } from 'commander';
import { addModelOptions, type ModelFlags, openModel } from './modelOptions.js';

export function exportCommand(): Command {
  const command = new Command('export')
    .summary('Make a checkpoint ready to run')
    .description('Export a checkpoint in Hugging Face layout to ONNX; done once for each content and target.')
    .argument('<checkpoint>', 'folder with config.json and model.safetensors');
  return addModelOptions(command)
    .option('--json', 'print the manifest of the export')
    .addHelpText('after', '\nExample:\n  $ boxed export models/pebble-sft\n')
    .action(async (checkpoint: string, flags: ModelFlags & { json?: boolean }) => {
      const { folder, manifest } = await openModel(checkpoint, flags);
      if (flags.json) {
        process.stdout.write(`${JSON.stringify({ folder, ...manifest }, null, 2)}\n`);
        return;
      }
      const { config, dtype, device, layout } = manifest;
      process.stdout.write(
        `${folder}\n${config.architecture}, ${config.layers} layers, hidden size ${config.hiddenSize}, vocabulary ` +
          `${config.vocabSize}; ${dtype}, ${layout.name} layout for ${device}\n`,
      );
    });
}
