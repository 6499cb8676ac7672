/** `boxed seal`: an answer key that can lie beside its problems without being readable. */
import { Command } from 'commander';
import { UsageError } from '../errors.js';
import { EDITIONS, editionOf } from '../problems/editions.js';
import { isSetFolder, readProblems } from '../problems/problemSet.js';
import { SEALING_COST } from '../problems/sealedKey.js';
import { removeReadableKey, sealKey } from '../score/sealKey.js';
import { VERSION } from '../version.js';
import { ProgressLine } from './progress.js';

interface SealFlags {
  edition?: string;
  out?: string;
  remove?: boolean;
  json?: boolean;
}

export function sealCommand(): Command {
  return new Command('seal')
    .summary('Make an answer key unreadable that still scores')
    .description(
      'Write a salted, slow digest of each answer in place of the answer: `boxed score` can tell with it whether an\n' +
        'answer is right, and nobody reads it by accident. In a set folder set.json then names the file, and runs begun\n' +
        'from then on are scored by that key alone. A guess costs about 20 ms of a core: it is a seal, and no secret.',
    )
    .argument(
      '<problems>',
      'problem set folder with answers.csv, or a CSV, JSONL or Parquet file with id and answer',
    )
    .option(
      '--edition <name>',
      `rules by which the answers are read: ${EDITIONS.map(({ name }) => name).join(', ')}; default: the problem set's`,
    )
    .option('--out <file>', 'where to write; default: answers.sealed.json in the folder, or beside the file')
    .option('--remove', 'delete the readable answers.csv of a folder once all of it is found under the seal')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ boxed seal problems/mine --remove\n')
    .action(seal);
}

async function seal(path: string, { edition: asked, out, remove, json }: SealFlags): Promise<void> {
  const isFolder = await isSetFolder(path);
  if (remove && !isFolder)
    throw new UsageError('the file may hold more than the answers', 'Delete it yourself.', {
      field: '--remove',
    });
  const name = asked ?? (isFolder ? (await readProblems(path)).edition : null);
  if (name === null)
    throw new UsageError('the problems name no edition', 'Say by whose rules the answers are read.', {
      field: '--edition',
    });
  const edition = editionOf(name);
  const { N, r, p } = SEALING_COST;
  process.stderr.write(
    `boxed ${VERSION} · sealing the answers of ${path} (edition ${name}, scrypt N ${N}, r ${r}, p ${p})\n`,
  );
  const result = await withProgress('sealing', (onProgress) =>
    sealKey(path, { edition, out: out ?? null, onProgress }),
  );
  if (remove)
    await withProgress('checking', (onProgress) =>
      removeReadableKey(path, result.file, { edition, onProgress }),
    );
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...result, removed: remove ?? false })}\n`);
    return;
  }
  process.stderr.write(
    `  ${result.answers} answers sealed${result.named ? '; set.json names the file' : ''}\n` +
      (remove
        ? `  ${result.source} is gone\n`
        : `  ${result.source} is still readable: move it away, or --remove it\n`),
  );
  process.stdout.write(`${result.file}\n`);
}

async function withProgress<Result>(
  label: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<Result>,
): Promise<Result> {
  const line = new ProgressLine({ label, unit: 'answers', rateUnit: 'answers/s' });
  try {
    return await work((done, total) => line.update({ done, total, amount: done }));
  } finally {
    line.stop();
  }
}
