/** Versions of this program and of the packages it runs on, as they say themselves. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const VERSION = manifest.version;

/** Where an installed package lies, `null` where it is not. */
export function packageFolder(name: string): string | null {
  // Not resolved as a module: many packages do not export their package.json.
  const places = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const folders = places.map((place) => join(place, name));
  return folders.find((folder) => existsSync(join(folder, 'package.json'))) ?? null;
}

/** The version of an installed package, `null` where it is not installed. */
export function packageVersion(name: string): string | null {
  const folder = packageFolder(name);
  if (folder === null) return null;
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
