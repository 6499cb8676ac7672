/** Where the runtime really ran the nodes of a session, from the profile that it writes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Begins the names of profiles; the runtime adds the time and `.json`. */
const PROFILE_PREFIX = 'profile';

/** Session options that make the runtime write a profile into `folder`, complete once `endProfiling` was called. */
export function profileInto(folder: string): { enableProfiling: true; profileFilePrefix: string } {
  return { enableProfiling: true, profileFilePrefix: join(folder, PROFILE_PREFIX) };
}

/** A node that ran. */
export interface PlacedNode {
  readonly operator: string;
  /** The runtime's name of the provider, such as `CUDAExecutionProvider`. */
  readonly provider: string;
}

const placedSchema = z.object({ args: z.object({ op_name: z.string(), provider: z.string() }) });

/** Everything in the profiles of `folder`. */
export async function readEvents(folder: string): Promise<unknown[]> {
  const files = (await readdir(folder)).filter((name) => name.startsWith(PROFILE_PREFIX));
  const events = await Promise.all(
    files.map(async (name) =>
      z.array(z.unknown()).parse(JSON.parse(await readFile(join(folder, name), 'utf8'))),
    ),
  );
  return events.flat();
}

/** The nodes that ran, a node that ran twice named twice, of all profiles in `folder`. */
export async function readPlacement(folder: string): Promise<PlacedNode[]> {
  return (await readEvents(folder)).flatMap((event): PlacedNode[] => {
    const placed = placedSchema.safeParse(event);
    return placed.success
      ? [{ operator: placed.data.args.op_name, provider: placed.data.args.provider }]
      : [];
  });
}
