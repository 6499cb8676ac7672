/**
 * A root of its own for the solver, where Linux gives one: new namespaces of files, network, processes and shared memory,
 * in which nothing is but the system's libraries and what is shown. It holds native code, too, and nothing needs to be
 * installed but util-linux.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** How a command is started behind the walls: the program, and what stands before the command's own words. */
export interface Sandbox {
  readonly program: string;
  readonly prefix: (shown: readonly string[], folder: string) => readonly string[];
}

/** A sandbox, or why there is none here. */
export type SandboxOrWhy = { readonly sandbox: Sandbox } | { readonly why: string };

/** Libraries, programs and drivers. Not `/usr`, `/opt` or `/etc` as a whole: people keep their own work there. */
const SYSTEM = [
  ...['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/run/opengl-driver', '/sys'],
  ...['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libx32', '/usr/share'],
  ...['/usr/local/lib', '/usr/local/lib64', '/usr/local/cuda', '/usr/local/nvidia', '/opt/rocm'],
  ...[
    'ld.so.cache',
    'ld.so.conf',
    'ld.so.conf.d',
    'alternatives',
    'vulkan',
    'glvnd',
    'OpenCL',
    'localtime',
  ].map((name) => `/etc/${name}`),
];

/** Without disks, terminals and memory; graphics cards are added as they are found. */
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'dri', 'dxg', 'kfd'];

/**
 * Builds the root in a tmpfs over a folder of this namespace, moves into it and lets the old one go:
 * `sh -c SCRIPT sh ROOT FOLDER SHOWN… -- COMMAND…`. All of it is read-only, and the command has no capability to change that.
 */
const SCRIPT = `
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1; folder=$2; shift 2
show() { # root of what is shown, its path, root in which it is shown, options
  from=$1$2; to=$3$2
  if [ ! -e "$from" ] || [ -e "$to" ]; then return 0; fi
  mkdir -p "\${to%/*}"
  if [ -L "$from" ] && [ "$4" = system ]; then ln -s "$(readlink "$from")" "$to"; return 0; fi
  if [ -d "$from" ]; then mkdir -p "$to"; else : > "$to"; fi
  mount --rbind "$from" "$to"
  if [ "$4" = device ]; then return 0; fi
  mount -o remount,bind,ro,nosuid,nodev "$to" 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev,noexec "$to"
}
mount -t tmpfs -o mode=755,nosuid,nodev none "$root"
for path in ${SYSTEM.join(' ')}; do show '' "$path" "$root" system; done
for path in ${DEVICES.map((name) => `/dev/${name}`).join(' ')} /dev/nvidia*; do show '' "$path" "$root" device; done
mkdir -p "$root/proc" "$root/.outside"
mount -t proc -o nosuid,nodev,noexec none "$root/proc"
cd "$root"
pivot_root . .outside
cd /
while [ "$1" != -- ]; do show /.outside "$1" '' own; shift; done
shift
umount -l /.outside
rmdir /.outside
mount -o remount,bind,ro /proc
mount -o remount,bind,ro /
cd "$folder"
unset PWD OLDPWD
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all$KEPT -- "$@"
`;

const UNSHARE = ['/usr/bin/unshare', '/bin/unshare'];
const SHELL = '/bin/sh';
const NAMESPACES = ['--mount', '--net', '--pid', '--ipc', '--fork', '--kill-child'];

/** Long enough for a machine under load; a sandbox takes 20 ms. */
const PROBE_TIMEOUT_MS = 10_000;

let found: SandboxOrWhy | null = null;

/** The sandbox of this machine: looked for, and tried out, once. */
export function findSandbox(): SandboxOrWhy {
  found ??= lookForSandbox();
  return found;
}

function lookForSandbox(): SandboxOrWhy {
  const program = UNSHARE.find((path) => existsSync(path));
  if (program === undefined) return { why: 'this system has no unshare' };
  let why = '';
  for (const sandbox of candidates(program)) {
    const args = [...sandbox.prefix([process.execPath], '/'), process.execPath, '--version'];
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      env: {},
      encoding: 'utf8',
      timeout: PROBE_TIMEOUT_MS,
    });
    if (status === 0 && stdout.trim() === process.version) return { sandbox };
    why = error?.message ?? (stderr.trim().split('\n')[0] || `unshare ended with ${status}`);
  }
  return { why };
}

/** Root needs no user namespace, and where it can do without one it may read files of other users; nobody else can. */
function candidates(program: string): Sandbox[] {
  const sandbox = (options: readonly string[], kept: string): Sandbox => ({
    program,
    prefix: (shown, folder) => [
      ...[...NAMESPACES, ...options, '--', SHELL, '-c', `KEPT=${kept}${SCRIPT}`, 'sh', tmpdir(), folder],
      // A folder comes before what is in it.
      ...[...new Set(shown)].sort((a, b) => a.length - b.length),
      '--',
    ],
  });
  const user = sandbox(['--user', '--map-root-user'], '');
  // Reading files of others is all that root keeps.
  return process.getuid?.() === 0 ? [sandbox([], ',+dac_override'), user] : [user];
}
