import type { Run, Sample } from '@chromatune/contracts';
import { describe, expect, it } from 'vitest';
import { runSource, sampledImages, stripsAround } from './sample-sources.js';

const run = { id: 's1-0', label: 'regression' } as Run;

describe('runSource', () => {
  it('shows the chosen epoch, else the newest one before it and says which', () => {
    const samples = [sampleAt(2), sampleAt(4)];

    expect(runSource(run, samples, 4)).toMatchObject({ epoch: 4, strip: '/api/runs/s1-0/samples/1/4.png' });
    expect(runSource(run, samples, 3).epoch).toBe(2);
    expect(runSource(run, samples, 9).epoch).toBe(4);
  });

  it('shows the first sample before there was any', () => {
    expect(runSource(run, [sampleAt(5)], 1).epoch).toBe(5);
  });

  it('has nothing to show for a run without samples', () => {
    expect(runSource(run, [], 3)).toMatchObject({ strip: null, epoch: null });
  });

  it('finds the tile and the error of a photograph by its index in the dataset', () => {
    const source = runSource(run, [sampleAt(1, [7, 2])], 1);

    expect(source.tileOf(2)).toBe(1);
    expect(source.errorOf(2)).toBe(2.5);
    expect(source.tileOf(3)).toBeNull();
    expect(source.errorOf(3)).toBeNull();
  });
});

it('shows each photograph once, in the order of the dataset', () => {
  expect(sampledImages([[sampleAt(1, [3, 0])], [sampleAt(1, [0, 1])], []])).toEqual([0, 1, 3]);
});

it('fetches the nearest epochs ahead, each strip once', () => {
  const samples = [1, 2, 3].map((epoch) => sampleAt(epoch));

  const urls = stripsAround([run], [samples], 2);

  expect(urls.slice(0, 2)).toEqual(['/api/runs/s1-0/samples/1/3.png', '/api/runs/s1-0/samples/1/1.png']);
  expect(new Set(urls).size).toBe(urls.length);
});

function sampleAt(epoch: number, images: number[] = [0, 1]): Sample {
  return {
    runId: 's1-0',
    attempt: 1,
    epoch,
    step: epoch * 10,
    key: 'k',
    tileSize: 128,
    images: images.map((image) => ({ image, abRmse: image + 0.5 })),
    at: '2026-03-01T10:00:00Z',
  };
}
