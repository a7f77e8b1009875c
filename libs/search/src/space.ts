import {
  allNeeds,
  type ParameterCondition,
  type ParameterDomain,
  type ParameterName,
  parameterNames,
  parameterNeeds,
  parameterSchemas,
  type ParameterValue,
  type SweepSpec,
} from '@chromatune/contracts';
import type { Stream } from '@chromatune/random';
import { parameterLimits } from './allowed.js';

/** What a parameter may be, when it may be it, and how to take one value. */
export interface Dimension {
  name: ParameterName;
  conditions: ParameterCondition[];
  /** All its values, in order, or null where there are too many to tell apart. */
  values: ParameterValue[] | null;
  draw(stream: Stream): ParameterValue;
}

export type Assignment = Partial<Record<ParameterName, ParameterValue>>;

export type Distribution = Extract<ParameterDomain, { distribution: string }>;

/** More values than any sweep can try: such a distribution counts as a continuum. */
const mostCountedValues = 100_000;

/** The space as dimensions in the order of the spec, except that a parameter comes after those it depends on. */
export function dimensionsOf(spec: SweepSpec): Dimension[] {
  const names = Object.keys(spec.space) as ParameterName[];
  return sortByDependency(spec, names).map((name) => toDimension(spec, name));
}

/** The value a run has: the one it was given, else the fixed one, else the default; nothing where it means nothing. */
export function effectiveValue(
  spec: SweepSpec,
  given: Assignment,
  name: ParameterName,
): ParameterValue | undefined {
  const need = parameterNeeds[name];
  if (need && !holds(spec, given, need)) return undefined;
  return given[name] ?? fixedValue(spec, name);
}

/** The value where the space gives none: from `model` or `training`, else the default. */
export function fixedValue(spec: Pick<SweepSpec, 'model' | 'training'>, name: ParameterName): ParameterValue {
  const fixed: Assignment = { ...spec.model, ...spec.training } as Assignment;
  return fixed[name] ?? defaults[name];
}

/** Parsed once: a plan asks for them a hundred thousand times. */
const defaults = Object.fromEntries(
  parameterNames.map((name) => [name, parameterSchemas[name].parse(undefined)]),
) as Record<ParameterName, ParameterValue>;

export const isActive = (spec: SweepSpec, given: Assignment, { conditions }: Dimension): boolean =>
  conditions.every((condition) => holds(spec, given, condition));

function holds(spec: SweepSpec, given: Assignment, { parameter, values }: ParameterCondition): boolean {
  const value = effectiveValue(spec, given, parameter);
  return value !== undefined && values.includes(value);
}

/** All that must hold for the parameter to mean something: its needs, its `when`, and what those need in turn. */
function conditionsOf(name: ParameterName, domain: ParameterDomain): ParameterCondition[] {
  const written = Object.entries(whenOf(domain)).map(([parameter, value]) => ({
    parameter: parameter as ParameterName,
    values: [value].flat(),
  }));
  return [...allNeeds(name), ...written, ...written.flatMap(({ parameter }) => allNeeds(parameter))];
}

/** Parameters that must be known before this one. */
export const dependenciesOf = (name: ParameterName, domain: ParameterDomain): ParameterName[] => [
  ...new Set(conditionsOf(name, domain).map(({ parameter }) => parameter)),
];

export const whenOf = (domain: ParameterDomain) =>
  typeof domain === 'object' && !Array.isArray(domain) ? (domain.when ?? {}) : {};

export const isDistribution = (domain: ParameterDomain): domain is Distribution =>
  typeof domain === 'object' && 'distribution' in domain;

/** Values of a list or a single value; null for a distribution. */
export function listedValues(domain: ParameterDomain): ParameterValue[] | null {
  if (typeof domain !== 'object') return [domain];
  if (Array.isArray(domain)) return domain;
  return 'values' in domain ? domain.values : null;
}

/** First and last multiple of the parameter's step in the distribution, or null where it is continuous. */
export function stepsOf(name: ParameterName, { distribution, min, max }: Distribution) {
  const whole = parameterLimits[name].type === 'integer' || distribution.toLowerCase().includes('integer');
  const size = parameterLimits[name].multipleOf ?? (whole ? 1 : null);
  return size === null ? null : { size, first: Math.ceil(min / size), last: Math.floor(max / size) };
}

function toDimension(spec: SweepSpec, name: ParameterName): Dimension {
  const domain = spec.space[name]!;
  const conditions = conditionsOf(name, domain);
  if (!isDistribution(domain)) {
    const values = listedValues(domain)!;
    return { name, conditions, values, draw: (stream) => values[stream.integer(values.length)]! };
  }
  const at = (share: number) => valueAt(name, domain, share);
  const values = spec.search.method === 'grid' ? gridValues(domain, at) : countedValues(name, domain);
  return { name, conditions, values, draw: (stream) => at(stream.uniform()) };
}

function gridValues({ count = 2 }: Distribution, at: (share: number) => number): number[] {
  const values = Array.from({ length: count }, (_, index) => at(index / (count - 1)));
  return [...new Set(values)];
}

function countedValues(name: ParameterName, domain: Distribution): number[] | null {
  const steps = stepsOf(name, domain);
  if (!steps || steps.last - steps.first >= mostCountedValues) return null;
  return Array.from(
    { length: steps.last - steps.first + 1 },
    (_, index) => (steps.first + index) * steps.size,
  );
}

/** The value below which `share` (0 to 1) of the distribution lies, rounded to what a person would write. */
function valueAt(name: ParameterName, domain: Distribution, share: number): number {
  const { min, max } = domain;
  const isLog = domain.distribution.startsWith('log');
  const steps = stepsOf(name, domain);
  if (steps) {
    // half a step on both sides, so that the first and the last value are as likely as the others
    const step = Math.round(between(steps.first - 0.5, steps.last + 0.5, share, isLog));
    return clamp(step, steps.first, steps.last) * steps.size;
  }
  const value = between(min, max, share, isLog);
  // four digits of the value, or of the range: a learning rate of 3.217e-4 can be read, typed and quoted exactly
  const rounded = isLog
    ? Number(value.toPrecision(4))
    : Number(value.toFixed(clamp(3 - Math.floor(Math.log10(max - min)), 0, 20)));
  return clamp(rounded, min, max);
}

const between = (low: number, high: number, share: number, isLog: boolean) =>
  isLog ? low * (high / low) ** share : low + (high - low) * share;

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** Depth first, so that names keep their order unless a dependency forces another. */
function sortByDependency(spec: SweepSpec, names: ParameterName[]): ParameterName[] {
  const sorted = new Set<ParameterName>();
  const visiting = new Set<ParameterName>();
  const visit = (name: ParameterName) => {
    const domain = spec.space[name];
    if (domain === undefined || sorted.has(name) || visiting.has(name)) return;
    visiting.add(name);
    dependenciesOf(name, domain).forEach(visit);
    sorted.add(name);
  };
  names.forEach(visit);
  return [...sorted];
}
