import { type DatasetVersion, DomainError } from '@chromatune/contracts';
import { readSpec } from '@chromatune/search';
import { describe, expect, it } from 'vitest';
import { datasetProblem, findSizeProblem } from './dataset-problems.js';

const version = { name: 'photos', imageSize: 64 } as DatasetVersion;
const specOf = (...lines: string[]) => {
  const yaml = ['name: a sweep', 'dataset: photos', ...lines, 'budget: { epochs: 1 }'].join('\n');
  const { spec, problems } = readSpec(yaml);
  if (!spec) throw new Error(problems.map(({ message }) => message).join());
  return { spec, yaml };
};
const sizeProblem = (...lines: string[]) => {
  const { spec, yaml } = specOf(...lines);
  return findSizeProblem(spec, version, yaml);
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

  it('are refused without a place when the text leaves the size to its default', () => {
    const { spec, yaml } = specOf();
    const problem = findSizeProblem(spec, { ...version, imageSize: 32 }, yaml);
    expect(problem).toMatchObject({ path: 'model.imageSize' });
    expect(problem).not.toHaveProperty('line');
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
