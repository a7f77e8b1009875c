import { setImmediate } from 'node:timers/promises';
import type { Assignment, DatasetManifest, MetricName, Recipe } from '@chromatune/contracts';
import { abCounts, type FileProvider, stepsPerEpoch, weightsSha256 } from '@chromatune/data';
import { aucWeights, type Batch, buildNetwork, makeLoss, microBatches, type Step } from '@chromatune/models';
import { correctionOf, withFilledBatch } from '@chromatune/models/describe';
import type { Engine } from '../engine.js';
import { type BatchSource, lookingAhead } from './batch-source.js';
import { decideMicroBatch } from './choose-micro-batch.js';
import {
  countStep,
  newEpoch,
  type Progress,
  untrained,
  withCheckpoint,
  writeCheckpoint,
} from './checkpoint.js';
import { NonFinite } from './failure.js';
import type { MakeMeasures } from './measure-source.js';
import { loadImportedWeights, loadLpips } from './imported-weights.js';
import { PeakMemory } from './peak-memory.js';
import { watchTensors } from './watch-tensors.js';
import type { Reporter } from './reporter.js';
import { Sampler } from './samples.js';
import { measureBaselines, validate, validatedAtOnce, type ValidationMetrics } from './validation.js';

export interface TrainOptions {
  engine: Pick<Engine, 'createStep' | 'name'>;
  assignment: Assignment;
  /** Local copies of dataset files and of the recipe's weights, by name. */
  files: FileProvider;
  batches: BatchSource;
  /** Where validations measure pictures. */
  measureWith: MakeMeasures;
  report: Reporter;
  /** Aborted to ask for a checkpoint at the next step boundary and an end. */
  signal: AbortSignal;
}

export interface TrainResult {
  outcome: 'completed' | 'paused';
  weightsSha256: string;
}

/**
 * Trains one run from its initial weights, or from a checkpoint as if it had never stopped. Everything it measures goes
 * to `report`, in an order that does not depend on where it was interrupted.
 *
 * A pause is taken between two steps of an epoch, never between an epoch's last step and its validation: so what is
 * measured at the end of an epoch belongs to one attempt only.
 */
export async function trainRun(options: TrainOptions): Promise<TrainResult> {
  const { engine, assignment, files, batches, measureWith, report, signal } = options;
  const { recipe, manifest, workFolder: folder } = assignment;
  const { network, counts, loss, images, steps, step, at } = await prepare(options);
  const checkTensors = watchTensors((message) => report.log('warn', message));
  let saved = at.step;

  report.report({
    type: 'started',
    fromStep: at.step,
    totalSteps: steps * recipe.epochs,
    parameters: network.variables.reduce((sum, { variable }) => sum + variable.size, 0),
    microBatch: images,
  });
  const lpips = await loadLpips(recipe, files);
  const pictures = measureWith({ size: recipe.model.imageSize, weights: aucWeights(counts) });
  const validation = { recipe, manifest, files, pictures, lpips };
  const sampler = new Sampler({ recipe, manifest, files, folder });
  if (at.step === 0) {
    const baselines = await measureBaselines({ ...validation, loss });
    report.report({ type: 'baselines', baselines });
  }
  // Of steps alone. The memory of a GPU, and that of WebAssembly, are not the process's.
  const peak = engine.name === 'native' ? new PeakMemory() : null;

  for (let epoch = at.epochsDone + 1; epoch <= recipe.epochs; epoch++) {
    const paused = await takeSteps(epoch);
    if (paused) return paused;
    await endEpoch(epoch);
  }
  return finish('completed');

  /** All steps that an epoch still has. A result when it was asked to end before the last one. */
  async function takeSteps(epoch: number): Promise<TrainResult | null> {
    let startedAt = performance.now();
    const ofEpoch = batches.epoch({ manifest, recipe, epoch, fromStepInEpoch: at.stepInEpoch });
    const waited = (seconds: number) => (at.epochWaitSeconds += seconds);
    for await (const { batch, next } of lookingAhead(ofEpoch, waited)) {
      if (signal.aborted) return await pause(epoch); // leaving the loop waits for a next batch, which may never come

      report.alive(at.step + 1);
      const { loss: trainLoss, gradientNorm } = await step.run(batch, next);
      const now = performance.now();
      countStep(at, { images: batch.images, gradientNorm, seconds: (now - startedAt) / 1000 });
      startedAt = now;

      report.point('train/loss', trainLoss, { step: at.step, epoch: epochsUntilNow(epoch) });
      refuseNonFinite({ 'train loss': trainLoss, 'gradient norm': gradientNorm }, at.step);
      if (at.step === 2) measureMemory();
      checkTensors(batch.images);
      await setImmediate(); // commands of the supervisor arrive here
    }
    return null;
  }

  /** After two steps: the forecast for the next run of this shape, on any dataset, knows what this one took. */
  function measureMemory(): void {
    if (!peak) return;
    const filled = withFilledBatch(recipe, manifest.images);
    report.memoryMeasured(correctionOf(filled, Math.min(images, filled.batchSize), peak.bytes()));
  }

  async function endEpoch(epoch: number): Promise<void> {
    const shows = isSampled(recipe, epoch);
    const seen = (batch: Batch, predicted: Float32Array) => {
      if (shows) sampler.take(batch, predicted);
      report.alive(at.step);
    };
    const measured = await validate({ ...validation, step, seen });
    const here = { step: at.step, epoch };
    report.point('train/learningRate', step.learningRate(), here);
    report.point('train/gradientNorm', at.epochGradientNorms / at.stepInEpoch, here);
    report.point('train/imagesPerSecond', at.epochImages / at.epochSeconds, here);
    report.point('train/dataWait', at.epochWaitSeconds / at.epochSeconds, here);
    report.point('system/memoryBytes', process.memoryUsage.rss(), here);
    for (const [metric, value] of Object.entries(measured)) report.point(metric as MetricName, value, here);
    const { 'validation/loss': validationLoss, 'validation/abRmse': abRmse } = measured;
    // What an epoch's last step led to is seen here only.
    refuseNonFinite({ 'validation loss': validationLoss, 'ab RMSE of the validation': abRmse }, at.step);

    if (shows) report.report(await sampler.render(here));
    at.epochsDone = epoch;
    Object.assign(at, newEpoch);
    await save(epoch, epoch === recipe.epochs ? 'final' : 'epoch', abRmse);
    report.log('info', epochLine(epoch, recipe, measured));
  }

  async function pause(epoch: number): Promise<TrainResult> {
    if (at.step > saved) await save(epochsUntilNow(epoch), 'pause', null);
    return finish('paused');
  }

  async function save(
    epoch: number,
    kind: 'epoch' | 'pause' | 'final',
    abRmse: number | null,
  ): Promise<void> {
    report.report(await writeCheckpoint({ folder, state: step.state(), at, epoch, kind, abRmse }));
    saved = at.step;
    await report.flush();
  }

  async function finish(outcome: TrainResult['outcome']): Promise<TrainResult> {
    const result = { outcome, weightsSha256: weightsSha256(step.state()) };
    step.dispose();
    network.dispose();
    loss.dispose();
    lpips?.dispose();
    await pictures.close();
    return result;
  }

  /** With the fraction of the one that has begun. */
  function epochsUntilNow(epoch: number): number {
    return epoch - 1 + at.stepInEpoch / steps;
  }
}

/** The training step with all that it consists of, and where it stands: at the beginning, or at the checkpoint. */
async function prepare({ engine, assignment, files, report }: TrainOptions) {
  const { recipe, manifest, resumeFrom } = assignment;
  const network = buildNetwork(recipe, recipe.seed);
  if (resumeFrom === null) await loadImportedWeights(network, recipe, files);
  const counts = await abCounts(manifest, files);
  const loss = makeLoss(recipe, { abCounts: counts });
  sayFloor(loss.floor, report);

  const say = (level: 'info' | 'warn', message: string) => report.log(level, message);
  const images = await decideMicroBatch({ assignment, engine, loss, say });
  const steps = stepsPerEpoch(manifest, recipe.batchSize);
  const step = engine.createStep(
    network,
    loss,
    { ...recipe, microBatch: images < recipe.batchSize ? images : 0 },
    {
      stepsPerEpoch: steps,
      expected: expectedBatches(recipe, manifest, images),
      warn: (message) => say('warn', message),
    },
  );
  const at = resumeFrom === null ? { ...untrained } : restore(resumeFrom, step);
  return { network, counts, loss, images, steps, step, at };
}

function restore(path: string, step: Step): Progress {
  return withCheckpoint(path, (state, at) => {
    step.restore(state);
    return at;
  });
}

/** @throws NonFinite of the first that is no number: no later step leads the weights back */
function refuseNonFinite(values: Record<string, number>, step: number): void {
  for (const [what, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new NonFinite(what, value, step);
  }
}

/** People see a loss that stays high, and must know that it cannot fall further. */
function sayFloor(floor: number | null, report: Reporter): void {
  if (floor === null || floor === 0) return;
  report.log('info', `The loss of this run cannot fall below ${floor.toPrecision(4)} on the training split.`);
}

/** All shapes of batches that a run has: whole ones, and the last of an epoch and of validation. */
function expectedBatches(recipe: Recipe, { images }: DatasetManifest, atOnce: number) {
  const { batchSize, model } = recipe;
  const shapes = (counts: number[]) =>
    [...new Set(counts)]
      .filter((count) => count > 0)
      .map((count) => ({ images: count, size: model.imageSize }));
  const wholeAndRest = (count: number, most: number) => [Math.min(most, count), count % most];
  return {
    train: shapes(wholeAndRest(images.train, batchSize)),
    evaluate: shapes(
      wholeAndRest(images.validation, validatedAtOnce(recipe)).flatMap((count) =>
        microBatches(count, atOnce),
      ),
    ),
  };
}

const isSampled = ({ samples, epochs }: Recipe, epoch: number) =>
  samples.images > 0 && (epoch % samples.every === 0 || epoch === epochs);

const epochLine = (epoch: number, { epochs }: Recipe, measured: ValidationMetrics) =>
  `Epoch ${epoch} of ${epochs}: ab RMSE ${measured['validation/abRmse'].toFixed(3)}, ` +
  `PSNR ${measured['validation/psnr'].toFixed(2)} dB, validation loss ${measured['validation/loss'].toPrecision(4)}.`;
