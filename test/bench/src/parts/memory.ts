import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type ClassificationRecipe,
  plainAdam,
  plainClassification,
  plainModel,
  plainRegression,
  type ModelRecipe,
} from '@chromatune/contracts';
import { chooseMicroBatch, correctionOf, forecastMemory } from '@chromatune/models/describe';
import { type MemoryJob, type MemoryUse, memoryUse } from '../memory-job.js';
import { nodeFlags } from '../node-flags.js';
import { median } from '../numbers.js';
import type { Options, Part, Result } from '../part.js';

type Shape = MemoryJob['recipe'];

const common = { optimizer: plainAdam, microBatch: 0, averageDecay: 0 } as const;
const regression = (model: Partial<ModelRecipe>, batchSize: number, change: Partial<Shape> = {}): Shape => ({
  ...common,
  model: { ...plainModel, ...model },
  loss: plainRegression,
  batchSize,
  ...change,
});
const classification = (
  model: Partial<ModelRecipe>,
  loss: Partial<ClassificationRecipe>,
  batchSize: number,
): Shape => ({
  ...common,
  model: { ...plainModel, cut: 'conv3', ...model },
  loss: { ...plainClassification, ...loss },
  batchSize,
});

/** Every encoder, head and upsampling, several sizes, widths, batches and pieces of them: what a small machine can hold. */
const shapes: Shape[] = [
  ...[16, 64, 128].map((batch) => regression({ encoder: 'resnet18', width: 0.5 }, batch)),
  ...[16, 32, 64, 96].map((batch) => regression({}, batch)),
  ...[16, 48].map((batch) => regression({ encoder: 'resnet18' }, batch)),
  ...[8, 24].map((batch) => regression({ encoder: 'resnet50' }, batch)),
  ...[8, 16].map((batch) => regression({ encoder: 'resnet101' }, batch)),
  ...[4, 12].map((batch) => regression({ encoder: 'resnet152' }, batch)),
  ...[8, 24].map((batch) => regression({ encoder: 'vgg16' }, batch)),
  ...[8, 24].map((batch) => regression({ encoder: 'vgg16bn' }, batch)),
  regression({ imageSize: 128 }, 16),
  regression({ imageSize: 224 }, 8),
  regression({ imageSize: 96, width: 0.5 }, 32),
  regression({ encoder: 'resnet50', width: 0.5, imageSize: 128 }, 8),
  regression({ cut: 'conv5' }, 32),
  regression({ cut: 'conv3' }, 64),
  regression({ cut: 'conv2', width: 0.5 }, 64),
  regression({ upsampling: 'bilinear' }, 32),
  regression({ upsampling: 'transposed' }, 32),
  regression({ inputAdaptation: 'replicate-normalised' }, 32),
  regression({ freezeThrough: 'conv3' }, 64),
  regression({ batchNorm: 'frozen' }, 32),
  regression({}, 32, { averageDecay: 0.99 }),
  regression({}, 32, {
    optimizer: { type: 'sgd', learningRate: 0.01, momentum: 0.9, nesterov: false, weightDecay: 0 },
  }),
  ...[16, 64].map((batch) => classification({ encoder: 'resnet18', width: 0.5 }, {}, batch)),
  ...[16, 48].map((batch) => classification({}, {}, batch)),
  ...[2, 6].map((batch) => classification({}, { headResolution: 'full' }, batch)),
  classification({ width: 0.25 }, { headResolution: 'full', headKernel: 3 }, 8),
  classification({}, { binSet: 'square' }, 24),
  classification({}, { encoding: { type: 'soft', neighbors: 5, sigma: 5 } }, 24),
  // What activations say little of: frozen stages, pictures of few features, labels and logits of many bins.
  ...[24, 64].map((batch) => regression({ encoder: 'vgg16', imageSize: 224, freezeThrough: 'conv4' }, batch)),
  regression({ encoder: 'vgg16', imageSize: 64, freezeThrough: 'conv4' }, 128),
  regression({ encoder: 'vgg16', imageSize: 128, cut: 'conv5', freezeThrough: 'conv5' }, 48),
  regression(
    { encoder: 'resnet18', imageSize: 128, freezeThrough: 'conv4', inputAdaptation: 'replicate-normalised' },
    96,
  ),
  regression({ encoder: 'resnet50', imageSize: 128, freezeThrough: 'conv4' }, 32),
  regression({ encoder: 'resnet152', imageSize: 32, cut: 'conv5', freezeThrough: 'conv5' }, 6),
  regression({ encoder: 'resnet18', width: 0.125, imageSize: 224, cut: 'conv2' }, 48),
  classification(
    { encoder: 'resnet18', width: 0.25, imageSize: 128 },
    { binGridSize: 5, encoding: { type: 'soft', neighbors: 32, sigma: 5 } },
    24,
  ),
  classification({ encoder: 'resnet18', width: 0.25, imageSize: 128 }, { binGridSize: 5, binSet: 'full' }, 8),
  // In pieces, which need not divide the batch.
  ...[32, 35].map((batch) => regression({}, batch, { microBatch: 8 })),
  regression({}, 128, { microBatch: 32 }),
  regression({ imageSize: 224 }, 64, { microBatch: 2 }),
  regression({ encoder: 'resnet18', width: 0.25, imageSize: 224 }, 256, { microBatch: 8 }),
  ...(['resnet50', 'vgg16'] as const).map((encoder) => regression({ encoder }, 16, { microBatch: 4 })),
  regression({ encoder: 'resnet152' }, 12, { microBatch: 4 }),
  { ...classification({}, {}, 48), microBatch: 16 },
  { ...classification({}, { headResolution: 'full' }, 6), microBatch: 2 },
  {
    ...regression({ encoder: 'resnet18' }, 24),
    loss: {
      type: 'combined',
      regression: plainRegression,
      classification: plainClassification,
      regressionWeight: 10,
      decodeFrom: 'classification',
    },
  },
];

const wantedError = 0.1;

/**
 * Forecasts of memory against what training processes took. Each shape is measured twice, in processes of their own: two
 * steps of a third of what it computes at once, as a trainer probes it, and two of the whole batch. The probe corrects the forecast of the whole.
 */
export const memoryPart: Part = {
  name: 'memory',
  measures:
    'forecast memory of a training process against its peak, static and corrected by two steps of a third',
  takes: '20 min',
  async run({ say }: Options): Promise<Result> {
    const result: Result = { rows: [], checks: [], notes: [] };
    const errors: { still: number; corrected: number }[] = [];
    for (const shape of shapes) {
      say(nameOf(shape));
      const images = shape.microBatch || shape.batchSize;
      const probed = Math.max(1, Math.round(images / 3));
      const ofProbe = { ...shape, batchSize: probed, microBatch: 0 };
      const probe = await measure(ofProbe);
      const { peakBytes } = await measure(shape);
      const still = forecastMemory(shape, { images }).bytes;
      const correction = correctionOf(ofProbe, probed, probe.peakBytes);
      const corrected = forecastMemory(shape, { images, correction }).bytes;
      errors.push({ still: errorOf(still, peakBytes), corrected: errorOf(corrected, peakBytes) });
      result.rows.push({
        shape: nameOf(shape),
        'peak MB': peakBytes / 1e6,
        'static MB': still / 1e6,
        'error %': 100 * (still / peakBytes - 1),
        'corrected MB': corrected / 1e6,
        'its error %': 100 * (corrected / peakBytes - 1),
        'pieces in 1 GB': chooseMicroBatch(shape, 1e9, correction).pieces,
      });
    }
    const worst = Math.max(...errors.map(({ corrected }) => corrected));
    result.checks.push({
      what: `largest error of ${shapes.length} shapes`,
      value: worst,
      atMost: wantedError,
      unit: '',
    });
    const middle = (of: 'still' | 'corrected') => (100 * median(errors.map((error) => error[of]))).toFixed(1);
    const within = errors.filter(({ corrected }) => corrected <= wantedError).length;
    result.notes.push(
      `Median error ${middle('still')} % static, ${middle('corrected')} % corrected; ${within} of ${shapes.length} within 10 %.`,
    );
    return result;
  },
};

const errorOf = (forecast: number, peak: number) => Math.abs(forecast / peak - 1);

const program = fileURLToPath(new URL('../children/measure-memory.js', import.meta.url));

async function measure(recipe: Shape): Promise<MemoryUse> {
  const job: MemoryJob = { recipe, engine: 'native', threads: 2 };
  const child = fork(program, [JSON.stringify(job)], { execArgv: nodeFlags, silent: true });
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    throw new Error(`The process that was measured ended with ${String(code)}:\n${errors}`);
  });
  const [message] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
  ended.catch(() => undefined);
  return memoryUse.parse(message);
}

const nameOf = ({ model, loss, batchSize, microBatch, optimizer, averageDecay }: Shape): string =>
  [
    loss.type,
    `${model.encoder} × ${model.width} to ${model.cut}`,
    ...(['upsampling', 'inputAdaptation', 'batchNorm', 'freezeThrough'] as const)
      .filter((key) => model[key] !== plainModel[key])
      .map((key) => `${key} ${model[key]}`),
    ...(loss.type === 'classification'
      ? [
          loss.headResolution,
          `kernel ${loss.headKernel}`,
          `${loss.binSet} of ${loss.binGridSize}`,
          loss.encoding.type,
        ]
      : []),
    ...(optimizer.type === 'adam' ? [] : [optimizer.type]),
    ...(averageDecay > 0 ? ['average'] : []),
    `${model.imageSize} px`,
    `batch ${batchSize}`,
    ...(microBatch > 0 ? [`in pieces of ${microBatch}`] : []),
  ].join(', ');
