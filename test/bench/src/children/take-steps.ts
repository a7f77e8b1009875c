import { createInterface } from 'node:readline';
import { plainTraining } from '@chromatune/contracts';
import {
  type Batch,
  batchTensors,
  buildNetwork,
  createEagerStep,
  lossAndGradients,
  makeLoss,
  movedStatistic,
  type Network,
  plainKernels,
  setKernels,
} from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { stepJob, type Turn, turnRequest } from '../step-job.js';
import { type CreateStep, noise, trainerFile } from './trainer.js';

// A process of its own for one network on one engine, because TensorFlow keeps the engine and the number of threads that
// it was first used with. Between its turns it does nothing.
type TakeStep = () => Promise<unknown>;

const startedAt = performance.now() - process.uptime() * 1000;
const job = stepJob.parse(JSON.parse(process.argv[2]!));
const { loadEngine } = await trainerFile('engine.js');
const engine = await loadEngine(job.engine, job).catch((error: Error) => error.message);
if (typeof engine === 'string') answer({ unavailable: engine });
else {
  const takeStep = prepare(engine.createStep);
  for (let step = 0; step < 3; step++) await takeStep(); // the first ones allocate and record
  answer({
    ready: `${engine.version}, ${job.step} step, threads: ${job.threads}`,
    preparationSeconds: (performance.now() - startedAt) / 1000,
  });
  for await (const line of createInterface(process.stdin)) {
    answer(await takeSteps(takeStep, turnRequest.parse(JSON.parse(line)).seconds));
  }
}

function prepare(createStep: CreateStep): TakeStep {
  const recipe = { ...plainTraining, ...job.recipe, epochs: 1 };
  const batch = noise({ images: recipe.batchSize, size: recipe.model.imageSize });
  if (job.step === 'stock') setKernels(plainKernels);
  const network = buildNetwork(recipe, 0);
  const loss = makeLoss(recipe);
  if (job.step === 'stock') return stockStep(network, loss, batch);
  const create = job.step === 'eager' ? createEagerStep : createStep;
  const isTrained = job.step !== 'evaluation';
  const shapes = [{ images: batch.images, size: batch.size }];
  const step = create(network, loss, recipe, {
    stepsPerEpoch: 1,
    expected: isTrained ? { train: shapes, evaluate: [] } : { train: [], evaluate: shapes },
  });
  return isTrained ? () => step.run(batch, batch) : () => step.evaluate(batch); // a run knows the next one, too
}

/** The network in plain TensorFlow.js operations, and its Adam on each variable. */
function stockStep(network: Network, loss: ReturnType<typeof makeLoss>, batch: Batch): TakeStep {
  const { learningRate } = job.recipe.optimizer;
  const optimizer = tf.train.adam(learningRate);
  return async () => {
    const value = tf.tidy(() => {
      const computed = lossAndGradients(network, loss, batchTensors(batch));
      network.movingStatistics.forEach(({ variable }, index) =>
        variable.assign(movedStatistic(variable as tf.Tensor, computed.statistics[index]!)),
      );
      tf.dispose(computed.statistics); // kept beyond the tidy
      optimizer.applyGradients(
        network.trainable.map(({ variable }, index) => ({
          name: variable.name,
          tensor: computed.gradients[index]!,
        })),
      );
      return computed.loss;
    });
    const number = value.dataSync()[0];
    value.dispose();
    return number;
  };
}

/** At least three steps, and as many as begin within `seconds`. */
async function takeSteps(takeStep: TakeStep, seconds: number): Promise<Turn> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const elapsed = () => (performance.now() - begin) / 1000;
  let steps = 0;
  while (steps < 3 || elapsed() < seconds) {
    await takeStep();
    steps++;
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    steps,
    images: steps * job.recipe.batchSize,
    seconds: elapsed(),
    cpuSeconds: (user + system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function answer(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
