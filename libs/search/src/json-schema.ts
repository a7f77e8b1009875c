import { type ParameterName, parameterNames, parameterSchemas, sweepSpec } from '@chromatune/contracts';
import { z } from 'zod';
import { withLeast } from './allowed.js';

interface JsonSchema {
  [keyword: string]: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  anyOf?: JsonSchema[];
}

/**
 * JSON schema (draft 2020-12) of a sweep spec as people write it, for editors: every parameter with its meaning, its
 * limits and its default, under `model` and `training` as one value and under `space` as value, list or distribution.
 */
export function sweepSpecJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(sweepSpec, { io: 'input' }) as JsonSchema;
  const { model, training, space } = schema.properties as Record<'model' | 'training' | 'space', JsonSchema>;
  for (const section of [model, training]) {
    section.properties = Object.fromEntries(
      Object.keys(section.properties!).map((name) => [name, parameterJsonSchema(name)]),
    );
  }
  const [, , list, distribution] = (space.additionalProperties as JsonSchema).anyOf!;
  space.properties = Object.fromEntries(
    parameterNames.map((name) => [name, domainJsonSchema(name, list!, distribution!)]),
  );
  space.additionalProperties = false;
  delete space['propertyNames'];
  return { title: 'Chromatune sweep', ...schema };
}

function parameterJsonSchema(name: string): JsonSchema {
  const key = name as ParameterName;
  const schema = z.toJSONSchema(parameterSchemas[key] as z.ZodType, { io: 'input' }) as JsonSchema;
  return withLeast(key, withoutDialect(schema));
}

function domainJsonSchema(name: string, list: JsonSchema, distribution: JsonSchema): JsonSchema {
  const { description, default: _default, ...value } = parameterJsonSchema(name);
  const values = { type: 'array', minItems: 1, maxItems: 1000, uniqueItems: true, items: value };
  const isNumber = value['type'] === 'number' || value['type'] === 'integer';
  return {
    ...(description ? { description } : {}),
    anyOf: [
      value,
      values,
      { ...list, properties: { ...list.properties, values } },
      ...(isNumber ? [distribution] : []),
    ],
  };
}

const withoutDialect = ({ $schema: _dialect, ...schema }: JsonSchema): JsonSchema => schema;
