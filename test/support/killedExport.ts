/** Exports the checkpoint of its first argument to the second, and is killed at the first byte written. */
import { exportCheckpoint } from '../../src/export/exporter.js';

const [checkpoint, target] = process.argv.slice(2);
await exportCheckpoint(checkpoint!, target!, {
  device: 'cpu',
  dtype: 'int8',
  digest: 'test',
  onProgress: () => process.kill(process.pid, 'SIGKILL'),
});
