import { readFileSync } from 'node:fs';
import type { Assignment, Recipe } from '@chromatune/contracts';
import { makeLoss, type Step } from '@chromatune/models';
import { chooseMicroBatch, correctionOf, forecastMemory } from '@chromatune/models/describe';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeTinyDataset, tinyRecipe } from '../testing/tiny-dataset.js';
import { decideMicroBatch, type MicroBatchOptions } from './choose-micro-batch.js';

const dataset = makeTinyDataset();
const tiny = tinyRecipe(dataset);
/** 38 MB an image, so that the size of a micro-batch decides. */
const recipe = tinyRecipe(dataset, { model: { ...tiny.model, width: 0.5, imageSize: 224 }, batchSize: 64 });
const between = (images: number, correction = 1) => {
  const [one, more] = [images, images + 1].map(
    (n) => forecastMemory(recipe, { images: n, correction }).bytes,
  );
  return (one! + more!) / 2;
};

let probed: number[];
let said: string[];
beforeEach(() => {
  probed = [];
  said = [];
});

describe('the micro-batch', () => {
  it.each([
    [64, 64, []],
    [32, 32, ['2 micro-batches of 32']],
    [31, 22, ['3 micro-batches of 22']],
    [20, 16, ['4 micro-batches of 16']],
    [1, 1, ['64 micro-batches of 1']],
  ])(
    'of 64 images where %i fit at once is %i, no larger than so few pieces need be',
    async (fit, expected, words) => {
      for (const correction of [1, 1.4]) {
        said = [];
        expect(await decide({ limitBytes: between(fit, correction), correction })).toBe(expected);
        expect(said).toEqual(words.map((text) => expect.stringContaining(text)));
      }
      expect(probed).toEqual([]);
    },
  );

  it('is one image, with a warning, where not even that fits', async () => {
    expect(await decide({ limitBytes: 1e8, correction: 1 })).toBe(1);
    expect(said).toEqual([expect.stringContaining('Even one image at a time')]);
  });

  it('is what the recipe says, or what an earlier attempt had, whatever the memory', async () => {
    const memory = { limitBytes: 1e8, correction: null };

    expect(await decide(memory, { recipe: { ...recipe, microBatch: 5 }, microBatch: 7 })).toBe(5);
    expect(await decide(memory, { microBatch: 7 })).toBe(7);
    expect(probed).toEqual([]);
  });

  it('follows from what two steps of a smaller batch took, where its shape was never measured', async () => {
    const limitBytes = between(40);
    const { images } = chooseMicroBatch(recipe, 0.4 * limitBytes);

    const decided = await decide({ limitBytes, correction: null });

    expect(probed).toEqual([images, images]);
    const correction = correctionOf({ ...recipe, batchSize: images }, images, peakBytes());
    expect(decided).toBe(chooseMicroBatch(recipe, limitBytes, correction).images);
    expect(decided).not.toBe(chooseMicroBatch(recipe, limitBytes).images);
  });

  it('follows from what a dataset that fills no batch has, and is the whole batch where that fits', async () => {
    const memory = { limitBytes: between(20), correction: 1 };

    expect(await decide(memory, { images: 20 })).toBe(64);
    expect(said).toEqual([]);
    expect(await decide(memory, { images: 29 })).toBe(15);
    expect(said).toEqual([expect.stringMatching(/^A batch of 29 at once .* 2 micro-batches of 15\.$/)]);
  });

  it('is not probed far from the limit, nor on an engine whose memory is not the process’s', async () => {
    expect(await decide({ limitBytes: 3 * between(64), correction: null })).toBe(64);
    expect(await decide({ limitBytes: between(20), correction: null }, {}, 'portable')).toBe(16);
    expect(probed).toEqual([]);
  });
});

/** On an engine whose steps only tell how many images they were given. */
function decide(
  memory: Assignment['memory'],
  { images = 1000, ...change }: { recipe?: Recipe; microBatch?: number; images?: number } = {},
  name: MicroBatchOptions['engine']['name'] = 'native',
): Promise<number> {
  const step = {
    run: async ({ images }: { images: number }) => {
      probed.push(images);
      return { loss: 1, gradientNorm: 1 };
    },
    dispose: () => undefined,
  } as Partial<Step> as Step;
  const manifest = { ...dataset.manifest, images: { ...dataset.manifest.images, train: images } };
  return decideMicroBatch({
    assignment: { recipe, manifest, microBatch: null, ...change, memory } as Assignment,
    engine: { name, createStep: () => step },
    loss: makeLoss(recipe, { abCounts: new Float64Array(256 * 256) }),
    say: (_level, message) => said.push(message),
  });
}

/** Since the probe began: nothing has made the kernel forget it. */
const peakBytes = () =>
  1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
