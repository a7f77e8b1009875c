import {
  modelParameters,
  type ParameterName,
  parameterNeeds,
  parameterSchemas,
  trainingParameters,
} from '@chromatune/contracts';
import { expect, it } from 'vitest';
import { allowed } from './index.js';

it('the guide’s page of parameters says what the schemas say (vitest -u writes it)', async () => {
  await expect(page()).toMatchFileSnapshot('../../../docs/guide/parameters.md');
});

const page = () => `# Every parameter of a run

Each may be fixed (under \`model\` or \`training\`) or vary (under \`space\`), as one value, a list, \`{ values: […], when: { loss: classification } }\`, or \`{ distribution: uniform | logUniform | integer | logInteger, min, max }\` (with \`count\` in a grid). One with an "Only with" that a run does not meet is left out of its recipe. A sweep in which a parameter means nothing at all, or in which two of its values make the same runs, is refused.

## Under \`model\`

${table(modelParameters)}

## Under \`training\`

${table(trainingParameters)}
`;

function table(parameters: object): string {
  const rows = (Object.keys(parameters) as ParameterName[]).map(row);
  return ['| parameter | values | default | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function row(name: ParameterName): string {
  const schema = parameterSchemas[name];
  const need = parameterNeeds[name];
  const only = need ? `Only with \`${need.parameter}\` ${need.values.join(' or ')}.` : '';
  const meaning = [schema.description, only].filter(Boolean).join(' ');
  return `| \`${name}\` | ${allowed(name)} | ${String(schema.parse(undefined))} | ${meaning} |`;
}
