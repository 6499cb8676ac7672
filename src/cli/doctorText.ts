/** The findings of `boxed doctor` as text for a terminal. */
import { styleText } from 'node:util';
import type { Machine } from '../engine/machine.js';
import type { ProviderReport } from '../engine/providerReport.js';
import type { ModelInspection, WeightMemory } from '../export/inspection.js';
import { byteCount, wholeNumber } from '../report/format.js';
import { WIDTH, wrap } from '../report/terminal.js';
import type { Doctor, Finding } from './doctorReport.js';

/** A line: its name, then what there is to say, which may take several lines. */
type Line = readonly [name: string, text: string];

type Style = 'bold' | 'green' | 'yellow' | 'dim';
type Paint = (style: Style, text: string) => string;

const INDENT = '  ';
const GAP = '  ';

export function renderDoctor(doctor: Doctor, findings: readonly Finding[], colours: boolean): string {
  const paint: Paint = (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text);
  const { versions, machine, disk, model } = doctor;
  const lines: Line[] = [
    ...Object.entries(versions).map(([name, version]): Line => [name, version ?? 'not installed']),
    ['processors', processors(machine)],
    ['memory', memory(machine)],
    ['disk', `${byteCount(disk.freeBytes)} free where exports go: ${disk.folder}`],
    ['NVIDIA', nvidia(doctor)],
    ['Vulkan', vulkan(doctor)],
  ];
  const sections = [section('This machine', lines, paint), providers(doctor.providers, paint)];
  if (model) sections.push(section(`Model ${model.path}`, modelLines(model), paint));
  if (findings.length > 0) {
    const toDo = findings.map(({ about, advice }): Line => [about, advice]);
    sections.push(section('What to do', toDo, paint));
  }
  return `${sections.join('\n\n')}\n`;
}

function section(title: string, lines: readonly Line[], paint: Paint): string {
  const width = Math.max(...lines.map(([name]) => name.length));
  return [
    paint('bold', title),
    ...lines.map(([name, text]) => hang(paint('dim', name.padEnd(width)), width, text)),
  ].join('\n');
}

/** `text` beside a name, its further lines under its first. */
function hang(name: string, nameWidth: number, text: string): string {
  const margin = INDENT.length + nameWidth + GAP.length;
  const wrapped = wrap(text, WIDTH - margin).replaceAll('\n', `\n${' '.repeat(margin)}`);
  return `${INDENT}${name}${GAP}${wrapped}`;
}

function providers(reports: readonly ProviderReport[], paint: Paint): string {
  const width = Math.max(...reports.map(({ provider }) => provider.length));
  const lines = reports.map(({ provider, works, reason, device }) => {
    const mark = works ? paint('green', 'ok ') : paint('yellow', 'not');
    const told = works ? (device ?? 'a small product came out right') : (reason ?? '');
    return hang(`${mark} ${provider.padEnd(width)}`, 'not '.length + width, told);
  });
  return [paint('bold', 'Providers, each tried'), ...lines].join('\n');
}

function processors({ processor, processors: count, threads, processorQuota }: Machine): string {
  const quota = processorQuota === null ? '' : `; the container grants the time of ${processorQuota}`;
  return `${count} × ${processor}, ${threads} for this process${quota}`;
}

function memory({ memoryBytes, availableBytes, memoryLimitBytes }: Machine): string {
  const limit = memoryLimitBytes === null ? '' : `, ${byteCount(memoryLimitBytes)} granted by the container`;
  return `${byteCount(memoryBytes)}${limit}, ${byteCount(availableBytes)} available`;
}

function nvidia({ graphics: { nvidiaDriver, nvidiaGpus } }: Doctor): string {
  if (nvidiaDriver === null) return 'no driver';
  const gpus = nvidiaGpus.map(({ name, memoryBytes }) => `${name} (${byteCount(memoryBytes)})`);
  return [`driver ${nvidiaDriver}`, ...gpus].join(', ');
}

function vulkan({ graphics: { vulkanDevices, vulkanDrivers } }: Doctor): string {
  if (vulkanDrivers.length === 0 && vulkanDevices.length === 0) return 'no driver';
  if (vulkanDevices.length === 0) return `drivers, and no known device: ${vulkanDrivers.join(', ')}`;
  return vulkanDevices.map(({ name, software }) => (software ? `${name}, software` : name)).join('; ');
}

function modelLines(model: ModelInspection): Line[] {
  const { config, weights, memory: estimate, cacheBytesPerToken, exports, exportFolder, faults } = model;
  const lines: Line[] = [];
  if (config) {
    lines.push([
      'decoder',
      `${config.architecture}, ${config.layers} layers, hidden size ${config.hiddenSize}, vocabulary ${wholeNumber(config.vocabSize)}`,
    ]);
  }
  if (weights) {
    const { parameters, bytes, dtypes } = weights;
    lines.push(['weights', `${wholeNumber(parameters)} in ${dtypes.join(', ')}, ${byteCount(bytes)}`]);
  }
  if (estimate) lines.push(['in memory', `about ${memoryByDtype(estimate)}`]);
  if (cacheBytesPerToken !== null) {
    lines.push(['caches', `${byteCount(1000 * cacheBytesPerToken)} for each 1,000 tokens of a row`]);
  }
  for (const { folder, device, dtype } of exports)
    lines.push(['export', `${dtype} for ${device}: ${folder}`]);
  if (exports.length === 0) lines.push(['export', `none yet; it would go to ${exportFolder}`]);
  if (faults.length > 0) lines.push(['faults', faults.map(({ name }) => name).join(', ')]);
  return lines;
}

function memoryByDtype(memory: WeightMemory): string {
  return Object.entries(memory)
    .map(([dtype, bytes]) => `${byteCount(bytes as number)} as ${dtype}`)
    .join(', ');
}
