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
  peakBytes: process.resourceUsage().maxRSS * 1024, // VmHWM of the kernel: of the whole process
};
process.send!(use, () => process.exit(0));
