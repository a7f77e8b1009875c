import { type ClassificationRecipe, plainClassification } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeBins } from '../color/bins.js';
import { softLabel } from '../color/labels.js';
import { binPrior, rebalancingWeights } from '../color/prior.js';
import { makeLoss } from './loss.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const zhang = makeBins(10, 'zhang-313');

describe('soft labels', () => {
  test('are compared with the softmax of every pixel', () => {
    const encoding = { type: 'soft', neighbors: 5, sigma: 5 } as const;
    const loss = lossOf({ binSet: 'zhang-313', encoding });
    const logits = noise([1, 1, 2, 313]);
    const found = loss.value({ logits }, pixels([3, -7], [-50, 20])).dataSync()[0];

    const expected = [softLabel([3, -7], zhang, encoding), softLabel([-50, 20], zhang, encoding)].map(
      ({ bins, weights }, pixel) => {
        const logs = logSoftmax([...logits.dataSync().slice(pixel * 313, (pixel + 1) * 313)]);
        return bins.reduce((sum, bin, k) => sum - weights[k]! * logs[bin]!, 0);
      },
    );
    expect(found).toBeCloseTo((expected[0]! + expected[1]!) / 2, 5);
  });

  test('are shared by so many neighbors, and by one alone when sigma is small', () => {
    const logits = noise([1, 1, 2, 313]);
    const value = (options: Partial<ClassificationRecipe>) =>
      lossOf({ binSet: 'zhang-313', ...options })
        .value({ logits }, pixels([3, -7], [-50, 20]))
        .dataSync()[0]!;
    const soft = (neighbors: number, sigma: number) =>
      value({ encoding: { type: 'soft', neighbors, sigma } });
    const hard = value({ encoding: { type: 'hard' } });

    expect(soft(1, 5)).toBeCloseTo(hard, 5);
    expect(soft(5, 0.1)).toBeCloseTo(hard, 5);
    const values = [hard, soft(2, 20), soft(5, 20), soft(10, 20), soft(32, 20)];
    expect(new Set(values.map((one) => one.toFixed(4))).size).toBe(5);
  });
});

describe('summed, a classification loss', () => {
  test('is that of all pixels of an image, averaged over the images', () => {
    const value = (reduction: ClassificationRecipe['reduction'], images: number) => {
      const logits = tf.tile(noise([1, 2, 2, 23]), [images, 1, 1, 1]) as tf.Tensor4D;
      const truth = tf.tile(pixels([3, -7], [-50, 20], [0, 0], [44, 44]).reshape([1, 2, 2, 2]), [
        images,
        1,
        1,
        1,
      ]);
      return lossOf({ binGridSize: 40, reduction })
        .value({ logits }, truth as tf.Tensor4D)
        .dataSync()[0]!;
    };

    expect(value('sum', 1)).toBeCloseTo(4 * value('mean', 1), 4);
    expect(value('sum', 3)).toBeCloseTo(value('sum', 1), 4);
  });
});

describe('rebalancing', () => {
  const counts = countsOf([
    [0, 0, 70],
    [40, 40, 25],
    [-40, 0, 5],
  ]);
  const bins = makeBins(40, 'gamut');
  const rebalanced = (type: 'paper' | 'released-code') => ({ type, lambda: 0.5, sigma: 5 }) as const;
  const weightOf = (type: 'paper' | 'released-code', a: number, b: number) =>
    rebalancingWeights(binPrior(counts, bins), bins, rebalanced(type))[
      bins.a.findIndex((center, bin) => center === a && bins.b[bin] === b)
    ]!;
  const truth = pixels([40, 40], [-40, 0], [0, 0]);

  test('of the paper weighs the loss of each pixel by its bin', () => {
    const logits = noise([1, 1, 3, 23]);
    const plain = lossPerPixel({ binGridSize: 40 }, logits, truth);
    const loss = lossOf({ binGridSize: 40, rebalancing: rebalanced('paper') }, counts);
    const weights = [weightOf('paper', 40, 40), weightOf('paper', -40, 0), weightOf('paper', 0, 0)];

    expect(weights[1]).toBeGreaterThan(2 * weights[2]!);
    const expected = plain.reduce((sum, value, pixel) => sum + value * weights[pixel]!, 0) / 3;
    expect(loss.value({ logits }, truth).dataSync()[0]).toBeCloseTo(expected, 5);
  });

  test('of the released code weighs the gradient alone', () => {
    const logits = noise([1, 1, 3, 23]);
    const plain = lossOf({ binGridSize: 40 });
    const loss = lossOf({ binGridSize: 40, rebalancing: rebalanced('released-code') }, counts);
    const slope = (one: typeof loss) =>
      tf
        .grad((x) => one.value({ logits: x as tf.Tensor4D }, truth))(logits)
        .dataSync();

    expect(loss.value({ logits }, truth).dataSync()).toEqual(plain.value({ logits }, truth).dataSync());
    const [found, unweighted] = [slope(loss), slope(plain)];
    [
      weightOf('released-code', 40, 40),
      weightOf('released-code', -40, 0),
      weightOf('released-code', 0, 0),
    ].forEach((weight, pixel) => {
      for (let bin = 0; bin < 23; bin++) {
        expect(found[pixel * 23 + bin]).toBeCloseTo(weight * unweighted[pixel * 23 + bin]!, 6);
      }
    });
  });

  test('of the released code learns nothing from images whose a and b are all within 5', () => {
    const loss = lossOf({ binGridSize: 40, rebalancing: rebalanced('released-code') }, counts);
    const images = tf.concat([pixels([5, -5], [0, 0]), pixels([6, 0], [0, 0])]) as tf.Tensor4D;
    const slope = tf.grad((x) => loss.value({ logits: x as tf.Tensor4D }, images))(noise([2, 1, 2, 23]));
    const [grey, colored] = tf.unstack(tf.sum(tf.abs(slope), [1, 2, 3]));

    expect(grey!.dataSync()[0]).toBe(0);
    expect(colored!.dataSync()[0]).toBeGreaterThan(0.01);
  });

  test('needs the colours of the training split', () => {
    expect(() => lossOf({ rebalancing: rebalanced('paper') })).toThrow('colours of the training split');
  });
});

describe('a double softmax', () => {
  test('cannot be surer than its floor, 5.4405 of 625 bins, and makes 6.4378 of a uniform prediction', () => {
    const loss = lossOf({ binSet: 'square', doubleSoftmax: true });
    const { binOf } = makeBins(10, 'square');
    const sure = tf
      .oneHot([binOf[128 * 256 + 128]!], 625)
      .mul(1e3)
      .reshape([1, 1, 1, 625]) as tf.Tensor4D;

    expect(loss.value({ logits: sure }, pixels([0, 0])).dataSync()[0]).toBeCloseTo(5.4405, 4);
    expect(loss.floor).toBeCloseTo(5.4405, 4);
    expect(loss.value({ logits: tf.zeros([1, 1, 1, 625]) }, pixels([0, 0])).dataSync()[0]).toBeCloseTo(
      6.4378,
      4,
    );
  });

  test('is learned through both of them', () => {
    const loss = lossOf({ binGridSize: 40, doubleSoftmax: true });
    const logits = noise([1, 1, 1, 23]);
    const value = (x: tf.Tensor) => loss.value({ logits: x as tf.Tensor4D }, pixels([0, 0]));
    const slope = tf.grad(value)(logits).dataSync();

    const step = 0.03;
    for (const bin of [0, 11, 22]) {
      const moved = (by: number) => {
        const values = logits.dataSync().slice();
        values[bin]! += by;
        return value(tf.tensor4d(values, [1, 1, 1, 23])).dataSync()[0]!;
      };
      expect(slope[bin]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 4);
    }
  });
});

describe('decoding', () => {
  const three = (probabilities: number[]) => {
    const logits = tf.fill([1, 1, 1, 313], -1e9).bufferSync();
    probabilities.forEach((probability, index) => logits.set(Math.log(probability), 0, 0, 0, 100 + index));
    return logits.toTensor() as tf.Tensor4D;
  };
  const decoded = (decoding: ClassificationRecipe['decoding'], logits: tf.Tensor4D) => [
    ...lossOf({ binSet: 'zhang-313', decoding }).decode({ logits }).dataSync(),
  ];

  test('by argmax takes the most probable bin, of equals the first', () => {
    expect(decoded({ type: 'argmax' }, three([0.3, 0.5, 0.2]))).toEqual([zhang.a[101], zhang.b[101]]);
    expect(decoded({ type: 'argmax' }, three([0.2, 0.4, 0.4]))).toEqual([zhang.a[101], zhang.b[101]]);
  });

  test('by the mean weighs all of them', () => {
    const [a, b] = decoded({ type: 'mean' }, three([0.3, 0.5, 0.2]));
    const mean = (of: Float32Array) => 0.3 * of[100]! + 0.5 * of[101]! + 0.2 * of[102]!;

    expect(a).toBeCloseTo(mean(zhang.a), 4);
    expect(b).toBeCloseTo(mean(zhang.b), 4);
  });

  test('of the report’s corner cells shows a sure grey as -3, -3', () => {
    const bins = makeBins(10, 'corner');
    const grey = tf
      .oneHot([bins.binOf[128 * 256 + 128]!], 625)
      .mul(1e3)
      .reshape([1, 1, 1, 625]);
    const [a, b] = lossOf({ binSet: 'corner' })
      .decode({ logits: grey as tf.Tensor4D })
      .dataSync();

    expect([a, b]).toEqual([-3, -3]);
  });
});

describe('measures of a classification', () => {
  test('count pixels whose bin is the first, or among the first five', () => {
    const bins = makeBins(40, 'gamut');
    const right = bins.binOf[128 * 256 + 128]!;
    // None, four and five other bins are more probable than the right one.
    const rows = [0, 4, 5].map((better) =>
      Array.from({ length: 23 }, (_, bin) => (bin === right ? 1 : (bin - right + 23) % 23 <= better ? 2 : 0)),
    );
    const measures = lossOf({ binGridSize: 40 }).measures(
      { logits: tf.tensor4d(rows.flat(), [1, 1, 3, 23]) },
      pixels([0, 0], [0, 0], [0, 0]),
    );

    expect(measures.top1!.dataSync()[0]).toBeCloseTo(1 / 3, 6);
    expect(measures.top5!.dataSync()[0]).toBeCloseTo(2 / 3, 6);
  });

  test('do not count equal logits as right: of equals the first comes first', () => {
    const bins = makeBins(40, 'gamut');
    const first = [bins.a[0]!, bins.b[0]!] as [number, number];
    const sixth = [bins.a[5]!, bins.b[5]!] as [number, number];
    const { top1, top5 } = lossOf({ binGridSize: 40 }).measures(
      { logits: tf.zeros([1, 1, 2, 23]) },
      pixels(first, sixth),
    );

    expect([top1!.dataSync()[0], top5!.dataSync()[0]]).toEqual([0.5, 0.5]);
  });

  test('count nothing as right where logits are not numbers', () => {
    const { top1, top5 } = lossOf({ binGridSize: 40 }).measures(
      { logits: tf.fill([1, 1, 1, 23], Number.NaN) as tf.Tensor4D },
      pixels([0, 0]),
    );

    expect([top1!.dataSync()[0], top5!.dataSync()[0]]).toEqual([0, 0]);
  });

  test('tell the entropy of what is predicted', () => {
    const entropy = (logits: number[]) =>
      lossOf({ binGridSize: 40 })
        .measures({ logits: tf.tensor4d(logits, [1, 1, 1, 23]) }, pixels([0, 0]))
        .entropy!.dataSync()[0];

    expect(entropy(Array<number>(23).fill(7))).toBeCloseTo(Math.log(23), 5);
    expect(entropy([60, 60, ...Array<number>(21).fill(-1e9)])).toBeCloseTo(Math.log(2), 5);
    expect(entropy([1e4, ...Array<number>(22).fill(0)])).toBeCloseTo(0, 6);
  });
});

test.each([
  { encoding: { type: 'hard' } },
  { encoding: { type: 'soft', neighbors: 5, sigma: 5 } },
  { rebalancing: { type: 'paper', lambda: 0.5, sigma: 5 } },
] as Partial<ClassificationRecipe>[])(
  'a classification loss (%j) keeps nothing beside its constants',
  (options) => {
    const before = tf.memory().numTensors;
    const loss = lossOf(options, countsOf([[0, 0, 1]]));
    expect(tf.memory().numTensors - before).toBe(loss.constants.length);

    loss.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);

/** At full resolution, on images of one row. */
const lossOf = (options: Partial<ClassificationRecipe>, abCounts?: Float64Array) =>
  makeLoss(
    { loss: { ...plainClassification, headResolution: 'full', ...options }, model: { imageSize: 8 } },
    abCounts ? { abCounts } : {},
  );

function lossPerPixel(
  options: Partial<ClassificationRecipe>,
  logits: tf.Tensor4D,
  truth: tf.Tensor4D,
): number[] {
  return Array.from({ length: logits.shape[2] }, (_, pixel) => {
    const one = (of: tf.Tensor4D) => tf.slice4d(of, [0, 0, pixel, 0], [1, 1, 1, -1]);
    return lossOf(options)
      .value({ logits: one(logits) }, one(truth))
      .dataSync()[0]!;
  });
}

/** One image of one row, its colours in ab units. */
function pixels(...colors: [a: number, b: number][]): tf.Tensor4D {
  const bytes = colors.flatMap(([a, b]) => [a + 128, b + 128]);
  return tf.tensor4d(bytes, [1, 1, colors.length, 2], 'int32');
}

const noise = (shape: [number, number, number, number]): tf.Tensor4D =>
  tf.randomNormal(shape, 0, 2, 'float32', 7);

function logSoftmax(logits: number[]): number[] {
  const log = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return logits.map((logit) => logit - log);
}

function countsOf(colors: [a: number, b: number, count: number][]): Float64Array {
  const counts = new Float64Array(65_536);
  for (const [a, b, count] of colors) counts[(a + 128) * 256 + b + 128] = count;
  return counts;
}
