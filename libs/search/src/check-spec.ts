import {
  allNeeds,
  type ParameterCondition,
  type ParameterName,
  type ParameterValue,
  type SpecProblem,
  type SweepSpec,
} from '@chromatune/contracts';
import { isAllowed, oneOf, shown } from './allowed.js';
import { checkEffects } from './check-effects.js';
import { checkSpace, wrongValue } from './check-space.js';
import { type LocatedProblem, toSpecProblem } from './located-problem.js';
import { makesLossesIncomparable, naturalGoal } from './objective.js';
import { leavesOnePixel, toChoices, toOptimizer } from './recipe.js';
import { dependenciesOf, fixedValue, isDistribution, listedValues, whenOf } from './space.js';
import { countCombinations, suggestAll, varyingParameters } from './suggest.js';

/** Most runs of one sweep: what `budget.runs` may be at most. */
const mostRuns = 1000;

/** Everything that is wrong with a spec beyond its shape; empty when it can be launched. */
export const checkSpec = (spec: SweepSpec): SpecProblem[] => specProblems(spec).map(toSpecProblem);

export function specProblems(spec: SweepSpec): LocatedProblem[] {
  const ofValues = [...checkName(spec), ...checkFixed(spec), ...checkSpace(spec.space)];
  if (ofValues.length > 0) return ofValues;
  const ofDependencies = [...checkFixedAndVaried(spec), ...checkCycles(spec), ...checkConditions(spec)];
  const others = [...checkUnused(spec), ...checkObjective(spec), ...checkSearch(spec)];
  // runs can only be counted, and looked at, when all of these are sound
  const ofParts = [...ofDependencies, ...others];
  if (ofParts.length > 0) return ofParts;
  const ofSize = checkSize(spec);
  return ofSize.length > 0 ? ofSize : checkTogether(spec);
}

/** Such characters break lists and terminals, and Postgres cannot keep or read some of them. */
function checkName({ name }: SweepSpec): LocatedProblem[] {
  if (!/[\p{Cc}\p{Cs}]/u.test(name)) return [];
  return [{ path: ['name'], message: 'name must be one line of text, without control characters.' }];
}

/** Fixed values that a stored sweep may have, and a new one not. */
function checkFixed(spec: SweepSpec): LocatedProblem[] {
  return (['model', 'training'] as const).flatMap((section) =>
    Object.entries(spec[section])
      .filter(([name, value]) => !isAllowed(name as ParameterName, value))
      .map(([name, value]) => ({ path: [section, name], message: wrongValue(name as ParameterName, value) })),
  );
}

function checkFixedAndVaried(spec: SweepSpec): LocatedProblem[] {
  return domains(spec).flatMap(([name, domain]) => {
    const section = name in spec.model ? 'model' : name in spec.training ? 'training' : null;
    // with `when`, the fixed value is what the other runs get
    if (!section || Object.keys(whenOf(domain)).length > 0) return [];
    const message = `${name} is fixed under ${section} and varied under space. Remove it from one of them.`;
    return [{ path: ['space', name], atKey: true, message }];
  });
}

function checkCycles(spec: SweepSpec): LocatedProblem[] {
  const dependsOn = (name: ParameterName) => {
    const domain = spec.space[name];
    return domain === undefined ? [] : dependenciesOf(name, domain);
  };
  const reaches = (from: ParameterName, target: ParameterName, seen = new Set<ParameterName>()): boolean =>
    dependsOn(from).some((next) => {
      if (next === target) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, target, seen);
    });
  return domains(spec)
    .filter(([name]) => reaches(name, name))
    .slice(0, 1)
    .map(([name]) => ({
      path: ['space', name, 'when'],
      atKey: true,
      message: `${name} depends on ${dependsOn(name).join(' and ')}, which in turn depends on ${name}.`,
    }));
}

/** Conditions that can never hold. */
function checkConditions(spec: SweepSpec): LocatedProblem[] {
  return domains(spec).flatMap(([name, domain]) =>
    Object.entries(whenOf(domain)).flatMap(([key, wanted]) => {
      const other = key as ParameterName;
      const values = [wanted].flat();
      const path = ['space', name, 'when', key];
      const own = allNeeds(name).find((need) => need.parameter === other && !overlap(need.values, values));
      if (own) return [{ path, message: `${name} only means something with ${inWords(own)}.` }];
      const clash = clashOf(spec, name, other);
      if (clash) {
        const [mine, theirs] = clash;
        const message = `${other} belongs to ${inWords(theirs)} and ${name} to ${inWords(mine)}: no run has both.`;
        return [{ path, atKey: true, message }];
      }
      const possible = possibleValues(spec, other);
      if (!possible || overlap(values, possible)) return [];
      const message = `${other} is never ${oneOf(values.map(shown))} in this sweep, but ${oneOf(possible.map(shown))}.`;
      return [{ path, message }];
    }),
  );
}

/** Needs of two parameters that no run can meet together. */
function clashOf(spec: SweepSpec, name: ParameterName, other: ParameterName) {
  for (const mine of allNeeds(name)) {
    for (const theirs of allNeeds(other)) {
      if (mine.parameter !== theirs.parameter) continue;
      const possible = possibleValues(spec, mine.parameter) ?? mine.values;
      const shared = mine.values.filter((value) => theirs.values.includes(value));
      if (!overlap(shared, possible)) return [mine, theirs] as const;
    }
  }
  return null;
}

/** Parameters that mean nothing in any run. Ignoring them silently would hide a mistake. */
function checkUnused(spec: SweepSpec): LocatedProblem[] {
  const places: [string, string[]][] = [
    ['model', Object.keys(spec.model)],
    ['training', Object.keys(spec.training)],
    ['space', Object.keys(spec.space)],
  ];
  return places.flatMap(([section, names]) =>
    names.flatMap((name) => {
      const missing = allNeeds(name as ParameterName).findLast((need) => {
        const possible = possibleValues(spec, need.parameter);
        return possible && !overlap(need.values, possible);
      });
      if (!missing) return [];
      const has = possibleValues(spec, missing.parameter)!.join(', ');
      const remedy = `Remove it, or add ${missing.parameter}: ${missing.values[0]}.`;
      const message = `${name} only means something with ${inWords(missing)}, and every run of this sweep has ${missing.parameter} ${has}. ${remedy}`;
      return [{ path: [section, name], atKey: true, message }];
    }),
  );
}

const inWords = ({ parameter, values }: ParameterCondition) => `${parameter} ${oneOf(values.map(String))}`;

const overlap = (some: readonly ParameterValue[], others: readonly ParameterValue[]) =>
  some.some((value) => others.includes(value));

/** Values that are allowed one by one, but not together in one run. */
const checkTogether = (spec: SweepSpec) => [
  ...checkDeepest(spec),
  ...checkNesterov(spec),
  ...checkEffects(spec),
];

/** After conv5 little is left of a small image: too little of a side, or of what batch norm takes together, as in PyTorch. */
function checkDeepest(spec: SweepSpec): LocatedProblem[] {
  if (!possibleValues(spec, 'cut')?.includes('conv5')) return [];
  const path = ['cut' in spec.space ? 'space' : 'model', 'cut'];
  const runs = suggestAll(spec).map((values) => toChoices(spec, values));
  const odd = runs.find(({ model }) => model.cut === 'conv5' && model.imageSize % 32 !== 0);
  if (odd) {
    const message = `A network cut after conv5 halves the side five times, so imageSize must be a multiple of 32, not ${odd.model.imageSize}.`;
    return [{ path, message }];
  }
  if (!runs.some((run) => leavesOnePixel(run, run.batchSize))) return [];
  const message =
    'Of an image of 32 × 32, conv5 leaves one pixel, and batch norm over one pixel of one image leaves nothing. Use larger images, at least 2 at once, also in the last piece that microBatch leaves of a batch, an earlier cut, or batchNorm: frozen.';
  return [{ path, message }];
}

/** PyTorch refuses it too: without momentum there is nothing to look ahead with. */
function checkNesterov(spec: SweepSpec): LocatedProblem[] {
  if (!possibleValues(spec, 'nesterov')?.includes(true)) return [];
  const isPlain = suggestAll(spec)
    .map((values) => toOptimizer(spec, values))
    .some((optimizer) => optimizer.type === 'sgd' && optimizer.nesterov && optimizer.momentum === 0);
  if (!isPlain) return [];
  const section = 'nesterov' in spec.space ? 'space' : 'training';
  const message =
    'With momentum 0, nesterov: true changes nothing: the run would be plain SGD. Give it a momentum above 0, or leave nesterov out.';
  return [{ path: [section, 'nesterov'], message }];
}

function checkObjective(spec: SweepSpec): LocatedProblem[] {
  const { metric, goal } = spec.objective;
  const problems: LocatedProblem[] = [];
  if (goal && goal !== naturalGoal(metric)) {
    const better = naturalGoal(metric) === 'minimize' ? 'lower' : 'higher';
    const message = `${metric} is better when it is ${better}: write goal: ${naturalGoal(metric)}, or leave goal out.`;
    problems.push({ path: ['objective', 'goal'], message });
  }
  const isSum = possibleValues(spec, 'lossReduction')!.includes('sum');
  const culprits = varyingParameters(spec)
    .filter((name) => makesLossesIncomparable(name, { isSum }))
    .map((name) => (name === 'imageSize' ? 'imageSize (with lossReduction sum)' : name));
  if (metric === 'validation/loss' && culprits.length > 0) {
    const message = `Runs of this sweep differ in ${culprits.join(' and ')}, and losses of such runs are not comparable: the lower one need not be the better one. Name a metric that does not depend on the loss, such as validation/abRmse or validation/deltaE2000.`;
    problems.push({ path: ['objective', 'metric'], message });
  }
  if (metric === 'validation/lpips') problems.push(...checkLpips(spec));
  return problems;
}

/** Runs are ranked by LPIPS only where each has measured it, and by the same weights. */
function checkLpips(spec: SweepSpec): LocatedProblem[] {
  const path = ['objective', 'metric'];
  const values = possibleValues(spec, 'lpips') ?? [];
  if (values.includes('none')) {
    const message = `${values.length > 1 ? 'Some runs' : 'Runs'} of this sweep do not measure validation/lpips. Write under training: lpips: DIGEST, of weights of LPIPS (npx chromatune weights list), or name another metric.`;
    return [{ path, message }];
  }
  if (values.length < 2) return [];
  const message = `Runs of this sweep measure validation/lpips by different weights, and such values are not comparable. Fix lpips under training, or name another metric.`;
  return [{ path, message }];
}

function checkSearch(spec: SweepSpec): LocatedProblem[] {
  if (spec.search.method === 'random') {
    return spec.budget.runs === undefined
      ? [
          {
            path: ['budget'],
            atKey: true,
            message: 'Random search needs budget.runs: how many runs to draw.',
          },
        ]
      : [];
  }
  return domains(spec)
    .filter(([, domain]) => isDistribution(domain) && domain.count === undefined)
    .map(([name]) => ({
      path: ['space', name],
      atKey: true,
      message: `Grid search needs count in the distribution of ${name}: how many evenly spaced values to try. Or list values, or use search.method: random.`,
    }));
}

function checkSize(spec: SweepSpec): LocatedProblem[] {
  if (spec.search.method !== 'grid' || spec.budget.runs !== undefined) return [];
  const runs = countCombinations(spec);
  if (runs <= mostRuns) return [];
  const count = runs === Infinity ? 'far too many' : runs.toLocaleString('en');
  const message = `This grid makes ${count} runs, and a sweep has at most 1,000. Shorten a list, set budget.runs to train only the first ones, or use search.method: random.`;
  return [{ path: ['space'], atKey: true, message }];
}

/** Values that a parameter can have in this sweep, or null where a distribution makes them many. */
function possibleValues(spec: SweepSpec, name: ParameterName) {
  const domain = spec.space[name];
  if (domain === undefined) return [fixedValue(spec, name)];
  const listed = listedValues(domain);
  if (!listed) return null;
  return Object.keys(whenOf(domain)).length > 0 ? [...listed, fixedValue(spec, name)] : listed;
}

const domains = (spec: SweepSpec) =>
  Object.entries(spec.space) as [ParameterName, NonNullable<SweepSpec['space'][ParameterName]>][];
