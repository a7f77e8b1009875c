import { sweepSpec, type SweepSpecInput } from '@chromatune/contracts';
import { expect, it } from 'vitest';
import { forecastSweep } from './memory-forecasts.js';

const dataset = { name: 'photos', digest: 'a'.repeat(64) };
const trainer = { memoryBytes: 16e9, slots: 2, online: true, pool: 'default' };

it('says how a network that breaks down at once will run', () => {
  const [forecast, ...others] = forecastSweep(
    spec({ model: { encoder: 'resnet152', imageSize: 224 }, training: { batchSize: 128 } }),
    dataset,
    [trainer],
  );

  expect(others).toEqual([]);
  expect(forecast!.atOnceBytes).toBeGreaterThan(27e9);
  expect(forecast!.bytes).toBeLessThanOrEqual(7.2e9);
  expect(forecast!.text).toMatch(
    /^resnet152 at batch 128 needs \d\d GB: will run as \d+ micro-batches of \d+\.$/,
  );
});

it('speaks once of runs that differ in nothing that takes memory', () => {
  const forecasts = forecastSweep(
    spec({ space: { learningRate: [1e-3, 1e-4], encoder: ['resnet18', 'resnet34'] } }),
    dataset,
    [trainer],
  );

  expect(forecasts.map(({ runs }) => runs)).toEqual([2, 2]);
  expect(forecasts[0]!.text).toMatch(/^resnet18 at batch 32 needs .* GB: fits\.$/);
});

it('says the same words once, of the network that needs most', () => {
  const losses = ['regression', 'classification', 'combined'] as const;
  const model = { encoder: 'resnet18', width: 0.25, imageSize: 32 };
  const [forecast, ...others] = forecastSweep(spec({ model, space: { loss: [...losses] } }), dataset, [
    trainer,
  ]);
  const each = losses.map(
    (loss) => forecastSweep(spec({ model, training: { loss } }), dataset, [trainer])[0]!,
  );

  expect(others).toEqual([]);
  expect(forecast!.runs).toBe(3);
  expect(forecast!.bytes).toBe(Math.max(...each.map(({ bytes }) => bytes)));
});

it('goes by the smallest slot that is online', () => {
  const large = spec({ model: { imageSize: 224 }, training: { batchSize: 64 } });
  const piecesOn = (...trainers: (typeof trainer)[]) => forecastSweep(large, dataset, trainers)[0]!.pieces;

  expect(piecesOn({ ...trainer, slots: 8 }, trainer)).toBeGreaterThan(piecesOn(trainer));
  expect(piecesOn({ ...trainer, slots: 8, online: false }, trainer)).toBe(piecesOn(trainer));
});

it('keeps a micro-batch that was asked for, and says when it does not fit', () => {
  const [forecast] = forecastSweep(
    spec({ model: { imageSize: 224 }, training: { batchSize: 64, microBatch: 64 } }),
    dataset,
    [{ ...trainer, memoryBytes: 3e9 }],
  );

  expect(forecast).toMatchObject({ microBatch: 64, pieces: 1, fits: false });
  expect(forecast!.text).toContain('even 64 at a time need');
});

it('says that nobody is there to run it', () => {
  expect(forecastSweep(spec({}), dataset, [])[0]!.text).toContain('no trainer is online');
});

const spec = (change: Partial<SweepSpecInput>) =>
  sweepSpec.parse({ name: 'a', dataset: 'photos', budget: { epochs: 1 }, ...change });
