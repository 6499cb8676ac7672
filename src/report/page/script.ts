/** The scripts of a page, which stand in it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

export interface PageScript {
  readonly html: string;
  /** Hash by which a content security policy lets a browser run it. */
  readonly hash: string;
}

/** A script of `src/report/browser` as the build leaves it. @throws when the program was not built */
export async function readScript(name: 'viewer' | 'scheme'): Promise<PageScript> {
  const file = fileURLToPath(new URL(`../../../browser/src/report/browser/${name}.js`, import.meta.url));
  const script = `\n${await readFile(file, 'utf8')}`;
  return {
    html: `<script type="module">${script}</script>`,
    hash: `sha256-${createHash('sha256').update(script).digest('base64')}`,
  };
}
