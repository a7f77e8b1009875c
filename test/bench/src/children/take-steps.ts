import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type EngineName, plainTraining } from '@chromatune/contracts';
import { type Batch, buildNetwork, createEagerStep, makeLoss, type Step } from '@chromatune/models';
import { stream } from '@chromatune/random';
import { repository } from '@chromatune/test-support';
import { type StepJob, stepJob, type Turn, turnRequest } from '../step-job.js';

// A process of its own for one network on one engine, because TensorFlow keeps the engine and the number of threads that
// it was first used with. Between its turns it does nothing.
process.on('disconnect', () => process.exit(0));

const job = stepJob.parse(JSON.parse(process.argv[2]!));
const batch = noise(job);
const problem = await loadEngine(job).catch((error: Error) => error.message);
if (problem) process.send!({ unavailable: problem }, () => process.exit(0));
else {
  const recipe = { ...plainTraining, ...job.recipe, epochs: 1 };
  const step = createEagerStep(buildNetwork(recipe, 0), makeLoss(recipe), recipe, { stepsPerEpoch: 1 });
  await takeSteps(step, 0); // the first steps allocate
  process.on('message', (message) => {
    void takeSteps(step, turnRequest.parse(message).seconds).then((turn) => process.send!(turn));
  });
  process.send!({ ready: `${job.engine}, threads: ${job.threads}` });
}

/** At least three steps, and as many as begin within `seconds`. */
async function takeSteps(step: Step, seconds: number): Promise<Turn> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const elapsed = () => (performance.now() - startedAt) / 1000;
  let steps = 0;
  while (steps < 3 || elapsed() < seconds) {
    await step.run(batch);
    steps++;
  }
  const { user, system } = process.cpuUsage(cpu);
  return { steps, images: steps * batch.images, seconds: elapsed(), cpuSeconds: (user + system) / 1e6 };
}

/** As the trainer's children do it, with the trainer's own file: the one place that chooses engines. */
async function loadEngine({ engine, threads }: StepJob): Promise<null> {
  const trainer = (await import(
    pathToFileURL(path.join(repository, 'apps/trainer/dist/engine.js')).href
  )) as { loadEngine(want: EngineName, options: { threads: number }): Promise<unknown> };
  await trainer.loadEngine(engine, { threads });
  return null;
}

/** The time of a step does not depend on what the pictures show. */
function noise({ recipe: { batchSize: images, model } }: StepJob): Batch {
  const size = model.imageSize;
  const random = stream(0, 'bench');
  const l = Uint8Array.from({ length: images * size * size }, () => random.integer(256));
  const ab = Uint8Array.from({ length: l.length * 2 }, () => 98 + random.integer(60));
  return { l, ab, images, size };
}
