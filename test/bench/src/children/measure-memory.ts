import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type EngineName, plainTraining } from '@chromatune/contracts';
import { type Batch, buildNetwork, type createEagerStep, makeLoss } from '@chromatune/models';
import { stream } from '@chromatune/random';
import { repository } from '@chromatune/test-support';
import { memoryJob, type MemoryUse } from '../memory-job.js';

// A process of its own for one shape of training step, because memory that was once resident may stay so.
process.on('disconnect', () => process.exit(1));

const job = memoryJob.parse(JSON.parse(process.argv[2]!));
const trainer = (file: string) =>
  import(pathToFileURL(path.join(repository, 'apps/trainer/dist', file)).href) as Promise<Trainer>;
const { loadEngine } = await trainer('engine.js');
const { PeakMemory } = await trainer('training/peak-memory.js');

const engine = await loadEngine(job.engine, { threads: job.threads });
const peak = new PeakMemory();
const recipe = { ...plainTraining, ...job.recipe, epochs: 1 };
const shape = { images: recipe.batchSize, size: recipe.model.imageSize };
const step = engine.createStep(buildNetwork(recipe, 0), makeLoss(recipe), recipe, {
  stepsPerEpoch: 1,
  expected: { train: [shape], evaluate: [] },
});
const batch = noise(shape.images, shape.size);
for (let i = 0; i < 2; i++) await step.run(batch);
const use: MemoryUse = { peakBytes: peak.bytes() };
process.send!(use, () => process.exit(0));

/** What is used of the trainer's compiled files. */
interface Trainer {
  loadEngine(want: EngineName, options: { threads: number }): Promise<{ createStep: CreateStep }>;
  PeakMemory: new () => { bytes(): number };
}
type CreateStep = typeof createEagerStep;

function noise(images: number, size: number): Batch {
  const random = stream(0, 'bench');
  const l = Uint8Array.from({ length: images * size * size }, () => random.integer(256));
  const ab = Uint8Array.from({ length: l.length * 2 }, () => 98 + random.integer(60));
  return { l, ab, images, size };
}
