/** `boxed audit`: which problems are in given corpora. */
import { Command, InvalidArgumentError } from 'commander';
import { auditCorpora, type DatedSet } from '../audit/audit.js';
import { LEVELS, type Level } from '../audit/levels.js';
import { DATE, readProblems } from '../problems/problemSet.js';
import { overlapsOf, renderAudit } from '../report/auditText.js';
import { VERSION } from '../version.js';
import { wantsColours } from './colours.js';
import { integerFrom } from './options.js';
import { ProgressLine } from './progress.js';

/** An audit that came to no verdict. Its status is that of wrong use, since 1 means that an overlap was found. */
export class NoVerdict {
  constructor(readonly cause: unknown) {}
}

interface AuditFlags {
  corpus: string[];
  problems: string[];
  field?: string[];
  failOn: Level[];
  modelDate?: string;
  threads?: number;
  json?: boolean;
}

const EXAMPLE = `
Ends with status 0 when no problem overlaps, 1 when one does, 2 when a file cannot be read or used. What each way of being
found means, and what it misses: docs/audit.md.

Example:
  $ boxed audit --corpus train.jsonl more.csv.gz --problems problems/pebble
`;

export function auditCommand(): Command {
  return new Command('audit')
    .summary('Say which problems are in given corpora')
    .description(
      'Hold problems against corpora (training data): exact copies, shared n-grams, edited copies.\n' +
        'A corpus is streamed, so its size does not matter.',
    )
    .requiredOption('--corpus <files...>', 'corpora: .jsonl, .csv (.gz or not) or .parquet')
    .requiredOption('--problems <paths...>', 'set folders, or CSV, JSONL or Parquet files with problems')
    .option(
      '--field <names...>',
      'fields of documents to search, such as problem or messages.content; default: all texts',
    )
    .option(
      '--fail-on <list>',
      `ways of being found that count as overlap, of ${LEVELS.join(',')}`,
      levelList,
      [...LEVELS],
    )
    .option('--model-date <date>', "when the model's training data ended: 2024, 2024-02 or 2024-02-01", date)
    .option('--threads <n>', 'worker threads; default: one a processor', integerFrom(1))
    .option('--json', 'print the report as JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (flags: AuditFlags) => {
      try {
        process.exitCode = await audit(flags);
      } catch (error) {
        throw new NoVerdict(error);
      }
    });
}

async function audit(flags: AuditFlags): Promise<number> {
  const { corpus, problems: paths, field, failOn, modelDate, threads, json } = flags;
  process.stderr.write(`boxed ${VERSION} · auditing ${paths.join(', ')} against ${corpus.join(', ')}\n`);
  const sets: DatedSet[] = await Promise.all([...new Set(paths)].map((path) => readProblems(path)));
  const progress = new ProgressLine({ label: 'audit', unit: 'MB', rateUnit: 'MB/s' });
  const report = await auditCorpora(sets, corpus, {
    fields: field ?? null,
    modelDate: modelDate ?? null,
    ...(threads !== undefined && { threads }),
    onBytes: (read, total) => {
      const megabytes = Math.round(read / 1e6);
      progress.update({
        done: megabytes,
        total: Math.max(megabytes, Math.round(total / 1e6)),
        amount: read / 1e6,
      });
    },
  }).finally(() => progress.stop());
  const overlaps = overlapsOf(report, failOn).length;
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...report, failOn, overlaps })}\n`
      : renderAudit(report, { failOn, colors: wantsColours(process.stdout) }),
  );
  return overlaps > 0 ? 1 : 0;
}

function levelList(text: string): Level[] {
  return text.split(',').map((name) => {
    const level = LEVELS.find((known) => known === name);
    if (level) return level;
    throw new InvalidArgumentError(`There is no '${name}'; name some of ${LEVELS.join(',')}.`);
  });
}

function date(text: string): string {
  if (DATE.test(text)) return text;
  throw new InvalidArgumentError('Write a year, a month or a day: 2024, 2024-02, 2024-02-01.');
}
