import { modelParameters, plainAdam, type Recipe, trainingParameters } from '@chromatune/contracts';
import { coarse, everyLoss } from '../../exactness/every-loss.js';
import { model, sgd } from './compared-steps.js';

type Case = [name: string, change: Partial<Recipe>];

/** Small steps, so that rounding hardly grows from one to the next, and 20 of them can be compared closely. */
const slow = { ...sgd, learningRate: 1e-5 };
const slower = { ...sgd, learningRate: 1e-6 };

/** Few operations, and no statistics of a few pixels, which make much of rounding. */
const small = { ...model, encoder: 'vgg16', cut: 'conv2', batchNorm: 'frozen' } as const;

/** Each value that a recipe may have of what makes a training step. */
export const everyStep = (): Case[] => [
  ...everyEncoder(),
  ...everyAdaptation(),
  ...everyBatchNorm(),
  ...everyLoss().map(([name, loss]): Case => [name, { model: small, optimizer: slow, loss }]),
  ...everyDecoding(),
  ...everyOptimizer(),
  ...everySchedule(),
  ...everyWayWithGradients(),
];

const everyEncoder = (): Case[] =>
  modelParameters.encoder
    .removeDefault()
    .options.map((encoder) => [encoder, { model: { ...model, encoder, cut: 'conv4' }, optimizer: slower }]);

/** As many networks as there are values of the parameter with the most: each has the next value of every parameter. */
function everyAdaptation(): Case[] {
  const cuts = modelParameters.cut.removeDefault().exclude(['auto']).options;
  const adaptations = modelParameters.inputAdaptation.removeDefault().exclude(['auto']).options;
  const upsamplings = modelParameters.upsampling.removeDefault().options;
  return Array.from({ length: Math.max(cuts.length, adaptations.length, upsamplings.length) }, (_, i) => {
    const change = {
      cut: cuts[i % cuts.length]!,
      inputAdaptation: adaptations[i % adaptations.length]!,
      upsampling: upsamplings[i % upsamplings.length]!,
    };
    return [nameOf(change), { model: { ...model, ...change }, optimizer: slower }];
  });
}

const everyBatchNorm = (): Case[] =>
  modelParameters.batchNorm.removeDefault().options.flatMap((batchNorm) =>
    [0, 3].map((microBatch): Case => {
      const network = { ...model, cut: 'conv3', batchNorm } as const;
      return [nameOf({ batchNorm, microBatch }), { model: network, optimizer: slow, microBatch }];
    }),
  );

/** But the plain one, which the losses have. */
const everyDecoding = (): Case[] =>
  trainingParameters.decoding
    .removeDefault()
    .exclude(['annealed-mean'])
    .options.map((type) => [
      `colours by ${type}`,
      { model: small, optimizer: slow, loss: { ...coarse, decoding: { type } } },
    ]);

/** Each with a slower encoder, whose factor weighs the steps and AdamW's decay. */
const everyOptimizer = (): Case[] =>
  (
    [
      { ...sgd, momentum: 0, nesterov: false },
      { ...sgd, nesterov: false },
      sgd,
      plainAdam,
      { ...plainAdam, weightDecay: 0.1 },
      { ...plainAdam, type: 'adamw', weightDecay: 1 },
    ] satisfies Recipe['optimizer'][]
  ).map((optimizer) => [nameOf(optimizer), { model: small, optimizer, encoderLearningRateFactor: 0.1 }]);

const everySchedule = (): Case[] =>
  (
    [
      { type: 'constant' },
      { type: 'step', every: 1, factor: 0.5 },
      { type: 'cosine', floor: 0.1 },
    ] satisfies Recipe['schedule'][]
  ).map((schedule) => [
    `warm-up, then ${schedule.type}`,
    { model: small, optimizer: sgd, schedule, warmupSteps: 3 },
  ]);

const everyWayWithGradients = (): Case[] =>
  [
    { gradientClip: 0.01 },
    { gradientClip: 0.01, microBatch: 3 },
    { averageDecay: 0.9 },
    { averageDecay: 0.9, microBatch: 1 },
  ].map((change) => [nameOf(change), { model: small, optimizer: sgd, ...change }]);

const nameOf = (values: object): string =>
  Object.entries(values)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
