import { readFileSync } from 'node:fs';
import { importNpy } from '@chromatune/data';
import { importJob, type ImportUse } from '../import-job.js';

// A process of its own for one import, so that its memory and CPU time are those of the import alone.
process.on('disconnect', () => process.exit(1));

const job = importJob.parse(JSON.parse(process.argv[2]!));
const startedAt = performance.now();
const { manifest } = await importNpy({ name: 'kaggle', ...job });
const { user, system } = process.cpuUsage();
const use: ImportUse = {
  images: manifest.images.train + manifest.images.validation + manifest.images.test,
  seconds: (performance.now() - startedAt) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakBytes: peakMemory(),
};
process.send!(use, () => process.exit(0));

/** The most memory that was ever resident, all of the process: VmHWM of the kernel. */
function peakMemory(): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(kilobytes![1]) * 1024;
}
