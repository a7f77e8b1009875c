import { type CombinedRecipe, plainClassification, plainRegression } from '@chromatune/contracts';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeLoss } from './loss.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('the combined loss', () => {
  test('is the cross entropy and the weighted error of ab, as each alone has them', () => {
    const { loss, alone } = losses({ regressionWeight: 3 });
    const [ab, logits] = predictions();
    const value = loss.value({ ab, logits }, truth).dataSync()[0]!;
    const classified = alone.classification.value({ logits }, truth).dataSync()[0]!;
    const regressed = alone.regression.value({ ab }, truth).dataSync()[0]!;

    expect(value).toBeCloseTo(classified + 3 * regressed, 5);
    const parts = loss.parts({ ab, logits }, truth);
    expect(parts.classification!.dataSync()[0]).toBe(classified);
    expect(parts.regression!.dataSync()[0]).toBe(regressed);
  });

  test('sends both gradients into a trunk that both heads read', () => {
    const { loss, alone } = losses({ regressionWeight: 3 });
    const [ab, logits] = predictions();
    const trunk = tf.scalar(0.7);
    const slope = (of: (trunk: tf.Tensor) => tf.Scalar) => tf.grad(of)(trunk).dataSync()[0]!;
    const scaled = (tensor: tf.Tensor4D, by: tf.Tensor) => tf.mul<tf.Tensor4D>(tensor, by);

    const joint = slope((x) => loss.value({ ab: scaled(ab, x), logits: scaled(logits, x) }, truth));
    const classified = slope((x) => alone.classification.value({ logits: scaled(logits, x) }, truth));
    const regressed = slope((x) => alone.regression.value({ ab: scaled(ab, x) }, truth));

    expect(Math.abs(classified)).toBeGreaterThan(0.01);
    expect(Math.abs(regressed)).toBeGreaterThan(0.01);
    expect(joint).toBeCloseTo(classified + 3 * regressed, 4);
  });

  test.each(['classification', 'regression'] as const)('colours pictures by its %s head', (decodeFrom) => {
    const { loss, alone } = losses({ decodeFrom });
    const [ab, logits] = predictions();

    expect([...loss.decode({ ab, logits }).dataSync()]).toEqual([
      ...alone[decodeFrom].decode({ ab, logits }).dataSync(),
    ]);
  });

  test('keeps nothing when disposed', () => {
    const before = tf.memory().numTensors;
    losses({}).dispose();

    expect(tf.memory().numTensors).toBe(before);
  });
});

const truth = tf.tensor4d(
  Array.from({ length: 128 }, (_, index) => 128 + ((index * 37) % 61) - 30),
  [1, 8, 8, 2],
  'int32',
);

function losses(options: Partial<CombinedRecipe>) {
  const model = { imageSize: 8 };
  const regression = plainRegression;
  const classification = { ...plainClassification, binGridSize: 40 };
  const loss = makeLoss({
    model,
    loss: {
      type: 'combined',
      regression,
      classification,
      regressionWeight: 10,
      decodeFrom: 'classification',
      ...options,
    },
  });
  const alone = {
    regression: makeLoss({ model, loss: regression }),
    classification: makeLoss({ model, loss: classification }),
  };
  const dispose = () => [loss, alone.regression, alone.classification].forEach((one) => one.dispose());
  return { loss, alone, dispose };
}

const predictions = (): [ab: tf.Tensor4D, logits: tf.Tensor4D] => [
  tf.randomNormal([1, 8, 8, 2], 0, 1, 'float32', 3),
  tf.randomNormal([1, 2, 2, 23], 0, 3, 'float32', 4),
];
