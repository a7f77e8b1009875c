import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planSweep, readSpec, suggest, sweepSpecJsonSchema, toRecipe } from './index.js';

const folder = new URL('../../../examples/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe('the examples', () => {
  it.each(files)('%s can be launched', (file) => {
    const { problems, runs } = planSweep(readExample(file));

    expect(problems).toEqual([]);
    expect(runs).toBeGreaterThan(0);
  });

  it('the first sweep compares both losses and both grids in six runs', () => {
    const { runs, preview } = planSweep(readExample('first-sweep.yaml'));

    expect(runs).toBe(6);
    expect(new Set(preview.map(({ loss }) => loss))).toEqual(new Set(['regression', 'classification']));
    expect(new Set(preview.map(({ binGridSize }) => binGridSize))).toEqual(new Set([undefined, 10, 20]));
  });

  it('have the schema beside them by which editors complete and check them (vitest -u writes it)', async () => {
    const schema = `${JSON.stringify(sweepSpecJsonSchema(), null, 2)}\n`;

    await expect(schema).toMatchFileSnapshot('../../../examples/sweep.schema.json');
    for (const file of files)
      expect(readExample(file)).toMatch(/^# yaml-language-server: \$schema=sweep\.schema\.json$/m);
  });

  it('table 2 is the classification of the report to the letter', () => {
    const { spec } = readSpec(readExample('table-2-classification.yaml'));

    expect(toRecipe(spec!, suggest(spec!, 0)!, { name: 'm', digest: 'a'.repeat(64) })).toMatchObject({
      model: { encoder: 'resnet34', width: 1, imageSize: 224 },
      loss: {
        headKernel: 3,
        headResolution: 'full',
        reluBeforeSoftmax: true,
        binSet: 'square',
        binGridSize: 10,
      },
      optimizer: { learningRate: 1e-4 },
      batchSize: 3,
    });
  });
});

const readExample = (file: string) => readFileSync(new URL(file, folder), 'utf8');
