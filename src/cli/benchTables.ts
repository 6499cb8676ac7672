/** The tables of `boxed bench`. */
import { cpus } from 'node:os';
import CliTable from 'cli-table3';
import { PARTS } from '../engine/profile.js';
import type { Bound, MachineLimits } from '../engine/roofline.js';
import type { DecodeFigure, ProfileFigure, RunFigure } from './benchRun.js';

/** Lines of a profile; the rest is summed up. */
const PROFILE_LINES = 12;
const LEFT = new Set(['weights', 'part', 'operator', 'set by']);

/** What the shares are of. */
const ROOFLINE_NOTE = [
  'bound: the least time of a step, the longer of two. memory: all matrices once, keys and values of each row (those of a prompt that',
  'rows share once), at the speed at which onnxruntime reads 512 MiB (ReduceMax). arithmetic: 2 operations for each weight and row,',
  '4 for each query element and position, at the speed of a product of 512 rows, 2048 × 4096 (MatMul in fp32, MatMulNBits in int8 and',
  'int4). share: bound / measured.',
].join('\n');

export interface BoundedFigure extends DecodeFigure {
  readonly bound: Bound;
}

export function runTable(figures: readonly RunFigure[]): string {
  const head = [
    'rows',
    'weights',
    'tokens/s',
    'outside onnxruntime',
    'decode tokens/s',
    'ms per step',
    'prompt tokens/s',
  ];
  const lines = figures.map((figure) => [
    rowsOf(figure),
    figure.dtype,
    significant(figure.tokensPerSecond),
    percent(figure.outside),
    significant(figure.decodeTokensPerSecond),
    figure.msPerStep.toFixed(2),
    significant(figure.promptTokensPerSecond),
  ]);
  return tableOf(head, lines);
}

export function rooflineTable(figures: readonly BoundedFigure[], limits: MachineLimits): string {
  const head = [
    'rows',
    'weights',
    'positions',
    'decode tokens/s',
    'ms per step',
    'bound ms',
    'set by',
    'share',
  ];
  const lines = figures.map((figure) => [
    rowsOf(figure),
    figure.dtype,
    figure.positions.toFixed(0),
    significant(figure.decodeTokensPerSecond),
    figure.msPerStep.toFixed(2),
    figure.bound.ms.toFixed(2),
    figure.bound.by,
    percent(figure.bound.ms / figure.msPerStep),
  ]);
  const products = Object.entries(limits.flops).map(
    ([format, flops]) => `${(flops / 1e9).toFixed(0)} GFLOP/s in ${format}`,
  );
  const best = `This machine at best: reads ${(limits.readBytes / 1e9).toFixed(1)} GB/s; products ${products.join(', ')}`;
  return `${tableOf(head, lines)}\n${best}\n${ROOFLINE_NOTE}`;
}

export function profileTable({ profile, ...figure }: ProfileFigure): string {
  const { operators, steps } = profile;
  const sum = (times: readonly { readonly ms: number }[]) => times.reduce((total, { ms }) => total + ms, 0);
  const total = sum(operators);
  const shares = PARTS.map((part) => {
    const ofPart = operators.filter((operator) => operator.part === part);
    return `${part} ${percent(sum(ofPart) / total)}`;
  });
  const lines = operators
    .slice(0, PROFILE_LINES)
    .map(({ part, operator, calls, ms }) => [
      part,
      operator,
      significant(calls / steps),
      ((1000 * ms) / calls).toFixed(1),
      (ms / steps).toFixed(3),
      percent(ms / total),
    ]);
  const others = sum(operators.slice(PROFILE_LINES));
  lines.push(['', 'others', '', '', (others / steps).toFixed(3), percent(others / total)]);
  const table = tableOf(['part', 'operator', 'calls a step', 'µs a call', 'ms a step', 'share'], lines);
  return [
    `${rowsOf(figure)} rows, ${figure.dtype}, ${figure.positions.toFixed(0)} positions: ${shares.join(', ')}`,
    table,
    `A step takes ${figure.msPerStep.toFixed(2)} ms. Under the profiler it took ${(profile.ms / steps).toFixed(2)} ms, ` +
      `${(total / steps).toFixed(2)} ms of it in operators; the rest is the loop's and the profiler's own.`,
  ].join('\n');
}

export function machineLine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
}

function tableOf(head: string[], lines: readonly string[][]): string {
  const table = new CliTable({
    head,
    colAligns: head.map((name) => (LEFT.has(name) ? 'left' : 'right')),
    style: { head: [], border: [] },
  });
  table.push(...lines);
  return table.toString();
}

const rowsOf = ({ rows, fitting }: Pick<DecodeFigure, 'rows' | 'fitting'>) =>
  fitting < rows ? `${rows} (${fitting} fit)` : String(rows);
const significant = (value: number) => value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
