import { plainAdam, plainModel, plainRegression, plainTraining, type Recipe } from '@chromatune/contracts';
import {
  type Batch,
  buildNetwork,
  byName,
  inMemory,
  makeLoss,
  type State,
  type Step,
} from '@chromatune/models';
import { stream } from '@chromatune/random';
import { createHash } from 'node:crypto';
import type { Engine } from '../engine.js';

const imageSize = 32;
/** Batch norm needs more than one. */
const imagesPerStep = 2;

/** The first stages of a narrow ResNet-18 on small pictures, and what is to be different. */
export function startTraining({ createStep }: Engine, change: Partial<Recipe>, seed = 1): Step {
  const recipe = {
    ...plainTraining,
    model: { ...plainModel, encoder: 'resnet18', cut: 'conv2', width: 0.125, imageSize },
    loss: plainRegression,
    optimizer: plainAdam,
    epochs: 10,
    ...change,
  } satisfies Partial<Recipe>;
  const loss = makeLoss(recipe, { abCounts: countColors(pictures(8, 0)) });
  const expected = { train: [pictures(imagesPerStep, 0)], evaluate: [] };
  return createStep(buildNetwork(recipe, seed), loss, recipe, { stepsPerEpoch: 2, expected });
}

/** Trains from the `from`-th step on, and returns the losses. */
export async function takeSteps(
  step: Step,
  { from = 0, count, images = imagesPerStep }: { from?: number; count: number; images?: number },
) {
  const losses: number[] = [];
  for (let i = from; i < from + count; i++) {
    losses.push((await step.run(pictures(images, i))).loss);
  }
  return losses;
}

/** Blocks of 8 x 8 pixels in eight colours; which one follows from the lightness. */
function pictures(images: number, seed: number): Batch {
  const random = stream(seed, 'exactness');
  const l = new Uint8Array(images * imageSize ** 2);
  const ab = new Uint8Array(l.length * 2);
  for (let row = 0; row < images * imageSize; row += 8) {
    for (let column = 0; column < imageSize; column += 8) {
      const kind = random.integer(colors.length);
      for (let i = 0; i < 64; i++) {
        const pixel = (row + (i >> 3)) * imageSize + column + (i & 7);
        l[pixel] = 30 + 25 * kind + random.integer(20);
        ab.set(colors[kind]!, 2 * pixel);
      }
    }
  }
  return { l, ab, images, size: imageSize };
}
const colors = [[128, 128], [158, 168], [120, 88], [96, 150], [180, 140], [128, 190], [140, 60], [110, 118]]; // prettier-ignore

/** How often each 8-bit colour occurs, at a * 256 + b. */
function countColors({ ab }: Batch): Float64Array {
  const counts = new Float64Array(256 * 256);
  for (let i = 0; i < ab.length; i += 2) counts[ab[i]! * 256 + ab[i + 1]!]! += 1;
  return counts;
}

/** SHA-256 of names and bits. */
export function digestOf(state: State): string {
  const hash = createHash('sha256');
  const inOrder = [...inMemory(state).tensors].sort(byName);
  for (const { name, data } of inOrder) {
    hash.update(name).update(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** Norm of the difference of all weights over their norm; the optimizer's slots do not count. */
export function distance(ours: State, theirs: State): number {
  let [difference, whole] = [0, 0];
  for (const { name } of ours.tensors.filter((tensor) => /^(encoder|decoder)\//.test(tensor.name))) {
    const [data, other] = [ours.read(name), theirs.read(name)];
    data.forEach((value, i) => {
      difference += (value - other[i]!) ** 2;
      whole += value ** 2;
    });
  }
  return Math.sqrt(difference / whole);
}
