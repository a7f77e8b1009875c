import { type Environment, type SweepSpecInput, sweepSpec } from '@chromatune/contracts';
import { memoryShape } from '@chromatune/models/describe';
import { expect, it } from 'vitest';
import { forecastSweep } from './memory-forecasts.js';
import { plannedRuns } from './planned-runs.js';

const environment: Environment = {
  engine: 'native',
  engineVersion: 'tensorflow 2.21.0',
  device: 'cpu',
  threads: 2,
  deterministic: true,
  codeVersion: 'spec',
};
const trainer = { id: 'one', memoryBytes: 16e9, slots: 2, online: true, pool: 'default', environment };
const resnet152 = { model: { encoder: 'resnet152', imageSize: 224 }, training: { batchSize: 128 } };

it('says how a network that breaks down at once will run, as an estimate', async () => {
  const [forecast, ...others] = await forecastsOf(resnet152);

  expect(others).toEqual([]);
  expect(forecast!.atOnceBytes).toBeGreaterThan(27e9);
  expect(forecast!.bytes).toBeLessThanOrEqual(7.2e9);
  expect(forecast!.isMeasured).toBe(false);
  expect(forecast!.text).toMatch(
    /^resnet152 at batch 128 needs about \d\d GB: will run as about \d+ micro-batches of \d+\.$/,
  );
});

it('corrects it by what the trainer has measured, as the trainer will', async () => {
  const [estimate] = await forecastsOf(resnet152);
  const [measured] = await forecastsOf(resnet152, [trainer], { one: 1.2 });

  expect(measured!.atOnceBytes).toBeCloseTo(1.2 * estimate!.atOnceBytes, -3);
  expect(measured!.pieces).toBeGreaterThan(estimate!.pieces);
  expect(measured!.bytes).toBeLessThanOrEqual(7.2e9);
  expect(measured!.text).toMatch(
    /^resnet152 at batch 128 needs \d\d GB: will run as \d+ micro-batches of \d+\.$/,
  );
  expect(await forecastsOf(resnet152, [trainer], { other: 1.2 })).toEqual([estimate]);
});

it('speaks once of runs that differ in nothing that takes memory, first of those that need most', async () => {
  const forecasts = await forecastsOf({
    space: { learningRate: [1e-3, 1e-4], encoder: ['resnet18', 'resnet34'] },
  });

  expect(forecasts.map(({ runs }) => runs)).toEqual([2, 2]);
  expect(forecasts[0]!.text).toMatch(/^resnet34 at batch 32 needs about .* GB: fits\.$/);
});

it('looks at all runs, however late a network comes', async () => {
  const learningRate = Array.from({ length: 25 }, (_, i) => 1e-4 * (i + 1));
  const { training, model } = resnet152;
  const forecasts = await forecastsOf({
    model: { imageSize: model.imageSize },
    training,
    space: { encoder: ['resnet18', 'resnet152'], learningRate },
  });

  expect(forecasts.map(({ runs, text }) => [runs, text.split(' ')[0]])).toEqual([
    [25, 'resnet152'],
    [25, 'resnet18'],
  ]);
});

it('needs little time for the thousand runs that a sweep may have', async () => {
  const startedAt = process.cpuUsage().user;

  const forecasts = await forecastsOf({
    budget: { epochs: 1, runs: 1000 },
    search: { method: 'random', seed: 1 },
    space: {
      encoder: ['resnet18', 'resnet50', 'resnet152', 'vgg16'],
      width: { distribution: 'uniform', min: 0.25, max: 1 },
      imageSize: [64, 128, 224],
      batchSize: [16, 32, 64, 128],
      learningRate: { distribution: 'logUniform', min: 1e-4, max: 1e-1 },
      loss: ['regression', 'classification', 'combined'],
    },
  });

  expect(forecasts.reduce((sum, { runs }) => sum + runs, 0)).toBe(1000);
  expect((process.cpuUsage().user - startedAt) / 1e6).toBeLessThan(20); // 1 s, or 5 beside other work; minutes if all were built
});

it('says once what alike runs need, of the one that needs most', async () => {
  const adaptations = ['new', 'mean', 'replicate-normalised'] as const;
  const model = { encoder: 'resnet18', width: 0.25, imageSize: 32 };
  const [forecast, ...others] = await forecastsOf({ model, space: { inputAdaptation: [...adaptations] } });
  const each = await Promise.all(
    adaptations.map(
      async (inputAdaptation) => (await forecastsOf({ model: { ...model, inputAdaptation } }))[0]!,
    ),
  );

  expect(others).toEqual([]);
  expect(forecast!.runs).toBe(3);
  expect(forecast!.bytes).toBe(Math.max(...each.map(({ bytes }) => bytes)));
  expect(forecast!.text).toMatch(/^resnet18 at batch 32 needs/);
});

it('names what tells networks of one encoder and batch apart, numbers as a range', async () => {
  const model = { encoder: 'resnet18', imageSize: 64, headResolution: 'full' as const };
  const space = { loss: ['regression', 'classification'], binGridSize: [5, 10, 20], seed: [1, 2] };
  const networks = { model, training: { batchSize: 64 }, space };
  const asEstimated = await forecastsOf(networks);
  const partlyMeasured = await forecastsOf(networks, [trainer], { one: 1 }); // the first network

  for (const forecasts of [asEstimated, partlyMeasured]) {
    expect(forecasts.map(({ runs, text }) => [runs, text])).toEqual([
      [
        2,
        expect.stringMatching(
          /^resnet18, classification, grid 5, at batch 64 needs about \d\.\d GB: will run as about 2 .* of 32\.$/,
        ),
      ],
      [
        4,
        expect.stringMatching(
          /^resnet18, classification, grid 10 to 20, at batch 64 needs about \d\.\d to \d\.\d GB: fits\.$/,
        ),
      ],
      [2, expect.stringMatching(/^resnet18, regression, at batch 64 needs (about )?0\.\d GB: fits\.$/)],
    ]);
  }
});

it('goes by the smallest slot that is online', async () => {
  const large = { model: { imageSize: 224 }, training: { batchSize: 64 } };
  const piecesOn = async (...trainers: (typeof trainer)[]) => (await forecastsOf(large, trainers))[0]!.pieces;

  expect(await piecesOn({ ...trainer, slots: 8 }, trainer)).toBeGreaterThan(await piecesOn(trainer));
  expect(await piecesOn({ ...trainer, slots: 8, online: false }, trainer)).toBe(await piecesOn(trainer));
});

it('forecasts no larger a batch than the dataset fills, and says so', async () => {
  const ofBatch = async (batchSize: number, photographs?: number) => {
    const change = { ...resnet152, training: { batchSize } };
    const forecasts = await forecastsOf(change, [trainer], {}, photographs);
    return forecasts[0]!;
  };

  const { text, ...filled } = await ofBatch(512, 40);
  const { text: textOfForty, ...ofForty } = await ofBatch(40);
  expect(filled).toEqual(ofForty);
  expect(text).toBe(textOfForty.replace('at batch 40', 'at batch 512 (the dataset fills 40)'));
  expect((await ofBatch(512)).atOnceBytes).toBeGreaterThan(10 * (await ofBatch(40)).atOnceBytes);
});

it('keeps a micro-batch that was asked for, and says when it does not fit', async () => {
  const asked = { model: { imageSize: 224 }, training: { batchSize: 64, microBatch: 64 } };
  const [forecast] = await forecastsOf(asked, [{ ...trainer, memoryBytes: 3e9 }]);
  const [inPieces] = await forecastsOf({ ...asked, training: { batchSize: 64, microBatch: 8 } });

  expect(forecast).toMatchObject({ microBatch: 64, pieces: 1, fits: false });
  expect(forecast!.text).toMatch(
    /: 64 at a time need about .* a slot has 1\.4 GB\. Use microBatch \d+, or 0 for automatic\.$/,
  );
  expect(inPieces!.text).toContain('will run as 8 micro-batches of 8.');
});

it('says when not even one image at a time fits, and what would', async () => {
  const [forecast] = await forecastsOf({}, [{ ...trainer, memoryBytes: 1e9 }]);

  expect(forecast!.text).toMatch(/: even 1 at a time need about .* Use a smaller network or image size, or/);
});

it('says that nobody is there to run it', async () => {
  expect((await forecastsOf({}, []))[0]!.text).toContain('no trainer is online');
});

it.each([
  ['resnet18', 64, /needs about \d\.\d GB/],
  ['resnet152', 128, /needs about \d\d GB/],
  ['resnet152', 1024, /needs about \d\d\d GB/],
] as const)(
  'writes what %s at batch %i needs as people write gigabytes',
  async (encoder, batchSize, words) => {
    const model = { encoder, imageSize: encoder === 'resnet18' ? 64 : 224 };
    const [forecast] = await forecastsOf({ model, training: { batchSize } });

    expect(forecast!.text).toMatch(words);
  },
);

/** With what each trainer, by its id, has measured of the first run's network. */
async function forecastsOf(
  change: Partial<SweepSpecInput>,
  trainers = [trainer],
  measured: Record<string, number> = {},
  train = 5000,
) {
  const spec = sweepSpec.parse({ name: 'a', dataset: 'photos', budget: { epochs: 1 }, ...change });
  const runs = plannedRuns(spec, { name: 'photos', digest: 'a'.repeat(64) });
  const first = memoryShape(runs[0]!.recipe, environment);
  const find = async (id: string) => new Map(measured[id] ? [[first, measured[id]]] : []);
  const dataset = { images: { train, validation: 500, test: 500 } };
  return forecastSweep(runs, { dataset, trainers, corrections: { find } });
}
