import { type ClassificationRecipe, plainClassification, plainRegression } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeBins } from '../color/bins.js';
import { labelTable } from '../color/labels.js';
import { type LossOfImages, makeLoss } from './loss.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const releasedCode = { type: 'released-code', lambda: 0.1, sigma: 5 } as const;
const soft = { type: 'soft', neighbors: 5, sigma: 5 } as const;
const model = { imageSize: 8 };

/** The colours of one image of 8 x 8: much grey, some orange, a little blue. */
const image = Array.from({ length: 64 }, (_, pixel): [a: number, b: number] => {
  if (pixel % 16 === 5) return [20, -55];
  return pixel % 4 === 3 ? [37, 52] : [pixel % 3, 0];
});

describe('the floor', () => {
  test.each([
    { name: 'of hard labels is 0', options: {}, floor: 0 },
    {
      name: 'of a double softmax is ln(1 + (Q - 1) / e)',
      options: { doubleSoftmax: true, binSet: 'square' },
      floor: 5.4405,
    },
    {
      name: 'of a double softmax that is summed is as often more as there are pixels',
      options: { doubleSoftmax: true, binSet: 'square', reduction: 'sum' },
      floor: 4 * 5.440497,
    },
    { name: 'of soft labels is not known without the colours', options: { encoding: soft }, floor: null },
  ] as { name: string; options: Partial<ClassificationRecipe>; floor: number | null }[])(
    '$name',
    ({ options, floor }) => {
      const found = makeLoss({ loss: { ...plainClassification, ...options }, model }).floor;

      if (floor === null) expect(found).toBeNull();
      else expect(found).toBeCloseTo(floor, 4);
    },
  );

  test('of a regression is 0', () => {
    expect(makeLoss({ loss: plainRegression, model }).floor).toBe(0);
  });

  test('of a combined loss is that of its classification', () => {
    const loss = {
      type: 'combined',
      regression: plainRegression,
      classification: { ...plainClassification, binSet: 'square', doubleSoftmax: true },
      regressionWeight: 10,
      decodeFrom: 'regression',
    } as const;

    expect(makeLoss({ loss, model }).floor).toBeCloseTo(5.4405, 4);
  });

  // The label itself is the best prediction of a pixel, so the loss of perfect predictions is the floor.
  test.each(['mean', 'sum'] as const)(
    'of soft labels is what perfect predictions reach (%s)',
    (reduction) => {
      const loss = lossOf({ encoding: soft, reduction });
      const { perColor, bins, weights } = labelTable(makeBins(40, 'gamut'), soft);
      const logits = tf.fill([1, 8, 8, 23], -1e9).bufferSync();
      image.forEach(([a, b], pixel) => {
        for (let k = 0; k < perColor; k++) {
          const at = ((a + 128) * 256 + b + 128) * perColor + k;
          logits.set(Math.log(weights[at]!), 0, pixel >> 3, pixel & 7, bins[at]!);
        }
      });
      const value = loss.value({ logits: logits.toTensor() as tf.Tensor4D }, truth()).dataSync()[0]!;

      expect(value).toBeGreaterThan(0);
      expect(loss.floor! / value).toBeCloseTo(1, 5);
    },
  );
});

test('the floor of other pixels is theirs', () => {
  const recipe = { loss: { ...plainClassification, ...fullAt40, encoding: soft }, model };
  const grey = new Float64Array(65_536);
  grey[128 * 256 + 128] = 3;
  const { perColor, weights } = labelTable(makeBins(40, 'gamut'), soft);
  const label = weights.subarray((128 * 256 + 128) * perColor, (128 * 256 + 129) * perColor);
  const entropy = label.reduce((sum, weight) => sum - (weight && weight * Math.log(weight)), 0);

  expect(boundsOf(recipe, counts())!.floor).toBe(makeLoss(recipe, { abCounts: counts() }).floor);
  expect(boundsOf(recipe, counts(), grey)!.floor).toBeCloseTo(entropy, 6);
});

describe('the loss of the marginal', () => {
  test.each([
    {},
    { reduction: 'sum' },
    { encoding: soft },
    { rebalancing: { type: 'paper', lambda: 0.5, sigma: 20 } },
    {
      encoding: { ...soft, sigma: 20 },
      rebalancing: { type: 'paper', lambda: 0.2, sigma: 20 },
      reduction: 'sum',
    },
    { doubleSoftmax: true },
    { doubleSoftmax: true, encoding: { ...soft, sigma: 20 } },
  ] as Partial<ClassificationRecipe>[])(
    'is the least that one prediction for all pixels can have: %j',
    (options) => {
      const recipe = { loss: { ...plainClassification, ...fullAt40, ...options }, model };
      const { marginal } = boundsOf(recipe, counts())!;
      const loss = lossOf(options);
      const { least: best } = trainConstant((logits) => loss.value({ logits }, truth()));

      expect(best).toBeGreaterThan(marginal * (1 - 1e-5));
      expect(best).toBeLessThan(marginal * (1 + 2e-3)); // as far as the search got
      expect(loss.floor!).toBeLessThan(marginal);
    },
  );

  test.each([{}, { encoding: soft }, { reduction: 'sum' }, { doubleSoftmax: true }] as const)(
    'of the released code is what its weighted gradient leads a constant to, above the least: %j',
    (options) => {
      const recipe = { ...options, rebalancing: releasedCode };
      const { marginal } = boundsOf(
        { loss: { ...plainClassification, ...fullAt40, ...recipe }, model },
        counts(),
      )!;
      const plain = boundsOf({ loss: { ...plainClassification, ...fullAt40, ...options }, model }, counts())!;
      const loss = lossOf(recipe);

      expect(marginal).toBeGreaterThan(plain.marginal * 1.01);
      expect(trainConstant((logits) => loss.value({ logits }, truth())).last / marginal).toBeCloseTo(1, 2);
    },
  );

  test('of the released code leaves out images without a colour, as its gradient does', () => {
    const recipe = { loss: { ...plainClassification, ...fullAt40, rebalancing: releasedCode }, model };
    const all = counts();
    all[128 * 256 + 128]! += 64;
    const loss = makeLoss(recipe, { abCounts: all });
    const { marginal } = loss.bounds({ all, ofColored: counts() })!;
    const both = tf.concat([truth(), tf.fill([1, 8, 8, 2], 128, 'int32')]) as tf.Tensor4D;
    const { last } = trainConstant((logits) => loss.value({ logits: tf.tile(logits, [2, 1, 1, 1]) }, both));

    expect(last / marginal).toBeCloseTo(1, 2);
    expect(marginal / loss.bounds({ all, ofColored: all })!.marginal).not.toBeCloseTo(1, 1);
    expect(loss.bounds({ all, ofColored: new Float64Array(65_536) })).toEqual(
      loss.bounds({ all, ofColored: all }),
    );
  });

  test('of the released code counts all images where the coloured ones lack a bin that the others have', () => {
    const recipe = { loss: { ...plainClassification, ...fullAt40, rebalancing: releasedCode }, model };
    const [all, ofColored] = [counts(), counts()];
    const loss = makeLoss(recipe, { abCounts: all });
    ofColored[128 * 256 + 128] = ofColored[129 * 256 + 128] = ofColored[130 * 256 + 128] = 0;

    expect(loss.bounds({ all, ofColored })).toEqual(loss.bounds({ all, ofColored: all }));
  });

  test('of hard labels is the entropy of the prior', () => {
    const three = new Float64Array(65_536);
    three[128 * 256 + 128] = 70;
    three[168 * 256 + 128] = 20;
    three[128 * 256 + 168] = 10;
    const entropy = -(0.7 * Math.log(0.7) + 0.2 * Math.log(0.2) + 0.1 * Math.log(0.1));

    const recipe = { loss: { ...plainClassification, binGridSize: 40 }, model };
    expect(boundsOf(recipe, three)!.marginal).toBeCloseTo(entropy, 12);
  });

  test('of other pixels is theirs, weighed as the training split weighs', () => {
    const [training, others] = [counts(), new Float64Array(65_536)];
    others[128 * 256 + 128] = 3;
    others[168 * 256 + 128] = 1;
    const of = (rebalancing: ClassificationRecipe['rebalancing']) =>
      boundsOf({ loss: { ...plainClassification, binGridSize: 40, rebalancing }, model }, training, others)!
        .marginal;
    const entropy = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    const weighted = of({ type: 'paper', lambda: 0.5, sigma: 5 });

    expect(of({ type: 'none' })).toBeCloseTo(entropy, 12);
    expect(weighted).not.toBeCloseTo(entropy, 2);
    expect(Number.isFinite(weighted)).toBe(true);
  });

  test('of a regression does not exist', () => {
    expect(boundsOf({ loss: plainRegression, model }, counts())).toBeNull();
  });
});

const fullAt40 = { binGridSize: 40, headResolution: 'full' } as const;

/** @param abCounts of the training split, @param measured of the pixels that the loss is to be of */
const boundsOf = (recipe: LossOfImages, abCounts: Float64Array, measured = abCounts) =>
  makeLoss(recipe, { abCounts }).bounds({ all: measured, ofColored: measured });

const lossOf = (options: Partial<ClassificationRecipe>) =>
  makeLoss({ loss: { ...plainClassification, ...fullAt40, ...options }, model }, { abCounts: counts() });

const truth = () =>
  tf.tensor4d(
    image.flatMap(([a, b]) => [a + 128, b + 128]),
    [1, 8, 8, 2],
    'int32',
  );

function counts(): Float64Array {
  const found = new Float64Array(65_536);
  for (const [a, b] of image) found[(a + 128) * 256 + b + 128]!++;
  return found;
}

/** By Adam on the logits of all pixels alike: the least loss on the way, and the last. */
function trainConstant(value: (logits: tf.Tensor4D) => tf.Scalar): { least: number; last: number } {
  const logits = tf.variable(tf.zeros([1, 1, 1, 23]));
  const optimizer = tf.train.adam(0.3);
  let [least, last] = [Infinity, Infinity];
  for (let step = 0; step < 150; step++) {
    const loss = optimizer.minimize(() => value(tf.tile(logits, [1, 8, 8, 1]) as tf.Tensor4D), true, [
      logits,
    ])!;
    last = loss.dataSync()[0]!;
    least = Math.min(least, last);
  }
  return { least, last };
}
