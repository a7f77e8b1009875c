import { plainClassification, plainModel, plainRegression, type Recipe } from '@chromatune/contracts';
import { encodePicture, enlargeAb, lightnessAt, openPhoto, srgbToLab } from '@chromatune/data';
import { buildNetwork, makeLoss, predictAb, stateOfTensors, type StateTensor } from '@chromatune/models';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadEngine } from '../engine.js';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { colorizePhoto, forDecoding, loadNetwork, type PhotoWork } from './colorize-photo.js';

const classification: Recipe['loss'] = { ...plainClassification, binGridSize: 20 };
const regression: Recipe['loss'] = { ...plainRegression, outputActivation: 'sigmoid' };
const combined: Recipe['loss'] = {
  type: 'combined',
  regression,
  classification,
  regressionWeight: 1,
  decodeFrom: 'classification',
};

beforeAll(async () => {
  await loadEngine('auto', { threads: 1 });
});

describe('a photograph', () => {
  it.each([
    ['regression', regression],
    ['classification', classification],
  ] as const)(
    'keeps its lightness at full size and takes the colours that the network predicts (%s)',
    async (_name, loss) => {
      const recipe = recipeOf(loss);
      const photo = await greyPhoto(150, 100);

      const painted = await openPhoto(await colorize(recipe, { photo, temperature: null, format: 'png' }));

      const { l } = srgbToLab((await openPhoto(photo)).rgb, 150 * 100);
      const { l: paintedL, ab } = srgbToLab(painted.rgb, 150 * 100);
      expect([painted.width, painted.height]).toEqual([150, 100]);
      expect(meanDifference(paintedL, l)).toBeLessThan(1);
      const predicted = await predictedAb(recipe, photo);
      expect(meanDifference(ab, predicted)).toBeLessThan(2);
      expect(meanDifference(ab, new Float32Array(ab.length))).toBeGreaterThan(3); // it is not grey
    },
  );

  it('is coloured alike whether it was grey or in colour', async () => {
    const recipe = recipeOf(regression);
    const options = { temperature: null, format: 'png' } as const;

    const first = await colorize(recipe, { ...options, photo: await greyPhoto(64, 64) });
    const again = await colorize(recipe, { ...options, photo: first });

    const [one, two] = [await openPhoto(first), await openPhoto(again)];
    expect(meanDifference(one.rgb, two.rgb)).toBeLessThan(4);
  });

  it('comes back with its transparency, coloured below it', async () => {
    const opaque = await openPhoto(await greyPhoto(64, 48));
    const alpha = new Uint8Array(64 * 48).fill(255, 32 * 64).fill(7, 0, 32 * 64);
    const photo = await encodePicture({ ...opaque, alpha }, 'png');

    const painted = await openPhoto(
      await colorize(recipeOf(regression), { photo, temperature: null, format: 'png' }),
    );

    expect(painted.alpha).toEqual(alpha);
    const { l } = srgbToLab(opaque.rgb, 64 * 48);
    const { l: paintedL, ab } = srgbToLab(painted.rgb, 64 * 48);
    expect(meanDifference(paintedL, l)).toBeLessThan(1);
    expect(meanDifference(ab, new Float32Array(ab.length))).toBeGreaterThan(3); // it is not grey
  });

  it('is decoded at another temperature when asked to', async () => {
    const recipe = recipeOf(classification);
    const photo = await greyPhoto(48, 48);
    const at = (temperature: number | null) => colorize(recipe, { photo, temperature, format: 'png' });

    expect(await at(0.38)).toEqual(await at(null));
    expect(await at(2)).not.toEqual(await at(null));
  });

  it('leaves no tensor behind', async () => {
    const recipe = recipeOf(classification);
    const photo = await greyPhoto(40, 30);
    const before = tf.memory().numTensors;

    await colorize(recipe, { photo, temperature: null, format: 'jpeg' });

    expect(tf.memory().numTensors).toBe(before);
  });
});

it('needs no statistics of the training split to decode, whatever it was trained with', () => {
  const rebalanced = {
    ...plainClassification,
    rebalancing: { type: 'paper', lambda: 0.5, sigma: 5 },
  } as const;

  expect(forDecoding(rebalanced, null)).toEqual(plainClassification);
  expect(forDecoding({ ...combined, classification: rebalanced }, 0.2)).toEqual({
    ...combined,
    classification: { ...plainClassification, decoding: { type: 'annealed-mean', temperature: 0.2 } },
  });
  expect(forDecoding(regression, null)).toBe(regression);
});

const recipeOf = (loss: Recipe['loss']): Recipe =>
  tinyRecipe(makeTinyDataset(), {
    model: { ...plainModel, encoder: 'resnet18', width: 0.125, imageSize: 32, cut: 'conv3' },
    loss,
  });

async function colorize(recipe: Recipe, work: PhotoWork): Promise<Uint8Array> {
  const network = loadNetwork(recipe, stateOfTensors(tensorsOf(recipe)));
  try {
    return await colorizePhoto(network, recipe, work);
  } finally {
    network.dispose();
  }
}

/** Of an untrained network, whose colours are far from grey all the same. */
function tensorsOf(recipe: Recipe): StateTensor[] {
  const network = buildNetwork(recipe, 5);
  const state = [...network.variables, ...network.statistics].map(({ name, variable }) => ({
    name,
    shape: [...variable.shape],
    data: name.endsWith('bias')
      ? new Float32Array(variable.size).map((_, index) => (index % 7) / 4 - 0.5)
      : Float32Array.from(variable.dataSync()),
  }));
  network.dispose();
  return state;
}

/** What the network makes of the photograph, at its full size. */
async function predictedAb(recipe: Recipe, photo: Uint8Array): Promise<Float32Array> {
  const picture = await openPhoto(photo);
  const sides = { width: 48, height: 32 };
  const network = buildNetwork(recipe, 1);
  const loss = makeLoss(recipe);
  const state = new Map(tensorsOf(recipe).map((tensor) => [tensor.name, tensor]));
  for (const { name, variable } of [...network.variables, ...network.statistics]) {
    variable.assign(tf.tensor(state.get(name)!.data, variable.shape));
  }
  const ab = predictAb(network, loss, await lightnessAt(picture, sides), { images: 1, ...sides });
  network.dispose();
  loss.dispose();
  return enlargeAb(ab, { from: sides, to: picture });
}

/** A soft slope of mid greys, where every colour of low chroma can be shown. */
function greyPhoto(width: number, height: number): Promise<Uint8Array> {
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb.fill(110 + (40 * (pixel % width)) / width, pixel * 3, pixel * 3 + 3);
  }
  return encodePicture({ rgb, width, height }, 'png');
}

const meanDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (value, index) => Math.abs(value - b[index]!)).reduce((sum, one) => sum + one, 0) / a.length;
