import { expect, it } from 'vitest';
import { sweepSpecJsonSchema } from './index.js';

it('tells editors the meaning, the limits and the default of a parameter', () => {
  const schema = sweepSpecJsonSchema();

  const training = schema.properties?.['training']?.properties;
  expect(training?.['binGridSize']).toEqual({
    type: 'integer',
    minimum: 5,
    maximum: 40,
    default: 10,
    description: 'Side of a colour bin in ab units (classification only).',
  });
});

it('offers every parameter in the space, words only as lists', () => {
  const space = sweepSpecJsonSchema().properties?.['space'];

  expect(space?.properties?.['loss']?.anyOf).toHaveLength(3);
  expect(space?.properties?.['learningRate']?.anyOf).toHaveLength(4);
  expect(space?.properties?.['loss']?.anyOf?.[0]).toEqual({
    type: 'string',
    enum: ['regression', 'classification', 'combined'],
  });
  expect(space?.additionalProperties).toBe(false);
});
