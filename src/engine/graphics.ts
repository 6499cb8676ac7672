/** Graphics processors and their drivers: NVIDIA's, and those that Vulkan finds. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

export interface NvidiaGpu {
  readonly name: string;
  readonly memoryBytes: number;
}

export interface VulkanDevice {
  readonly name: string;
  /** Computes on the processor: right, and slow. */
  readonly software: boolean;
}

export interface Graphics {
  /** Version of NVIDIA's kernel driver, `null` where there is none. */
  readonly nvidiaDriver: string | null;
  /** Empty also where `nvidia-smi` is missing. */
  readonly nvidiaGpus: readonly NvidiaGpu[];
  /** As `vulkaninfo` lists them; without it, as far as the installed drivers tell. */
  readonly vulkanDevices: readonly VulkanDevice[];
  /** Installed Vulkan drivers, whether or not there is a device for them. */
  readonly vulkanDrivers: readonly string[];
}

const NVIDIA_VERSION_FILE = '/proc/driver/nvidia/version';
/** A tool that takes longer hangs in a broken driver. */
const TOOL_TIMEOUT_MS = 20_000;
/** Where the Vulkan loader looks for drivers, unless these variables say otherwise. */
const VULKAN_FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const VULKAN_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];
/** Mesa's driver for the processor. */
const SOFTWARE_DRIVER = /^lvp_/;

export async function readGraphics(): Promise<Graphics> {
  const [smi, vulkan] = await Promise.all([
    toolOutput('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits']),
    toolOutput('vulkaninfo', ['--summary']),
  ]);
  const vulkanDrivers = installedVulkanDrivers();
  return {
    nvidiaDriver: existsSync(NVIDIA_VERSION_FILE)
      ? parseNvidiaVersion(readFileSync(NVIDIA_VERSION_FILE, 'utf8'))
      : null,
    nvidiaGpus: smi === null ? [] : parseNvidiaSmi(smi),
    vulkanDevices: vulkan === null ? devicesByDrivers(vulkanDrivers) : parseVulkanSummary(vulkan),
    vulkanDrivers,
  };
}

/** The version in `/proc/driver/nvidia/version`: `NVRM version: NVIDIA UNIX … Kernel Module  550.54.15  Thu …`. */
export function parseNvidiaVersion(text: string): string | null {
  return /^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/m.exec(text)?.[1] ?? null;
}

/** Lines `NVIDIA H100 80GB HBM3, 81559`, memory in MiB. */
export function parseNvidiaSmi(text: string): NvidiaGpu[] {
  return text.split('\n').flatMap((line) => {
    const [, name, mebibytes] = /^(.+), (\d+)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, memoryBytes: Number(mebibytes) * 2 ** 20 }];
  });
}

/** Devices in the output of `vulkaninfo --summary`: lines `deviceType = …`, then `deviceName = …`. */
export function parseVulkanSummary(text: string): VulkanDevice[] {
  const devices = text.matchAll(/deviceType\s*=\s*(\S+)\s+deviceName\s*=\s*(.+)/g);
  return [...devices].map(([, type, name]) => ({
    name: name!.trim(),
    software: type === 'PHYSICAL_DEVICE_TYPE_CPU',
  }));
}

function installedVulkanDrivers(): string[] {
  const named = VULKAN_VARIABLES.map((name) => process.env[name]).find((value) => value !== undefined);
  const places = named === undefined ? VULKAN_FOLDERS : named.split(delimiter);
  const files = places.flatMap((place) => {
    if (!existsSync(place)) return [];
    return place.endsWith('.json') ? [basename(place)] : readdirSync(place);
  });
  return [...new Set(files)].filter((name) => name.endsWith('.json')).sort();
}

/** Distributions install drivers for devices that are not there; without a device file only the processor is left. */
function devicesByDrivers(drivers: readonly string[]): VulkanDevice[] {
  const hasDevice = existsSync('/dev/nvidiactl') || (existsSync('/dev/dri') && hasRenderNode());
  const software = drivers.some((name) => SOFTWARE_DRIVER.test(name));
  return software && !hasDevice ? [{ name: 'llvmpipe', software: true }] : [];
}

function hasRenderNode(): boolean {
  return readdirSync(join('/dev', 'dri')).some((name) => name.startsWith('renderD'));
}

/** What a tool prints, `null` where it is missing or fails. */
function toolOutput(tool: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(tool, [...args], { timeout: TOOL_TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout) =>
      resolve(error ? null : stdout),
    );
  });
}
