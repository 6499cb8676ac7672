/** `boxed export`: makes a checkpoint ready to run. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import type { Fidelity } from '../engine/fidelity.js';
import { UsageError } from '../errors.js';
import { describeDtype, type ExportedModel } from '../export/manifest.js';
import { type QuantizationReport, readQuantizationReport } from '../export/quantizationReport.js';
import { findStaleExports, removeExports, type StaleExport } from '../export/staleExports.js';
import { checkExport } from './exportCheck.js';
import { addModelOptions, type ModelFlags, openModel } from './modelOptions.js';
import { integerFrom } from './options.js';

interface ExportFlags extends ModelFlags {
  check?: boolean;
  texts?: string;
  checkTokens: number;
  prune?: boolean;
  json?: boolean;
}

/** Matrices named in the summary. */
const WORST = 3;

export function exportCommand(): Command {
  const command = new Command('export')
    .summary('Make a checkpoint ready to run')
    .description('Export a checkpoint in Hugging Face layout to ONNX; done once for each content and target.')
    .argument('<checkpoint>', 'folder with config.json and model.safetensors')
    .option('--check', 'compare with fp32 on text: divergence, agreement and perplexity')
    .option(
      '--texts <file>',
      'what --check reads: lines as for `boxed generate --input` (.jsonl), or one text; default: a bundled text',
    )
    .option('--check-tokens <count>', 'tokens that --check reads at most', integerFrom(2), 4096)
    .option('--prune', 'delete exports of earlier contents of the checkpoint, or made by earlier versions');
  return addModelOptions(command)
    .option('--json', 'print the manifest of the export')
    .addHelpText(
      'after',
      `
Examples:
  $ boxed export models/pebble-sft
  $ boxed export models/pebble-sft --dtype int8 --check
  $ boxed export models/pebble-sft --dtype int4 --block-size 64 --zero-points --precision lm_head=int8,0.down_proj=float
`,
    )
    .action(run);
}

async function run(checkpoint: string, flags: ExportFlags): Promise<void> {
  if (!existsSync(join(checkpoint, 'config.json')) || existsSync(join(checkpoint, 'export.json'))) {
    if (flags.check || flags.prune)
      throw new UsageError(
        '--check and --prune need the checkpoint itself',
        'Give the folder in Hugging Face layout that the export was made from.',
      );
  }
  const model = await openModel(checkpoint, flags);
  const { quantization } = model.manifest;
  const report = quantization ? await readQuantizationReport(model.folder) : null;
  // Other checkpoints may keep their exports in a folder that the user chose.
  const stale =
    flags.exportDir === undefined ? await findStaleExports(dirname(model.folder), model.manifest.digest) : [];
  if (flags.prune) await removeExports(stale);
  const fidelity = flags.check
    ? await checkExport(checkpoint, model, {
        tokens: flags.checkTokens,
        ...(flags.texts !== undefined && { texts: flags.texts }),
        ...(flags.exportDir !== undefined && { exportFolder: flags.exportDir }),
      })
    : null;
  if (flags.json) {
    const { folder, manifest } = model;
    const output = { folder, ...manifest, ...(report && { report }), ...(fidelity && { fidelity }) };
    process.stdout.write(`${JSON.stringify(output, null, 2)}\n`);
    return;
  }
  const lines = [
    ...describeModel(model),
    ...(report ? describeReport(report) : []),
    ...(fidelity ? describeFidelity(fidelity) : []),
    ...describeStale(stale, flags.prune ?? false),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describeModel({ folder, manifest }: ExportedModel): string[] {
  const { config, device, layout } = manifest;
  return [
    folder,
    `${config.architecture}, ${config.layers} layers, hidden size ${config.hiddenSize}, vocabulary ` +
      `${config.vocabSize}; ${describeDtype(manifest)}; ${layout.name} layout for ${device}`,
  ];
}

function describeReport({ relativeError, matrices }: QuantizationReport): string[] {
  const worst = [...matrices].sort((a, b) => b.relativeError - a.relativeError).slice(0, WORST);
  return [
    `relative error ${perCent(relativeError)} over ${matrices.length} matrices, most in ` +
      worst.map((matrix) => `${matrix.name} (${perCent(matrix.relativeError)})`).join(', '),
  ];
}

function describeFidelity(fidelity: Fidelity): string[] {
  const { tokens, kl, agreement, referencePerplexity, candidatePerplexity } = fidelity;
  return [
    `against fp32 on ${tokens} tokens: KL divergence ${kl.toPrecision(3)} nats a token, the same likeliest token ` +
      `${perCent(agreement)}, perplexity ${candidatePerplexity.toPrecision(5)} (fp32: ${referencePerplexity.toPrecision(5)})`,
  ];
}

function describeStale(stale: readonly StaleExport[], pruned: boolean): string[] {
  if (stale.length === 0) return [];
  const bytes = stale.reduce((sum, { bytes }) => sum + bytes, 0);
  const what = `${stale.length} older ${stale.length === 1 ? 'export' : 'exports'} (${(bytes / 1e6).toFixed(0)} MB)`;
  return [pruned ? `deleted ${what}` : `${what} beside it will not be used again; --prune deletes them`];
}

const perCent = (share: number) => `${(100 * share).toFixed(2)} %`;
