import { plainTraining } from '@chromatune/contracts';
import { buildNetwork, makeLoss } from '@chromatune/models';
import { memoryJob, type MemoryUse } from '../memory-job.js';
import { noise, trainerFile } from './trainer.js';

// A process of its own for one shape of training step, because memory that was once resident may stay so.
process.on('disconnect', () => process.exit(1));

const job = memoryJob.parse(JSON.parse(process.argv[2]!));
const { loadEngine } = await trainerFile('engine.js');
const { PeakMemory } = await trainerFile('training/peak-memory.js');

const engine = await loadEngine(job.engine, { threads: job.threads });
const peak = new PeakMemory();
const recipe = { ...plainTraining, ...job.recipe, epochs: 1 };
const shape = { images: recipe.batchSize, size: recipe.model.imageSize };
const step = engine.createStep(buildNetwork(recipe, 0), makeLoss(recipe), recipe, {
  stepsPerEpoch: 1,
  expected: { train: [shape], evaluate: [] },
});
const batch = noise(shape);
for (let i = 0; i < 2; i++) await step.run(batch);
const use: MemoryUse = { peakBytes: peak.bytes() };
process.send!(use, () => process.exit(0));
