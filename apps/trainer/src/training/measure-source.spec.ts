import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Batch } from '@chromatune/models';
import { imageMeasureNames, imageMeasurer } from '@chromatune/models/measures';
import { stream } from '@chromatune/random';
import { expect, test } from 'vitest';
import { compiled } from '../testing/world.js';
import { paintedImage } from './measure-pictures.js';
import { measuresHere, MeasureThreads } from './measure-source.js';

const size = 16;
const options = { size, weights: new Float64Array(65_536).map((_, color) => 1 + (color % 7)) };

test.each([1, 2, 3])('%i threads measure what the main thread does, image by image', async (threads) => {
  const measures = startThreads(threads);
  const batches = [7, 1, 2].map((images, seed) => picturesOf(images, seed));

  const [here, there] = await Promise.all(
    [measuresHere(options), measures].map((source) =>
      Promise.all(batches.map(({ batch, predicted }) => source.measure(batch, predicted))),
    ),
  );

  expect(there).toEqual(here);
  expect(there!.map(({ length }) => length / imageMeasureNames.length)).toEqual([7, 1, 2]);
  await measures.close();
});

test('pictures are measured as people see them, with the bytes that samples are painted with', async () => {
  const { batch, predicted } = picturesOf(3, 1);
  const { measurePainted } = imageMeasurer(size, options.weights);

  const measures = await measuresHere(options).measure(batch, predicted);

  for (let image = 0; image < 3; image++) {
    const painted = measurePainted(paintedImage(batch, predicted, image));
    const count = imageMeasureNames.length;
    expect(measures.subarray(image * count, (image + 1) * count)).toEqual(painted);
  }
});

test('the pictures can still be used by who had them measured', async () => {
  const measures = startThreads(2);
  const { batch, predicted } = picturesOf(3, 1);
  await measures.measure(batch, predicted);

  expect(batch).toEqual(picturesOf(3, 1).batch);
  expect(predicted).toEqual(picturesOf(3, 1).predicted);
  await measures.close();
});

test('an error of a thread is thrown to who waits', async () => {
  const measures = startThreads(1);
  const { batch, predicted } = picturesOf(1, 1);

  await expect(measures.measure({ ...batch, size: 8 }, predicted)).rejects.toThrow(/16 x 16 pixels/);
  await measures.close();
});

const startThreads = (threads: number) =>
  new MeasureThreads(threads, options, pathToFileURL(join(compiled, 'training/measure-thread.js')), {
    execArgv: [], // not those of the test runner, with which it would look for sources
  });

function picturesOf(images: number, seed: number): { batch: Batch; predicted: Float32Array } {
  const random = stream(seed, 'measured pictures');
  const bytes = (length: number) => Uint8Array.from({ length }, () => random.integer(256));
  const pixels = images * size ** 2;
  const batch = { l: bytes(pixels), ab: bytes(pixels * 2), images, size };
  return { batch, predicted: Float32Array.from({ length: pixels * 2 }, () => random.integer(200) - 100) };
}
