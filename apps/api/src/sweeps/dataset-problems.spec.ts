import { type DatasetVersion, DomainError } from '@chromatune/contracts';
import { readSpec } from '@chromatune/search';
import { describe, expect, it } from 'vitest';
import {
  datasetProblem,
  findLastBatchProblem,
  findSizeProblem,
  findWarmupProblem,
} from './dataset-problems.js';
import { plannedRuns } from './planned-runs.js';

const version = {
  name: 'photos',
  digest: 'a'.repeat(64),
  imageSize: 64,
  images: { train: 100, validation: 10, test: 10 },
} as DatasetVersion;
const specOf = (...lines: string[]) => {
  const yaml = ['name: a sweep', 'dataset: photos', ...lines, 'budget: { epochs: 1 }'].join('\n');
  const { spec, problems } = readSpec(yaml);
  if (!spec) throw new Error(problems.map(({ message }) => message).join());
  return { spec, yaml, version };
};
const problemOfRuns =
  (find: typeof findSizeProblem) =>
  (...lines: string[]) => {
    const sweep = specOf(...lines);
    return find(plannedRuns(sweep.spec, version), sweep);
  };
const sizeProblem = problemOfRuns(findSizeProblem);
/** On a dataset of other pixels. */
const sizeProblemAt = (imageSize: number, ...lines: string[]) => {
  const sweep = { ...specOf(...lines), version: { ...version, imageSize } };
  return findSizeProblem(plannedRuns(sweep.spec, version), sweep);
};

describe('image sizes beyond what was imported', () => {
  it('are refused at the place of the fixed size', () => {
    expect(sizeProblem('model:', '  imageSize: 128')).toEqual({
      path: 'model.imageSize',
      message: expect.stringContaining('128 is larger than the 64 pixels of dataset photos') as string,
      line: 4,
      column: 14,
    });
  });

  it('are refused in a list, by its largest size', () => {
    expect(sizeProblem('space:', '  imageSize: [32, 64, 96]')).toMatchObject({
      path: 'space.imageSize',
      message: expect.stringContaining('96') as string,
      line: 4,
    });
  });

  it('are fine up to the imported size, which is also the default', () => {
    expect(sizeProblem('model: { imageSize: 64 }')).toBeNull();
    expect(sizeProblem('space: { imageSize: { values: [32, 48] } }')).toBeNull();
    expect(sizeProblem()).toBeNull();
  });

  it('are refused of runs that the space leaves to the fixed size, or to the default', () => {
    const ofOne = '  imageSize: { values: [32], when: { loss: classification } }';
    const space = ['space:', '  loss: [regression, classification]', ofOne];

    expect(sizeProblem('model: { imageSize: 128 }', ...space)).toMatchObject({
      path: 'model.imageSize',
      message: expect.stringContaining('imageSize 128 is larger') as string,
      line: 3,
    });
    expect(sizeProblemAt(32, ...space)).toMatchObject({
      path: 'space.imageSize',
      message: expect.stringContaining('imageSize 64 is larger') as string,
      line: 5,
    });
  });

  it('are refused by the sizes that a distribution makes, not by its end', () => {
    const between = (max: number) =>
      `space: { imageSize: { distribution: integer, min: 32, max: ${max}, count: 2 } }`;

    expect(sizeProblem(between(79))).toBeNull();
    expect(sizeProblem(between(80))).toMatchObject({
      message: expect.stringContaining('imageSize 80') as string,
    });
  });

  it('are refused with a size that there is, or none', () => {
    expect(sizeProblemAt(50)?.message).toMatch(/Use at most 48, or import the data again with --size 64\.$/);
    expect(sizeProblemAt(31)?.message).toMatch(/dataset photos\. Import the data again with --size 64\.$/);
  });

  it('are refused without a place when the text leaves the size to its default', () => {
    const problem = sizeProblemAt(32);
    expect(problem).toMatchObject({ path: 'model.imageSize' });
    expect(problem).not.toHaveProperty('line');
  });
});

describe('a warm-up', () => {
  const warmupProblem = problemOfRuns(findWarmupProblem);

  it('longer than a run is refused at its place', () => {
    expect(warmupProblem('space:', '  batchSize: [10, 30]', 'training: { warmupSteps: 5 }')).toEqual({
      path: 'training.warmupSteps',
      message: expect.stringMatching(
        /^With batchSize 30 a run has 4 steps on dataset photos, so it would end during its 5 warmupSteps/,
      ) as string,
      line: 5,
      column: 26,
    });
    expect(warmupProblem('space: { warmupSteps: [0, 1000] }')).toMatchObject({
      path: 'space.warmupSteps',
      line: 3,
    });
  });

  it('as long as a run, or none, is fine', () => {
    expect(warmupProblem('training: { warmupSteps: 4, batchSize: 30 }')).toBeNull();
    expect(warmupProblem('training: { batchSize: 30 }')).toBeNull();
  });
});

describe('an unknown dataset', () => {
  it('is told at its line, with what to do', () => {
    const { yaml } = specOf();
    const error = new DomainError('dataset_not_found', 404, 'There is no dataset photos.', {
      remedy: 'There are: kaggle.',
    });
    expect(datasetProblem(error, yaml)).toEqual({
      path: 'dataset',
      message: 'There is no dataset photos. There are: kaggle.',
      line: 2,
      column: 10,
    });
  });
});

describe('a last batch of one image', () => {
  const lastBatchProblem = problemOfRuns(findLastBatchProblem);

  it('is refused where conv5 leaves one pixel of it', () => {
    expect(lastBatchProblem('space: { batchSize: [4, 3] }', 'model: { cut: conv5, imageSize: 32 }')).toEqual({
      path: 'model.cut',
      message: expect.stringMatching(
        /^With batchSize 3, an epoch over the 100 training images of dataset photos ends with a single image\./,
      ) as string,
      line: 4,
      column: 15,
    });
    expect(
      lastBatchProblem(
        'model: { imageSize: 32 }',
        'space: { cut: [conv4, conv5] }',
        'training: { batchSize: 9 }',
      ),
    ).toMatchObject({ path: 'space.cut' });
    expect(
      lastBatchProblem('model: { cut: conv5, imageSize: 32 }', 'training: { batchSize: 6, microBatch: 3 }'),
    ).toMatchObject({
      message: expect.stringMatching(/^With batchSize 6 and microBatch 3, an epoch/) as string,
    });
  });

  it.each([
    ['an earlier cut', 'model: { cut: conv4, imageSize: 32 }', 'training: { batchSize: 3 }'],
    ['larger images', 'model: { cut: conv5, imageSize: 64 }', 'training: { batchSize: 3 }'],
    [
      'frozen batch norm',
      'model: { cut: conv5, imageSize: 32, batchNorm: frozen }',
      'training: { batchSize: 3 }',
    ],
    ['two images', 'model: { cut: conv5, imageSize: 32 }', 'training: { batchSize: 7 }'],
    ['no rest', 'model: { cut: conv5, imageSize: 32 }', 'training: { batchSize: 10 }'],
  ])('is fine with %s', (_what, ...lines) => {
    expect(lastBatchProblem(...lines)).toBeNull();
  });
});
