/** The figures of a comparison on disk, and as a table with ratios. */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import { readText, writeAtomically } from '../../src/files.js';
import { bestOf } from './measure.js';

const setting = z.intersection(
  z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  z.object({ threads: z.number() }),
);
const report = z.object({
  machine: z.string(),
  versions: z.record(z.string(), z.string()),
  cases: z.array(
    z.object({
      shape: z.string(),
      rows: z.number(),
      context: z.number(),
      tokens: z.number(),
      measuredAt: z.string(),
      figures: z
        .array(
          z.object({
            participant: z.string(),
            setting: setting.nullable(),
            tokensPerSecond: z.array(z.number()).readonly(),
            trials: z.array(z.object({ setting, tokensPerSecond: z.number() })).readonly(),
            why: z.string().optional(),
          }),
        )
        .readonly(),
    }),
  ),
});
export type Report = z.infer<typeof report>;
export type MeasuredCase = Report['cases'][number];

/** Reads a report, `null` where there is none. */
export async function readReport(file: string): Promise<Report | null> {
  return existsSync(file) ? report.parse(JSON.parse(await readText(file))) : null;
}

/** Adds a case to the report in `file`, in place of an earlier one. */
export async function addCase(file: string, head: Omit<Report, 'cases'>, added: MeasuredCase): Promise<void> {
  const others = ((await readReport(file))?.cases ?? []).filter((old) => caseKey(old) !== caseKey(added));
  await writeAtomically(file, `${JSON.stringify({ ...head, cases: [...others, added] }, null, 1)}\n`);
}

export function caseKey({ shape, rows, context }: Pick<MeasuredCase, 'shape' | 'rows' | 'context'>): string {
  return `${shape}/${rows}/${context}`;
}

/** A Markdown table for each shape: the best turn of each, in brackets how many times as fast the first participant is. */
export function formatReport({ machine, versions, cases }: Report): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = [machine, programs.join(', ')];
  for (const shape of new Set(cases.map((measured) => measured.shape))) {
    const own = cases
      .filter((measured) => measured.shape === shape)
      .sort((a, b) => a.context - b.context || a.rows - b.rows);
    const names = [...new Set(own.flatMap(({ figures }) => figures.map(({ participant }) => participant)))];
    const ordered = names
      .filter((name) => name.startsWith('boxed'))
      .sort()
      .reverse();
    ordered.push(...names.filter((name) => !name.startsWith('boxed')).sort());
    lines.push('', `${shape}, tokens/s`, '');
    lines.push(`| context | rows | ${ordered.join(' | ')} |`);
    lines.push(`|--:|--:|${ordered.map(() => '--:|').join('')}`);
    for (const measured of own) {
      const cells = ordered.map((name) => cell(measured, name, ordered[0]!));
      lines.push(`| ${measured.context} | ${measured.rows} | ${cells.join(' | ')} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function cell({ figures }: MeasuredCase, name: string, first: string): string {
  const figureOf = (participant: string) => figures.find((figure) => figure.participant === participant);
  const rates = figureOf(name)?.tokensPerSecond ?? [];
  if (rates.length === 0) return '-';
  const rate = bestOf(rates);
  const text = rate.toLocaleString('en-US', { maximumSignificantDigits: 3 });
  const ours = figureOf(first)?.tokensPerSecond ?? [];
  if (name === first || ours.length === 0) return text;
  return `${text} (${(bestOf(ours) / rate).toFixed(1)} ×)`;
}
