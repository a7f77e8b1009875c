import { describe, expect, it } from 'vitest';
import { planSweep, readSpec } from './index.js';

const sound = `name: a sweep
dataset: first-photos
space:
  loss: [regression, classification]
  binGridSize: { values: [10, 20], when: { loss: classification } }
budget: { epochs: 2 }
`;

describe('a spec that can be launched', () => {
  it('is read with its defaults filled in', () => {
    const { spec, problems } = readSpec(sound);

    expect(problems).toEqual([]);
    expect(spec).toMatchObject({
      search: { method: 'grid', seed: 0, parallel: 2 },
      objective: { metric: 'validation/abRmse' },
      samples: { images: 8, every: 1 },
    });
  });

  it('may be written as JSON', () => {
    const { spec } = readSpec('{ "name": "a", "dataset": "b", "budget": { "epochs": 1 } }');

    expect(spec?.budget.epochs).toBe(1);
  });

  it('is planned: the number of its runs, what varies, and the first runs', () => {
    expect(planSweep(sound)).toEqual({
      problems: [],
      runs: 3,
      varying: ['loss', 'binGridSize'],
      forecasts: [],
      preview: [
        { loss: 'regression' },
        { loss: 'classification', binGridSize: 10 },
        { loss: 'classification', binGridSize: 20 },
      ],
    });
  });

  it('may give the value that a conditional parameter has in the other runs', () => {
    const text = `name: a
dataset: b
training: { learningRate: 1.0e-3 }
space:
  loss: [regression, classification]
  learningRate: { values: [1.0e-4, 1.0e-5], when: { loss: classification } }
budget: { epochs: 1 }
`;
    expect(planSweep(text).preview).toEqual([
      { loss: 'regression' },
      { loss: 'classification', learningRate: 1e-4 },
      { loss: 'classification', learningRate: 1e-5 },
    ]);
  });

  it("may have Nesterov's momentum where there is one", () => {
    const text = `name: a
dataset: b
training: { optimizer: sgd }
space:
  momentum: [0, 0.9]
  nesterov: { values: [true], when: { momentum: 0.9 } }
budget: { epochs: 1 }
`;
    expect(planSweep(text).preview).toEqual([{ momentum: 0 }, { momentum: 0.9, nesterov: true }]);
  });

  it('may rank by the mean loss over the pixels of images of any size', () => {
    const text = `name: a
dataset: b
space: { imageSize: [32, 64] }
objective: { metric: validation/loss }
budget: { epochs: 1 }
`;
    expect(planSweep(text).problems).toEqual([]);
    expect(planSweep(`${text}training: { lossReduction: sum }`).problems).toHaveLength(1);
    expect(planSweep(`${text.replace('/loss', '/abRmse')}training: { lossReduction: sum }`).problems).toEqual(
      [],
    );
  });

  it('may keep values apart that no run may have together', () => {
    const text = space('imageSize: [48, 64]\n  cut: { values: [conv5], when: { imageSize: 64 } }');

    expect(planSweep(text)).toMatchObject({ problems: [], runs: 2 });
  });

  it.each([
    ['an upsampling', 'upsampling: [nearest, bilinear]\n  cut: [conv2, conv3]', 'loss: classification'],
    ['another upsampling', 'upsampling: [nearest, bilinear]\n  cut: [conv2]', 'loss: combined'],
    ['stages to freeze', 'freezeThrough: [none, conv3, conv4]\n  cut: [conv3, conv4]', ''],
    ['all stages to freeze', 'seed: [1, 2]\n  cut: [conv3]\n  freezeThrough: conv5', ''],
    ["the encoder's rate", 'freezeThrough: [none, conv4]\n  encoderLearningRateFactor: [0.1, 1]', ''],
    [
      'a temperature',
      'decodeFrom: [classification, regression]\n  decodeTemperature: [0.38, 1]',
      'loss: combined',
    ],
    ['a decoding', 'loss: [classification, combined]\n  decoding: [mean, argmax]', 'decodeFrom: regression'],
    ['an optimizer', 'optimizer: [adam, adamw]\n  weightDecay: [0, 0.1]', ''],
    [
      'an optimizer with a rate of its own',
      'optimizer: [adam, adamw]\n  learningRate: { values: [0.01], when: { optimizer: adamw } }',
      'learningRate: 0.001',
    ],
    [
      'a smoothing',
      'rebalancingLambda: [0.5, 1]\n  rebalancingSigma: [0, 5]',
      'loss: classification, rebalancing: paper',
    ],
  ])('may have what means something in some of its runs: %s', (_what, varied, fixed) => {
    expect(planSweep(`${space(varied)}training: { ${fixed} }\n`).problems).toEqual([]);
  });
});

/** Each: what is wrong, the lines that replace those of `sound`, and [line, column, message]. */
const mistakes: [title: string, text: string, line: number, column: number, message: RegExp][] = [
  ['an empty text', '', 1, 1, /empty\. A sweep needs name, dataset and budget/],
  ['a list', '- name: a', 1, 1, /must be a group of keys like "name: …"/],
  ['YAML that does not parse', 'name: a\nspace: [1, 2\nbudget: 3', 3, 1, /not valid YAML/],
  ['a key written twice', 'name: a\nname: b', 2, 1, /not valid YAML: Map keys must be unique/],
  [
    'two documents',
    'name: a\n---\nname: b',
    2,
    1,
    /^A second document begins here, and a file describes one/,
  ],
  ['a pile of brackets', `name: a\nb: ${'['.repeat(20_000)}`, 2, 102, /^This is nested too deeply/],
  ['a pile of dashes', `name: a\nb:\n${'- '.repeat(20_000)}`, 3, 197, /^This is nested too deeply/],
  ['a character zero', 'name: a\n# b\0', 2, 4, /^The character zero has no place in a sweep/],
  ...['a\\nb', '\\e[31m', '\\0', '\\ud800'].map((name): (typeof mistakes)[number] => [
    `a name with ${name}`,
    change('name: a sweep', `name: "${name}"`),
    1,
    7,
    /^name must be one line of text, without control characters\.$/,
  ]),
  ['a bomb of aliases', aliasBomb(), 1, 1, /cannot be read: Excessive alias count/],
  [
    'a missing key',
    'name: a\nbudget: { epochs: 1 }',
    1,
    1,
    /^dataset is missing: a text\. Name of a dataset/,
  ],
  [
    'a missing key of a group',
    change('budget: { epochs: 2 }', 'budget: { runs: 2 }'),
    6,
    1,
    /^budget.epochs is missing: a whole number from 1 to 10000\.$/,
  ],
  [
    'a key without a value',
    change('name: a sweep', 'name:'),
    1,
    6,
    /name must be .* 1 to 120 characters, not nothing/,
  ],
  [
    'an unknown key',
    change('dataset', 'datset'),
    2,
    1,
    /has no key "datset"\. Did you mean dataset\? Allowed: name, /,
  ],
  [
    'an unknown key without a near one',
    `${sound}colour: red`,
    7,
    1,
    /^A sweep has no key "colour"\. Allowed: name, dataset, model/,
  ],
  ['a key in the wrong place', `${sound}epochs: 3`, 7, 1, /^epochs belongs under budget\.$/],
  [
    'a training parameter under model',
    `${sound}model:\n  batchSize: 3`,
    8,
    3,
    /^batchSize belongs under training \(one value for all runs\) or under space/,
  ],
  [
    'a dataset name that cannot be',
    change('first-photos', 'First Photos'),
    2,
    10,
    /"First Photos" is not a dataset name: use lower-case letters/,
  ],
  [
    'the name of weights',
    `${sound}model: { weights: resnet18 }`,
    7,
    19,
    /^weights must be none or the whole digest of imported weights .*, not "resnet18"\.$/,
  ],
  [
    'a text for a number',
    change('epochs: 2', 'epochs: many'),
    6,
    19,
    /^budget.epochs must be a whole number from 1 to 10000, not "many"\.$/,
  ],
  ['a number out of range', change('epochs: 2', 'epochs: 0'), 6, 19, /from 1 to 10000, not 0/],
  [
    'a number for a group',
    change('{ epochs: 2 }', '12'),
    6,
    9,
    /^budget must be a group of keys \(runs, epochs\), not 12/,
  ],
  [
    'a fixed parameter out of range',
    `${sound}model: { width: 3 }`,
    7,
    17,
    /^width must be a multiple of 0\.125 from 0\.125 to 2, not 3\.$/,
  ],
  [
    'an image size that is no multiple of 16',
    `${sound}model: { imageSize: 100 }`,
    7,
    21,
    /^imageSize must be a multiple of 16 from 32 to 512, not 100/,
  ],
  [
    'a misspelt method',
    `${sound}search: { method: gird }`,
    7,
    19,
    /^search.method must be grid or random, not "gird"/,
  ],
  [
    'an unknown objective',
    `${sound}objective: { metric: auc }`,
    7,
    22,
    /^objective.metric must be validation\/abRmse, validation\/psnr, .* or /,
  ],
  [
    'a yes where YAML wants true',
    `${sound}training: { flip: yes }`,
    7,
    19,
    /^flip must be true or false, not "yes"/,
  ],
  // the space
  [
    'a space that is a list',
    change(
      'space:\n  loss: [regression, classification]\n  binGridSize: { values: [10, 20], when: { loss: classification } }',
      'space: [1]',
    ),
    3,
    8,
    /^space must be a group of parameters, not a list/,
  ],
  [
    'an unknown parameter',
    space('lr: [1.0e-3]'),
    4,
    3,
    /^"lr" is not a parameter\. Did you mean learningRate\? Parameters: encoder, /,
  ],
  ['a parameter spelt with an underscore', space('batch_size: [1]'), 4, 3, /Did you mean batchSize\?/],
  [
    'a parameter without values',
    space('batchSize:'),
    4,
    13,
    /^batchSize has no values\. Give it one value, a list like/,
  ],
  ['an empty list', space('batchSize: []'), 4, 14, /^batchSize has an empty list/],
  [
    'a value out of range, in a list',
    space('batchSize: [16, 0]'),
    4,
    19,
    /^batchSize must be a whole number from 1 to 1024, not 0/,
  ],
  [
    'a misspelt value',
    space('loss: [regresion]'),
    4,
    10,
    /^loss must be regression, classification or combined, not "regresion"\. Did you mean regression\?$/,
  ],
  ['a value twice', space('batchSize: [16, 32, 16]'), 4, 23, /^batchSize lists 16 twice/],
  ['a kernel that does not exist', space('headKernel: [1, 5]'), 4, 19, /^headKernel must be 1 or 3, not 5/],
  [
    'values that are no list',
    space('batchSize: { values: 3 }'),
    4,
    24,
    /^values of batchSize must be a list like \[16, 64\], not 3/,
  ],
  [
    'a list of values misspelt',
    space('batchSize: { value: [3] }'),
    4,
    16,
    /neither values nor a distribution\. Did you mean values\?/,
  ],
  [
    'an unknown key beside values',
    space('batchSize: { values: [3], whn: 1 }'),
    4,
    29,
    /^A list of batchSize has no key "whn"\. Did you mean when\?/,
  ],
  [
    'an unknown key in a distribution',
    space('batchSize: { distribution: integer, min: 1, mx: 3, max: 4 }'),
    4,
    47,
    /^A distribution of batchSize has no key "mx"\. Did you mean max\?/,
  ],
  [
    'an unknown distribution',
    space('learningRate: { distribution: loguniform, min: 1, max: 2 }'),
    4,
    33,
    /^distribution must be uniform, logUniform, integer or logInteger, not "loguniform"\. Did you mean logUniform\?/,
  ],
  [
    'a distribution without an end',
    space('learningRate: { distribution: uniform, min: 1 }'),
    4,
    3,
    /^The distribution of learningRate needs max/,
  ],
  [
    'an end that is no number',
    space('learningRate: { distribution: uniform, min: low, max: 1 }'),
    4,
    47,
    /^min must be a number, not "low"/,
  ],
  [
    'an end out of range',
    space('learningRate: { distribution: uniform, min: 1, max: 20 }'),
    4,
    55,
    /^learningRate must be a number above 0 and at most 10; max is 20/,
  ],
  [
    'ends in the wrong order',
    space('learningRate: { distribution: uniform, min: 2, max: 1 }'),
    4,
    47,
    /^min \(2\) must be below max \(1\)/,
  ],
  [
    'a logarithm of zero',
    space('beta1: { distribution: logUniform, min: 0, max: 0.5 }'),
    4,
    43,
    /^logUniform needs a min above 0, not 0/,
  ],
  [
    'a range between two allowed values',
    space('imageSize: { distribution: integer, min: 33, max: 40 }'),
    4,
    44,
    /^There is no multiple of 16 from 33 to 40/,
  ],
  [
    'a distribution of words',
    space('loss: { distribution: uniform, min: 0, max: 1 }'),
    4,
    25,
    /^loss must be regression, classification or combined, so it cannot have a distribution/,
  ],
  [
    'a count that is no count',
    space('learningRate: { distribution: uniform, min: 1, max: 2, count: 1 }'),
    4,
    65,
    /^count must be a whole number from 2 to 1000, not 1/,
  ],
  [
    'a condition that is no group',
    space('batchSize: { values: [3], when: regression }'),
    4,
    35,
    /^when must name another parameter and its value/,
  ],
  [
    'a condition on an unknown parameter',
    space('batchSize: { values: [3], when: { los: regression } }'),
    4,
    37,
    /^"los" is not a parameter\. Did you mean loss\?/,
  ],
  [
    'a condition on an impossible value',
    space('batchSize: { values: [3], when: { loss: clasification } }'),
    4,
    43,
    /^loss must be regression, classification or combined, not "clasification"\. Did you mean classification\?/,
  ],
  [
    'a condition on itself',
    space('batchSize: { values: [3], when: { batchSize: 3 } }'),
    4,
    37,
    /^batchSize cannot depend on itself/,
  ],
  // what fits together
  [
    'an epsilon that float32 cannot tell from nothing',
    `${space('seed: [1, 2]')}training: { epsilon: 1.0e-40 }`,
    6,
    22,
    /^epsilon must be a number from 1e-16 to 1, not 1e-40/,
  ],
  [
    'a varied delta that float32 cannot tell from nothing',
    `${space('huberDelta: [1, 1.0e-50]')}training: { regressionLoss: huber }`,
    4,
    19,
    /^huberDelta must be a number from 0.000001 to 200, not 1e-50/,
  ],
  [
    'a distribution that reaches down to nothing',
    space('epsilon: { distribution: logUniform, min: 1.0e-20, max: 1, count: 3 }'),
    4,
    45,
    /^epsilon must be a number from 1e-16 to 1; min is 1e-20/,
  ],
  [
    'a condition that never holds',
    space('batchSize: { values: [3], when: { loss: classification } }'),
    4,
    43,
    /^loss is never "classification" in this sweep, but "regression"/,
  ],
  [
    'a condition of the wrong loss',
    space('loss: [regression, classification]\n  binGridSize: { values: [10], when: { loss: regression } }'),
    5,
    46,
    /^binGridSize only means something with loss classification/,
  ],
  [
    'a condition on a parameter of the other loss',
    space(
      'loss: [regression, classification]\n  binGridSize: { values: [10], when: { outputActivation: linear } }',
    ),
    5,
    40,
    /^outputActivation belongs to loss regression or combined and binGridSize to loss classification or combined: no run has both/,
  ],
  [
    'conditions in a circle',
    space(
      'batchSize: { values: [3], when: { flip: true } }\n  flip: { values: [true], when: { batchSize: 3 } }',
    ),
    4,
    29,
    /^batchSize depends on flip, which in turn depends on batchSize/,
  ],
  [
    'a parameter fixed and varied',
    `${space('batchSize: [1, 2]')}training: { batchSize: 3 }`,
    4,
    3,
    /^batchSize is fixed under training and varied under space\. Remove it from one/,
  ],
  [
    'a varied parameter that no run uses',
    space('binGridSize: [10, 20]'),
    4,
    3,
    /^binGridSize only means something with loss classification or combined, and every run of this sweep has loss regression/,
  ],
  [
    'a fixed parameter that no run uses',
    `${space('batchSize: [1, 2]')}model: { headKernel: 3 }`,
    6,
    10,
    /^headKernel only means something with loss classification/,
  ],
  [
    'a parameter whose need is not met further up',
    `${space('batchSize: [1, 2]')}training: { softSigma: 3 }`,
    6,
    13,
    /^softSigma only means something with loss classification or combined, and every run of this sweep has loss regression/,
  ],
  [
    'a parameter of an encoding that no run has',
    `${space('batchSize: [1, 2]')}training: { loss: classification, softSigma: 3 }`,
    6,
    35,
    /^softSigma only means something with encoding soft, and every run of this sweep has encoding hard\. Remove it, or add encoding: soft/,
  ],
  [
    'a side that cannot be halved five times',
    `${space('imageSize: [32, 48]')}model: { cut: conv5 }`,
    6,
    15,
    /^A network cut after conv5 halves the side five times, so imageSize must be a multiple of 32, not 48/,
  ],
  [
    'a side drawn for some run that cannot be halved five times',
    `name: a
dataset: b
space:
  imageSize: { distribution: integer, min: 64, max: 512 }
  cut: [conv4, conv5]
search: { method: random }
budget: { runs: 60, epochs: 1 }`,
    5,
    8,
    /^A network cut after conv5 halves the side five times, so imageSize must be a multiple of 32, not \d+/,
  ],
  [
    'batch norm over a single value',
    `${space('microBatch: [1, 4]')}model: { cut: conv5, imageSize: 32 }`,
    6,
    15,
    /^Of an image of 32 × 32, conv5 leaves one pixel, and batch norm over one pixel of one image leaves nothing\. Use larger/,
  ],
  [
    'batch norm over a single value in the last piece of a batch',
    `${space('batchSize: [4, 5]')}training: { microBatch: 2 }\nmodel: { cut: conv5, imageSize: 32 }`,
    7,
    15,
    /^Of an image of 32 × 32, conv5 leaves one pixel.* also in the last piece that microBatch leaves of a batch/,
  ],
  [
    "Nesterov's momentum without a momentum",
    `${space('seed: [1, 2]')}training: { optimizer: sgd, momentum: 0, nesterov: true }`,
    6,
    52,
    /^With momentum 0, nesterov: true changes nothing: the run would be plain SGD\. Give it a momentum above 0/,
  ],
  [
    "Nesterov's momentum without a momentum in some run",
    `name: a
dataset: b
training: { optimizer: sgd }
space:
  momentum: [0, 0.9]
  nesterov: [false, true]
budget: { epochs: 1 }`,
    6,
    13,
    /^With momentum 0, nesterov: true changes nothing/,
  ],
  [
    'an upsampling where nothing is upsampled',
    `${space('upsampling: [nearest, bilinear]')}training: { loss: classification }\nmodel: { cut: conv2 }`,
    4,
    3,
    /^upsampling means nothing in this sweep: conv2 ends at a quarter of the side, and with headResolution quarter/,
  ],
  [
    'a cut, and the automatic one that is the same',
    space('cut: [auto, conv3, conv4]'),
    4,
    3,
    /^cut auto and conv4 make the same runs in this sweep: auto is conv3 for classification, else conv4. Keep one of them/,
  ],
  [
    'an input adaptation, and the automatic one that is the same',
    space('inputAdaptation: [sum, new, auto]'),
    4,
    3,
    /^inputAdaptation new and auto make the same runs in this sweep: auto is sum with imported weights, else new/,
  ],
  [
    'a fixed upsampling where nothing is upsampled',
    `${space('seed: [1, 2]')}training: { loss: classification }\nmodel: { cut: conv2, upsampling: bilinear }`,
    7,
    22,
    /^upsampling means nothing in this sweep: .* Remove it, or change the other/,
  ],
  [
    'stages to freeze that the encoder does not have',
    `${space('freezeThrough: [none, conv3, conv4]')}model: { cut: conv3 }`,
    4,
    3,
    /^freezeThrough conv3 and conv4 make the same runs in this sweep: the encoder ends at its cut.* Keep one of them/,
  ],
  [
    'a learning rate of an encoder that is frozen',
    `${space('encoderLearningRateFactor: [0.1, 1]')}model: { cut: conv3, freezeThrough: conv5 }`,
    4,
    3,
    /^encoderLearningRateFactor means nothing in this sweep: freezeThrough freezes the whole encoder/,
  ],
  [
    'a decoding that colours nothing',
    `${space('decoding: [mean, argmax]')}training: { loss: combined, decodeFrom: regression }`,
    4,
    3,
    /^decoding means nothing in this sweep: with decodeFrom regression no colour is made of a distribution/,
  ],
  [
    'a temperature that colours nothing',
    `${space('decodeTemperature: { distribution: uniform, min: 0.1, max: 1, count: 3 }')}training: { loss: combined, decodeFrom: regression }`,
    4,
    3,
    /^decodeTemperature means nothing in this sweep: with decodeFrom regression/,
  ],
  [
    'a smoothing of a prior that does not count',
    `${space('rebalancingSigma: [0, 5]')}training: { loss: classification, rebalancing: paper, rebalancingLambda: 1 }`,
    4,
    3,
    /^rebalancingSigma means nothing in this sweep: with rebalancingLambda 1 all bins weigh alike/,
  ],
  [
    'a Gaussian over one neighbour',
    `${space('softSigma: [1, 5]')}training: { loss: classification, encoding: soft, softNeighbors: 1 }`,
    4,
    3,
    /^softSigma means nothing in this sweep: with softNeighbors 1/,
  ],
  [
    'optimizers that differ in nothing',
    space('optimizer: [sgd, adam, adamw]'),
    4,
    3,
    /^optimizer adam and adamw make the same runs in this sweep: they differ in how weightDecay is applied, which is 0/,
  ],
  [
    'a grid over a distribution without count',
    space('learningRate: { distribution: uniform, min: 1, max: 2 }'),
    4,
    3,
    /^Grid search needs count in the distribution of learningRate/,
  ],
  [
    'a random search without a budget of runs',
    `${sound}search: { method: random }`,
    6,
    1,
    /^Random search needs budget\.runs/,
  ],
  [
    'a grid that is too large',
    space('seed: { distribution: integer, min: 0, max: 2000, count: 600 }\n  batchSize: [1, 2]'),
    3,
    1,
    /^This grid makes 1,200 runs, and a sweep has at most 1,000/,
  ],
  [
    'a goal that makes things worse',
    `${sound}objective: { goal: maximize }`,
    7,
    20,
    /^validation\/abRmse is better when it is lower: write goal: minimize/,
  ],
  [
    'a ranking by losses that are not comparable',
    `${sound}objective: { metric: validation/loss }`,
    7,
    22,
    /differ in loss and binGridSize, and losses of such runs are not comparable.* validation\/abRmse or validation\/deltaE2000/,
  ],
  [
    'a ranking by sums over different numbers of pixels',
    `${space('imageSize: [32, 64]')}training: { lossReduction: sum }
objective: { metric: validation/loss }`,
    7,
    22,
    /^Runs of this sweep differ in imageSize \(with lossReduction sum\), and losses of such runs are not comparable: .* Name a metric/,
  ],
  [
    'a ranking by LPIPS that nobody measures',
    `${sound}objective: { metric: validation/lpips }`,
    7,
    22,
    /^Runs of this sweep do not measure validation\/lpips\. Write under training: lpips: DIGEST/,
  ],
  [
    'a ranking by LPIPS that some runs do not measure',
    `${space(`lpips: [none, ${'ab'.repeat(32)}]`)}objective: { metric: validation/lpips }`,
    6,
    22,
    /^Some runs of this sweep do not measure validation\/lpips\./,
  ],
  [
    'a ranking by LPIPS of different weights',
    `${space(`lpips: [${'ab'.repeat(32)}, ${'cd'.repeat(32)}]`)}objective: { metric: validation/lpips }`,
    6,
    22,
    /^Runs of this sweep measure validation\/lpips by different weights, and such values are not comparable\./,
  ],
];

describe('a mistake in a spec is explained at its line and column:', () => {
  it.each(mistakes)('%s', (_title, text, line, column, message) => {
    const { spec, problems } = readSpec(text);

    expect(spec).toBeNull();
    const there = problems.filter((problem) => message.test(problem.message));
    expect(there, JSON.stringify(problems, null, 1)).toHaveLength(1);
    expect([there[0]?.line, there[0]?.column]).toEqual([line, column]);
  });

  it('all mistakes at once, in the order of the text', () => {
    const { problems } = readSpec(`name: a
datset: b
model: { width: 3 }
space: { los: [1], batchSize: [0] }
budget: { epochs: 1 }`);

    expect(problems.map(({ line, path }) => [line, path])).toEqual([
      [1, 'dataset'],
      [2, 'datset'],
      [3, 'model.width'],
      [4, 'space.los'],
      [4, 'space.batchSize.0'],
    ]);
  });

  it('a plan of a wrong spec has problems and no runs', () => {
    const plan = planSweep('name: a');

    expect(plan.runs).toBe(0);
    expect(plan.problems.length).toBeGreaterThan(0);
  });
});

function change(from: string, to: string): string {
  expect(sound).toContain(from);
  return sound.replace(from, to);
}

function space(lines: string): string {
  return `name: a\ndataset: b\nspace:\n  ${lines}\nbudget: { epochs: 1 }\n`;
}

function aliasBomb(): string {
  const levels = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (const name of ['b', 'c', 'd', 'e', 'f', 'g', 'h']) {
    const below = String.fromCharCode(name.charCodeAt(0) - 1);
    levels.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${below}`).join(', ')}]`);
  }
  return levels.join('\n');
}
