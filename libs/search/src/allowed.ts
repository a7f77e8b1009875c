import { leastAsked, type ParameterName, parameterSchemas } from '@chromatune/contracts';
import { z } from 'zod';

/** The part of a JSON schema that says which values are allowed. */
export interface ValueSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: ValueSchema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  properties?: Record<string, ValueSchema>;
  required?: string[];
}

/** What a parameter may be, in words: "a whole number from 5 to 40". */
export const allowed = (name: ParameterName): string => describeAllowed(parameterLimits[name]);

/** Limits of every parameter in a new sweep, read from contracts: the one place where they are written. */
export const parameterLimits = Object.fromEntries(
  Object.entries(parameterSchemas).map(([name, schema]) => [
    name,
    withLeast(name as ParameterName, z.toJSONSchema(schema.removeDefault() as z.ZodType) as ValueSchema),
  ]),
) as Record<ParameterName, ValueSchema>;

/** A parameter's JSON schema with the least that a new sweep may ask for. */
export function withLeast<T extends object>(name: ParameterName, schema: T): T {
  const minimum = leastAsked[name];
  if (minimum === undefined) return schema;
  const { exclusiveMinimum: _lower, ...rest } = schema as T & { exclusiveMinimum?: number };
  return { ...rest, minimum } as unknown as T;
}

/** Whether a new sweep may ask for this value. */
export const isAllowed = (name: ParameterName, value: unknown): boolean =>
  value !== undefined &&
  parameterSchemas[name].safeParse(value).success &&
  !(Number(value) < (leastAsked[name] ?? -Infinity));

/** What a schema allows, in words that complete "must be …". */
export function describeAllowed(schema: ValueSchema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf) return oneOf(schema.anyOf.map(describeAllowed));
  if (schema.enum) return oneOf(schema.enum.map(String));
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'integer' || schema.type === 'number') return describeNumber(schema);
  if (schema.type === 'array') return 'a list';
  if (schema.type === 'object') return `a group of keys (${Object.keys(schema.properties ?? {}).join(', ')})`;
  if (schema.pattern === parameterLimits.weights.pattern) return weightsInWords;
  return schema.maxLength ? `a text of 1 to ${schema.maxLength} characters` : 'a text';
}

/** Of `weights` and of `lpips`. */
const weightsInWords = 'none or the whole digest of imported weights (chromatune weights show)';

function describeNumber({ type, minimum, maximum, exclusiveMinimum, multipleOf }: ValueSchema): string {
  const noun = multipleOf
    ? `a multiple of ${multipleOf}`
    : type === 'integer'
      ? 'a whole number'
      : 'a number';
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (exclusiveMinimum !== undefined)
    return `${noun} above ${exclusiveMinimum}${bounded ? ` and at most ${maximum}` : ''}`;
  return bounded ? `${noun} from ${minimum} to ${maximum}` : `${noun}, ${minimum} or more`;
}

export function oneOf(words: string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A value as the person wrote it, short enough for a message. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of keys';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
