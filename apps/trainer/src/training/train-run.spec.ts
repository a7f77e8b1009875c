import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Assignment,
  type Baselines,
  baselinesOf,
  type ChildEvent,
  type ClassificationRecipe,
  type Environment,
  hasLearned,
  lpipsFileName,
  objectiveMetric,
  type Recipe,
  type SpooledEvent,
  plainClassification,
  plainRegression,
  weightsFileName,
} from '@chromatune/contracts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type FileProvider,
  splitBatches,
  stepsPerEpoch,
} from '@chromatune/data';
import { adaptInputFilters, encodeBins, makeBins } from '@chromatune/models';
import { forecastMemory } from '@chromatune/models/describe';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, loadEngine } from '../engine.js';
import { makeTinyDataset, providerOf, tinyRecipe } from '../testing/tiny-dataset.js';
import { makeTestWeights } from '../testing/tiny-weights.js';
import { batchesHere, type BatchSource } from './batch-source.js';
import { readBytes } from './checkpoint.js';
import { NonFinite, toFailure } from './failure.js';
import { measuresHere } from './measure-source.js';
import { Reporter } from './reporter.js';
import { trainRun, type TrainResult } from './train-run.js';

const dataset = makeTinyDataset();
const recipe = tinyRecipe(dataset);
const classification: ClassificationRecipe = { ...plainClassification, binGridSize: 20 };
const resumedRecipes: [name: string, change: Partial<Recipe>][] = [
  ['regression', {}],
  ['classification', { loss: classification, model: { ...recipe.model, cut: 'conv3' } }],
  [
    'both, cropped, averaged, along a cosine',
    {
      loss: {
        type: 'combined',
        regression: plainRegression,
        classification,
        regressionWeight: 10,
        decodeFrom: 'regression',
      },
      augmentation: { flip: true, crop: 0.5 },
      averageDecay: 0.9,
      schedule: { type: 'cosine', floor: 0 },
    },
  ],
];
const steps = stepsPerEpoch(dataset.manifest, recipe.batchSize);
const everyRunHas = objectiveMetric.options.filter((metric) => metric !== 'validation/lpips');
let folder: string;
let files: FileProvider;
let engine: Engine;
let environment: Environment;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chromatune-train-'));
  files = await providerOf(dataset, join(folder, 'dataset'));
  engine = await loadEngine('auto', { threads: 1 });
  const { name, version, device, threads, deterministic } = engine;
  environment = { engine: name, engineVersion: version, device, threads, deterministic, codeVersion: 'spec' };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a run', () => {
  it('reports every step, every epoch, samples and checkpoints, in order and without gaps', async () => {
    const { events, result } = await trainPlainly();

    expect(result.outcome).toBe('completed');
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.slice(0, 2)).toMatchObject([
      { type: 'started', fromStep: 0, totalSteps: 2 * steps },
      { type: 'baselines' },
    ]);
    expect(pointsOf(events, 'train/loss')).toHaveLength(2 * steps);
    expect(
      pointsOf(events, 'train/loss')
        .map(({ epoch }) => epoch)
        .at(-1),
    ).toBe(2);
    for (const metric of [...everyRunHas, 'validation/saturationRatio', 'train/imagesPerSecond'])
      expect(pointsOf(events, metric)).toMatchObject([
        { step: steps, epoch: 1 },
        { step: 2 * steps, epoch: 2 },
      ]);
    expect(checkpointsOf(events).map(({ kind, step }) => [kind, step])).toEqual([
      ['epoch', steps],
      ['final', 2 * steps],
    ]);
    expect(checkpointsOf(events).at(-1)!.weightsSha256).toBe(result.weightsSha256);
  });

  it('learns: its colours come nearer to the truth than grey', async () => {
    const { events } = await train({ recipe: tinyRecipe(dataset, { epochs: 12 }) });

    const errors = pointsOf(events, 'validation/abRmse').map(({ value }) => Number(value));
    expect(errors.at(-1)).toBeLessThan(errors[0]! * 0.7);
  });

  it('paints samples as a strip of the previews, with the error at training size', async () => {
    const { events } = await trainPlainly();

    const samples = events.filter((event) => event.type === 'sample');
    expect(samples.map(({ sample }) => sample.epoch)).toEqual([1, 2]);
    expect(samples[0]!.sample.images.map(({ image }) => image)).toEqual([0, 1]);
    const png = await readFile(samples[0]!.file);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([64, 128]); // width, height
  });

  it.each(resumedRecipes)(
    'paused in the middle of an epoch and resumed equals the uninterrupted one (%s)',
    async (_title, change) => {
      const changed = tinyRecipe(dataset, change);
      const whole = await train({ recipe: changed });
      const first = await train({ recipe: changed, pauseAfterStep: steps + 2 });
      const pause = checkpointFile(first.events);
      const second = await train({ recipe: changed, resumeFrom: pause });

      expect(first.result.outcome).toBe('paused');
      expect(checkpointsOf(first.events).at(-1)).toMatchObject({ kind: 'pause', step: steps + 2 });
      expect(second.events[0]).toMatchObject({ type: 'started', fromStep: steps + 2 });
      expect(second.result.weightsSha256).toBe(whole.result.weightsSha256);
      expect([...measured(first.events), ...measured(second.events)]).toEqual(measured(whole.events));
    },
    120_000,
  );

  it('pauses at the next step boundary, however often it is asked to, with every augmentation', async () => {
    const changed = tinyRecipe(dataset, { augmentation: { flip: true, crop: 0.75 } });
    const whole = await train({ recipe: changed });
    let resumeFrom: string | null = null;
    const pieces: SpooledEvent[] = [];
    for (let piece = 0; piece < 4 * steps; piece++) {
      const part: Trained = await train({ recipe: changed, resumeFrom, pauseAfterStep: piece + 1 });
      pieces.push(...part.events);
      if (part.result.outcome === 'completed') break;
      resumeFrom = checkpointFile(part.events);
    }

    expect(measured(pieces)).toEqual(measured(whole.events));
    expect(checkpointsOf(pieces).at(-1)!.weightsSha256).toBe(whole.result.weightsSha256);
  }, 120_000);

  it('asked to pause at the last step of an epoch, ends the epoch first', async () => {
    const { events, result } = await train({ pauseAfterStep: steps });

    expect(result.outcome).toBe('paused');
    expect(pointsOf(events, 'validation/abRmse')).toHaveLength(1);
    expect(checkpointsOf(events)).toMatchObject([{ kind: 'epoch', step: steps }]);
  });

  it('asked to pause while the next batch does not come saves what it has learned', async () => {
    let comes = () => {};
    const third = new Promise<void>((resolve) => (comes = resolve));
    const twoAtOnce: BatchSource = {
      ...batchesHere(files),
      async *epoch(options) {
        let count = 0;
        for await (const batch of batchesHere(files).epoch(options)) {
          if (++count === 3) await third;
          yield batch;
        }
      },
    };
    let training: Promise<Trained> | undefined;
    const saved = await new Promise<SpooledEvent[]>((resolve) => {
      const onEvents = (events: SpooledEvent[]) => checkpointsOf(events).length > 0 && resolve(events);
      training = train({ batches: twoAtOnce, pauseAfterStep: 1, onEvents });
    });

    expect(checkpointsOf(saved)).toMatchObject([{ kind: 'pause', step: 1 }]);
    comes();
    await training;
  });

  it('resumed from its final checkpoint only says how it ended', async () => {
    const whole = await trainPlainly();
    const again = await train({ resumeFrom: checkpointFile(whole.events) });

    expect(again.result).toEqual(whole.result);
    expect(again.events.map(({ type }) => type)).toEqual(['started']);
  });

  it('keeps no tensor behind', async () => {
    await trainPlainly();
    const before = tf.memory().numTensors;

    const { events } = await train({});

    expect(tf.memory().numTensors).toBe(before);
    expect(events.filter((event) => event.type === 'log' && event.level === 'warn')).toEqual([]);
  });

  it('computes a batch in micro-batches that fit the memory, and says so', async () => {
    const changed = tinyRecipe(dataset, {
      batchSize: 8,
      epochs: 1,
      // Many activations for so few weights: pieces take less than the batch at once, though they take sums of gradients.
      model: { ...recipe.model, width: 1, cut: 'conv3' },
      loss: { ...plainClassification, headResolution: 'full' },
    });
    const [three, four] = [3, 4].map((images) => forecastMemory(changed, { images }).bytes);
    const memory = { limitBytes: (three! + four!) / 2, correction: 1 }; // a known one: nothing is probed
    const whole = await train({ recipe: changed });
    const tight = await train({ recipe: changed, memory });

    const microBatchOf = ({ events }: Trained) =>
      events.find((event) => event.type === 'started')!.microBatch;
    expect(microBatchOf(whole)).toBe(8);
    expect(microBatchOf(tight)).toBe(3);
    expect(logsOf(tight.events)).toContainEqual(
      expect.stringMatching(/^A batch of 8 at once would need .* in 3 micro-batches of 3\.$/),
    );
    expect(pointsOf(tight.events, 'train/loss')).toHaveLength(pointsOf(whole.events, 'train/loss').length);
  });

  it.each([
    ['a batch larger than the dataset', { batchSize: 1024 }],
    ['a micro-batch larger than the batch', { microBatch: 1024 }],
  ])('corrects the forecast by what its steps computed, not by %s', async (_title, change) => {
    // Many activations for so few weights: they would be most of the memory of 1024 images.
    const model = { ...recipe.model, width: 0.5, cut: 'conv2' } as const;
    const filled = { model, batchSize: dataset.manifest.images.train };
    const measure = async (changed: Partial<Recipe>) =>
      (await train({ recipe: tinyRecipe(dataset, { ...filled, ...changed }), engineName: 'native' }))
        .corrections;
    const [expected] = await measure({});

    const corrections = await measure(change);

    expect(corrections).toHaveLength(1);
    expect(Math.abs(corrections[0]! / expected! - 1)).toBeLessThan(0.15);
  });

  it('fails at the step whose numbers are not finite, with a remedy', async () => {
    const { events } = await train({ pauseAfterStep: 2 });
    const poisoned = await poison(checkpointFile(events));

    const failing = train({ resumeFrom: poisoned, onEvents: (seen) => events.push(...seen) });

    await expect(failing).rejects.toThrow(NonFinite);
    expect(pointsOf(events, 'train/loss').at(-1)).toMatchObject({ step: 3 });
    const failure = toFailure(await failing.catch((error: unknown) => error), 3);
    expect(failure).toMatchObject({ class: 'nonFiniteLoss', step: 3 });
    expect(failure.remedy).toContain('learning rate');
  });

  it('fails when only the validation sees that a last step led to no number, which stays visible', async () => {
    const optimizer = {
      type: 'sgd',
      learningRate: 1e30,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    } as const;
    const oneStep = tinyRecipe(dataset, { optimizer, batchSize: dataset.manifest.images.train });
    const events: SpooledEvent[] = [];

    const failing = train({ recipe: oneStep, onEvents: (seen) => events.push(...seen) });

    await expect(failing).rejects.toThrow(/^The validation loss was (NaN|Infinity) at step 1\.$/);
    expect(pointsOf(events, 'train/loss')).toMatchObject([{ step: 1, value: expect.any(Number) as number }]);
    expect(pointsOf(events, 'validation/loss')).toMatchObject([
      { epoch: 1, value: expect.any(String) as string },
    ]);
    expect(checkpointsOf(events)).toEqual([]);
  });

  it('measures what needs no training on the same images, at the size it trains at', async () => {
    const small = tinyRecipe(dataset, { epochs: 1, model: { ...recipe.model, imageSize: 16 } });
    const [full, half] = [await trainPlainly(), await train({ recipe: small })].map(
      ({ events }) => events.find((event) => event.type === 'baselines')!.baselines,
    );

    expect(full!.grey).toMatchObject({
      abRmse: await greyError(),
      metrics: { 'validation/auc': expect.any(Number) },
    });
    expect(half!.grey.abRmse).not.toBe(full!.grey.abRmse);
    expect(half!.grey.metrics!['validation/saturationRatio']).toBe(0);
    for (const metric of everyRunHas) {
      expect(baselinesOf(full, metric)).toHaveLength(metric === 'validation/loss' ? 0 : 2);
    }
  });
});

describe('a run that predicts bins', () => {
  it('measures accuracy, entropy and the best single distribution; others have none of it', async () => {
    const [bins, colors] = [await train({ recipe: ofBins({}) }), await trainPlainly()];

    for (const metric of ['validation/top1', 'validation/top5', 'validation/entropy']) {
      expect(pointsOf(colors.events, metric)).toHaveLength(0);
      expect(pointsOf(bins.events, metric)).toHaveLength(2);
    }
    const last = (metric: string) => Number(pointsOf(bins.events, metric).at(-1)!.value);
    expect(last('validation/top1')).toBeLessThanOrEqual(last('validation/top5'));
    expect(last('validation/entropy')).toBeLessThanOrEqual(Math.log(77)); // bins of grid size 20
    const { marginal, floor } = baselinesIn(bins.events);
    expect(marginal).toEqual({ metric: 'validation/loss', loss: expect.closeTo(await labelEntropy(), 6) });
    expect(floor).toBeUndefined(); // of hard labels it is 0
    expect(baselinesIn(colors.events).marginal).toBeUndefined();
  });

  it('that has learned nothing yet is told from one that has', async () => {
    const idle = ofBins({}, { optimizer: { ...recipe.optimizer, learningRate: 1e-9 } });
    const [nothing, something] = [idle, ofBins({}, { epochs: 12 })].map(async (one) => {
      const { events } = await train({ recipe: one });
      const losses = pointsOf(events, 'validation/loss').map(({ value }) => Number(value));
      const best = { 'validation/loss': { value: Math.min(...losses), epoch: 1, step: 1 } };
      return hasLearned({ best, baselines: baselinesIn(events) });
    });

    expect(await nothing).toBe(false);
    expect(await something).toBe(true);
  });

  it('says the least loss of soft labels, and obeys rebalancing', async () => {
    const soft = { encoding: { type: 'soft', neighbors: 5, sigma: 5 } } as const;
    const rebalancing = { type: 'paper', lambda: 0.5, sigma: 5 } as const;
    const [plain, weighted] = [
      await train({ recipe: ofBins(soft) }),
      await train({ recipe: ofBins({ ...soft, rebalancing }) }),
    ];

    const { floor, marginal } = baselinesIn(plain.events);
    expect(Number(floor!.loss)).toBeGreaterThan(0.1);
    expect(Number(marginal!.loss)).toBeGreaterThan(Number(floor!.loss));
    expect(weighted.result.weightsSha256).not.toBe(plain.result.weightsSha256);
  });

  it('and colours reports both terms of its loss', async () => {
    const combined: Recipe['loss'] = {
      type: 'combined',
      regression: plainRegression,
      classification,
      regressionWeight: 3,
      decodeFrom: 'classification',
    };
    const { events } = await train({ recipe: tinyRecipe(dataset, { loss: combined }) });

    const [loss, classes, colors] = ['loss', 'lossClassification', 'lossRegression'].map((name) =>
      Number(pointsOf(events, `validation/${name}`)[0]!.value),
    );
    expect(classes! + 3 * colors!).toBeCloseTo(loss!, 4);
    expect(baselinesIn(events).marginal!.metric).toBe('validation/lossClassification');
  });

  const ofBins = (changes: Partial<typeof classification>, more: Partial<Recipe> = {}) =>
    tinyRecipe(dataset, {
      loss: { ...classification, ...changes },
      model: { ...recipe.model, cut: 'conv3' },
      ...more,
    });
});

describe('a run with imported weights', () => {
  const weights = makeTestWeights('resnet18');
  const model = {
    ...recipe.model,
    width: 1,
    cut: 'conv2' as const,
    weights: weights.digest,
    inputAdaptation: 'sum' as const,
  };
  const withWeights = (changes: Partial<Recipe['model']>, more: Partial<Recipe> = {}) =>
    tinyRecipe(dataset, {
      epochs: 1,
      samples: { images: 0, every: 1 },
      ...more,
      model: { ...model, ...changes },
    });
  let filesOfRun: FileProvider;
  beforeAll(async () => {
    const path = join(folder, 'weights.safetensors');
    await writeFile(path, weights.bytes);
    filesOfRun = async (names) => (names[0] === weightsFileName ? { [names[0]]: path } : files(names));
  });

  it('keeps them bit for bit in its frozen stages, statistics too, and trains the rest', async () => {
    const run = withWeights({ freezeThrough: 'conv2' });

    const { events } = await train({ recipe: run, files: filesOfRun });

    const final = await tensorsOf(checkpointFile(events));
    const encoder = [...final.keys()].filter((name) => name.startsWith('encoder/'));
    expect(encoder).toHaveLength(25);
    for (const name of encoder) expect(final.get(name)!.data).toEqual(importedAs(name));
    const untouched = await tensorsOf(await initialState(run, filesOfRun));
    expect(final.get('decoder/0/conv/weight')!.data).not.toEqual(
      untouched.get('decoder/0/conv/weight')!.data,
    );
  });

  it('starts from them where it trains: with a learning rate of nothing they stay', async () => {
    const run = withWeights({}, { encoderLearningRateFactor: 0 });

    const { events } = await train({ recipe: run, files: filesOfRun });

    const final = await tensorsOf(checkpointFile(events));
    for (const name of ['encoder/conv1/weight', 'encoder/layer1/1/bn2/bias'])
      expect(final.get(name)!.data).toEqual(importedAs(name));
    expect(final.get('encoder/bn1/running_mean')!.data).not.toEqual(importedAs('encoder/bn1/running_mean'));
  });

  it('gives the same numbers again, also after a pause, which does not ask for them again', async () => {
    const run = withWeights({ freezeThrough: 'conv1' });
    const whole = await train({ recipe: run, files: filesOfRun });
    const first = await train({ recipe: run, files: filesOfRun, pauseAfterStep: 2 });
    const second = await train({ recipe: run, resumeFrom: checkpointFile(first.events) });

    expect(second.result.weightsSha256).toBe(whole.result.weightsSha256);
    expect([...measured(first.events), ...measured(second.events)]).toEqual(measured(whole.events));
  });

  it('of another encoder fails, and says what to do', async () => {
    const failing = train({ recipe: withWeights({ encoder: 'resnet34' }), files: filesOfRun });

    await expect(failing).rejects.toThrow('The imported weights are of resnet18, not of resnet34.');
    const failure = toFailure(await failing.catch((error: unknown) => error), 0);
    expect(failure).toMatchObject({
      class: 'corruptShard',
      remedy: expect.stringContaining('weights import'),
    });
  });

  /** What a tensor of the encoder begins with: its first filters are the sum over RGB. */
  function importedAs(name: string): Float32Array {
    const { data, shape } = weights.tensors.get(name)!;
    return name === 'encoder/conv1/weight' ? adaptInputFilters({ data, shape }, 'sum').data : data;
  }
});

describe('a run with weights of LPIPS', () => {
  const measuring = tinyRecipe(dataset, { lpips: 'a'.repeat(64) });
  let alex: FileProvider;
  beforeAll(async () => {
    alex = await withLpips(makeTestWeights('lpips-alex'));
  });

  it('measures it at every validation and of the baselines; its training stays the same', async () => {
    const [plain, lpips] = [await trainPlainly(), await train({ recipe: measuring, files: alex })];

    const distances = pointsOf(lpips.events, 'validation/lpips').map(({ value }) => Number(value));
    expect(distances).toHaveLength(2);
    const baselines = baselinesOf(baselinesIn(lpips.events), 'validation/lpips');
    expect(baselines.map(({ name }) => name).sort()).toEqual(['grey', 'mean colour']);
    for (const value of [...distances, ...baselines.map(({ value }) => value)]) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
    }
    expect(new Set([...distances, ...baselines.map(({ value }) => value)]).size).toBe(4);
    expect(measured(lpips.events).filter(({ metric }) => metric !== 'validation/lpips')).toEqual(
      measured(plain.events),
    );
    expect(baselinesOf(baselinesIn(plain.events), 'validation/lpips')).toEqual([]);
  });

  it('gives the same numbers whatever its batch size, and leaves no tensor behind', async () => {
    const still = { ...recipe.optimizer, learningRate: 1e-30 };
    const tensors = tf.memory().numTensors;

    const values = [];
    for (const batchSize of [4, 5]) {
      const one = { ...measuring, optimizer: still, batchSize, epochs: 1 };
      const { events } = await train({ recipe: one, files: alex });
      values.push(baselinesOf(baselinesIn(events), 'validation/lpips'));
    }

    expect(values[0]).toEqual(values[1]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('that are of something else fails, and says what to do', async () => {
    const failing = train({ recipe: measuring, files: await withLpips(makeTestWeights('resnet18')) });

    await expect(failing).rejects.toThrow('The imported weights are of resnet18, not of LPIPS.');
  });

  async function withLpips({ digest, bytes }: { digest: string; bytes: Uint8Array }): Promise<FileProvider> {
    const path = join(folder, `lpips-${digest.slice(0, 8)}.safetensors`);
    await writeFile(path, bytes);
    return async (names) => (names[0] === lpipsFileName ? { [names[0]]: path } : files(names));
  }
});

/** ab RMSE of grey, by its definition. */
async function greyError(): Promise<number> {
  const squares: number[] = [];
  const batches = splitBatches({ manifest: dataset.manifest, split: 'validation', batchSize: 1, files });
  for await (const { ab } of batches) squares.push(...Array.from(ab, (byte) => (byte - 128) ** 2));
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** Entropy of the bins of every fourth pixel of every fourth row of the validation split, in nats. */
async function labelEntropy(): Promise<number> {
  const bins = makeBins(20, 'gamut');
  const counts = new Map<number, number>();
  const batches = splitBatches({ manifest: dataset.manifest, split: 'validation', batchSize: 1, files });
  for await (const { ab, size } of batches) {
    for (let y = 0; y < size; y += 4) {
      for (let x = 0; x < size; x += 4) {
        const at = (y * size + x) * 2;
        const [bin] = encodeBins(ab.subarray(at, at + 2), bins);
        counts.set(bin!, (counts.get(bin!) ?? 0) + 1);
      }
    }
  }
  const total = [...counts.values()].reduce((sum, count) => sum + count);
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log(count / total), 0);
}

interface Trained {
  events: SpooledEvent[];
  result: TrainResult;
  /** What was measured of its memory, against the forecast. */
  corrections: number[];
}

/** The plain recipe to its end, which several tests look at: trained by the first of them. */
const trainPlainly = (): Promise<Trained> => (plainTraining ??= train({}));
let plainTraining: Promise<Trained> | undefined;

let workFolders = 0;

async function train(options: {
  recipe?: Recipe;
  manifest?: Assignment['manifest'];
  files?: FileProvider;
  resumeFrom?: string | null;
  pauseAfterStep?: number;
  memory?: Assignment['memory'];
  /** Another name for the engine of these tests, whatever it is. */
  engineName?: Engine['name'];
  batches?: BatchSource;
  onEvents?: (events: SpooledEvent[]) => void;
}): Promise<Trained> {
  const stop = new AbortController();
  const events: SpooledEvent[] = [];
  const corrections: number[] = [];
  const report = new Reporter(async (sent: ChildEvent[]) => {
    for (const event of sent) if (event.type === 'memoryMeasured') corrections.push(event.correction);
    const spooled = sent.filter((event): event is SpooledEvent => 'seq' in event);
    events.push(...spooled);
    options.onEvents?.(spooled);
  });
  const point = report.point.bind(report);
  report.point = (metric, value, at) => {
    point(metric, value, at);
    if (at.step === options.pauseAfterStep) stop.abort();
  };
  const assignment: Assignment = {
    runId: 'spec-0',
    attempt: 1,
    recipe: options.recipe ?? recipe,
    manifest: options.manifest ?? dataset.manifest,
    workFolder: join(folder, `work-${(workFolders += 1)}`),
    resumeFrom: options.resumeFrom ?? null,
    environment,
    microBatch: null,
    memory: options.memory ?? { limitBytes: 8e9, correction: null },
  };
  try {
    const provider = options.files ?? files;
    const { batches = batchesHere(provider) } = options;
    const result = await trainRun({
      engine: { ...engine, ...(options.engineName ? { name: options.engineName } : {}) },
      assignment,
      files: provider,
      batches,
      measureWith: measuresHere,
      report,
      signal: stop.signal,
    });
    return { events, result, corrections };
  } finally {
    await report.flush();
  }
}

const logsOf = (events: SpooledEvent[]) =>
  events.filter((event) => event.type === 'log').map(({ message }) => message);
const baselinesIn = (events: SpooledEvent[]): Baselines =>
  events.find((event) => event.type === 'baselines')!.baselines;
const pointsOf = (events: SpooledEvent[], metric: string) =>
  events.filter((event) => event.type === 'point').filter((point) => point.metric === metric);
const checkpointsOf = (events: SpooledEvent[]) =>
  events.filter((event) => event.type === 'checkpoint').map(({ checkpoint }) => checkpoint);
const checkpointFile = (events: SpooledEvent[]) =>
  events.filter((event) => event.type === 'checkpoint').at(-1)!.file;

const tensorsOf = async (path: string) =>
  new Map(decodeSafetensors(await readBytes(path)).tensors.map((tensor) => [tensor.name, tensor]));

/** The checkpoint of a run that was paused after its first step with a learning rate of nearly nothing. */
async function initialState(run: Recipe, provider: FileProvider): Promise<string> {
  const still = { ...run, optimizer: { ...run.optimizer, learningRate: 1e-30 } };
  return checkpointFile((await train({ recipe: still, files: provider, pauseAfterStep: 1 })).events);
}

/** What a run measured, without what depends on the clock and the machine. */
const measured = (events: SpooledEvent[]) =>
  events
    .filter((event) => event.type === 'point')
    .map(({ metric, step, epoch, value }) => ({
      metric,
      step,
      epoch,
      value: /imagesPerSecond|memoryBytes|dataWait/.test(metric) ? 'varies' : value,
    }));

async function poison(path: string): Promise<string> {
  const { tensors, metadata } = decodeSafetensors(await readBytes(path));
  tensors.find(({ name }) => name === 'encoder/conv1/weight')!.data.fill(Number.NaN);
  await writeFile(`${path}.poisoned`, encodeSafetensors(tensors, metadata));
  return `${path}.poisoned`;
}
