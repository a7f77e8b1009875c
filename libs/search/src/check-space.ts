import { type ParameterName, parameterNames } from '@chromatune/contracts';
import { allowed, isAllowed, oneOf, parameterLimits, shown } from './allowed.js';
import type { LocatedProblem } from './located-problem.js';
import { nearestWord } from './nearest-word.js';
import { type Distribution, stepsOf } from './space.js';

const distributions = ['uniform', 'logUniform', 'integer', 'logInteger'];
const shapes =
  'one value, a list like [16, 64], { values: […] }, or { distribution: uniform, min: …, max: … }';

/** Problems of a `space` as it was written, each parameter by itself. Takes anything. */
export function checkSpace(space: unknown): LocatedProblem[] {
  if (space === undefined) return [];
  if (!isGroup(space)) {
    return [{ path: ['space'], message: `space must be a group of parameters, not ${shown(space)}.` }];
  }
  return Object.entries(space).flatMap(([name, domain]) =>
    isParameter(name)
      ? checkDomain(name, domain).map((problem) => ({ ...problem, path: ['space', name, ...problem.path] }))
      : [{ path: ['space', name], atKey: true, message: unknownParameter(name) }],
  );
}

function checkDomain(name: ParameterName, domain: unknown): LocatedProblem[] {
  if (domain === null || domain === undefined) {
    return [{ path: [], message: `${name} has no values. Give it ${shapes}.` }];
  }
  if (Array.isArray(domain)) return checkList(name, domain);
  if (!isGroup(domain)) return checkValue(name, domain);
  const when = checkWhen(name, domain['when']);
  if ('values' in domain) return [...checkValues(name, domain), ...when];
  if ('distribution' in domain) return [...checkDistribution(name, domain), ...when];
  const [key] = Object.keys(domain);
  const meant = key && nearestWord(key, ['values', 'distribution']);
  return [
    {
      path: key ? [key] : [],
      atKey: true,
      message: `${name} has neither values nor a distribution.${meant ? ` Did you mean ${meant}?` : ''} Write ${shapes}.`,
    },
  ];
}

function checkValues(name: ParameterName, domain: Record<string, unknown>): LocatedProblem[] {
  const unknown = checkKeys(domain, ['values', 'when'], `a list of ${name}`);
  const { values } = domain;
  if (Array.isArray(values)) return [...unknown, ...under('values', checkList(name, values))];
  return [
    ...unknown,
    { path: ['values'], message: `values of ${name} must be a list like [16, 64], not ${shown(values)}.` },
  ];
}

function checkList(name: ParameterName, values: unknown[]): LocatedProblem[] {
  if (values.length === 0)
    return [{ path: [], message: `${name} has an empty list. Give it at least one value.` }];
  if (values.length > 1000) {
    return [{ path: [], message: `${name} has ${values.length} values; at most 1000 are allowed.` }];
  }
  return values.flatMap((value, index) => {
    const problems = checkValue(name, value);
    const isRepeated = problems.length === 0 && values.indexOf(value) < index;
    if (isRepeated) problems.push({ path: [], message: `${name} lists ${shown(value)} twice.` });
    return under(index, problems);
  });
}

function checkValue(name: ParameterName, value: unknown): LocatedProblem[] {
  if (isAllowed(name, value)) return [];
  return [{ path: [], message: wrongValue(name, value) }];
}

/** "binGridSize must be a whole number from 5 to 40, not 3." */
export function wrongValue(name: ParameterName, value: unknown): string {
  const words = parameterLimits[name].enum?.map(String) ?? [];
  const meant = typeof value === 'string' ? nearestWord(value, words) : null;
  return `${name} must be ${allowed(name)}, not ${shown(value)}.${meant ? ` Did you mean ${meant}?` : ''}`;
}

function checkDistribution(name: ParameterName, domain: Record<string, unknown>): LocatedProblem[] {
  const problems = checkKeys(
    domain,
    ['distribution', 'min', 'max', 'count', 'when'],
    `a distribution of ${name}`,
  );
  const { type } = parameterLimits[name];
  if (type !== 'number' && type !== 'integer') {
    const message = `${name} must be ${allowed(name)}, so it cannot have a distribution. Write a list.`;
    return [...problems, { path: ['distribution'], message }];
  }
  problems.push(...checkDistributionName(domain['distribution']));
  problems.push(...(['min', 'max'] as const).flatMap((end) => checkEnd(name, end, domain)));
  problems.push(...checkCount(domain['count']));
  return problems.length > 0 ? problems : checkRange(name, domain as unknown as Distribution);
}

function checkDistributionName(written: unknown): LocatedProblem[] {
  if (distributions.includes(written as string)) return [];
  const meant = typeof written === 'string' ? nearestWord(written, distributions) : null;
  const message = `distribution must be ${oneOf(distributions)}, not ${shown(written)}.${meant ? ` Did you mean ${meant}?` : ''}`;
  return [{ path: ['distribution'], message }];
}

function checkEnd(
  name: ParameterName,
  end: 'min' | 'max',
  domain: Record<string, unknown>,
): LocatedProblem[] {
  const value = domain[end];
  if (value === undefined) {
    return [{ path: [], atKey: true, message: `The distribution of ${name} needs ${end}.` }];
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return [{ path: [end], message: `${end} must be a number, not ${shown(value)}.` }];
  }
  const { minimum = -Infinity, exclusiveMinimum = -Infinity, maximum = Infinity } = parameterLimits[name];
  if (value >= minimum && value > exclusiveMinimum && value <= maximum) return [];
  return [{ path: [end], message: `${name} must be ${allowed(name)}; ${end} is ${value}.` }];
}

function checkCount(count: unknown): LocatedProblem[] {
  const isFine =
    count === undefined || (Number.isInteger(count) && Number(count) >= 2 && Number(count) <= 1000);
  return isFine
    ? []
    : [{ path: ['count'], message: `count must be a whole number from 2 to 1000, not ${shown(count)}.` }];
}

function checkRange(name: ParameterName, domain: Distribution): LocatedProblem[] {
  const { distribution, min, max } = domain;
  if (min >= max) return [{ path: ['min'], message: `min (${min}) must be below max (${max}).` }];
  if (distribution.startsWith('log') && min <= 0) {
    return [{ path: ['min'], message: `${distribution} needs a min above 0, not ${min}.` }];
  }
  const steps = stepsOf(name, domain);
  if (steps && steps.first > steps.last) {
    const kind = steps.size === 1 ? 'whole number' : `multiple of ${steps.size}`;
    return [{ path: ['min'], message: `There is no ${kind} from ${min} to ${max}.` }];
  }
  return [];
}

function checkWhen(name: ParameterName, when: unknown): LocatedProblem[] {
  if (when === undefined) return [];
  if (!isGroup(when) || Object.keys(when).length === 0) {
    const message = `when must name another parameter and its value, like { loss: classification }, not ${shown(when)}.`;
    return [{ path: ['when'], message }];
  }
  return Object.entries(when).flatMap(([other, value]) => {
    if (!isParameter(other))
      return [{ path: ['when', other], atKey: true, message: unknownParameter(other) }];
    if (other === name) {
      return [{ path: ['when', other], atKey: true, message: `${name} cannot depend on itself.` }];
    }
    const problems = Array.isArray(value) ? checkList(other, value) : checkValue(other, value);
    return under('when', under(other, problems));
  });
}

function checkKeys(group: Record<string, unknown>, known: string[], what: string): LocatedProblem[] {
  return Object.keys(group)
    .filter((key) => !known.includes(key))
    .map((key) => ({ path: [key], atKey: true, message: unknownKey(key, known, what) }));
}

/** "A sweep has no key "datset". Did you mean dataset? Allowed: …" */
export function unknownKey(key: string, known: string[], what: string): string {
  const meant = nearestWord(key, known);
  const subject = what[0]!.toUpperCase() + what.slice(1);
  return `${subject} has no key ${JSON.stringify(key)}.${meant ? ` Did you mean ${meant}?` : ''} Allowed: ${known.join(', ')}.`;
}

function unknownParameter(name: string): string {
  const meant = nearestWord(name, parameterNames);
  return `${JSON.stringify(name)} is not a parameter.${meant ? ` Did you mean ${meant}?` : ''} Parameters: ${parameterNames.join(', ')}.`;
}

const under = (key: string | number, problems: LocatedProblem[]): LocatedProblem[] =>
  problems.map((problem) => ({ ...problem, path: [key, ...problem.path] }));

export const isParameter = (name: string): name is ParameterName =>
  parameterNames.includes(name as ParameterName);

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
