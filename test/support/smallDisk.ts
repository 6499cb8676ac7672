/** A disk of a few bytes that a test can fill: a tmpfs of its own. */
import { spawnSync } from 'node:child_process';
import { test } from '@jest/globals';

/** A private tmpfs needs a namespace of mounts, and a user namespace for whoever is not root. */
export const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--user', '--map-root-user'];

const hasMounts =
  spawnSync('unshare', [...UNSHARE, 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' }).status ===
  0;

/** A test that runs where such a disk can be made. */
export const onSmallDisk = hasMounts ? test : test.skip;
