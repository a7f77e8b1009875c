import type { ParameterName, ParameterValues, SweepSpec } from '@chromatune/contracts';
import { canonicalJson } from '@chromatune/contracts';
import { stream } from '@chromatune/random';
import { Combinations } from './combinations.js';
import { type Assignment, type Dimension, dimensionsOf, isActive, listedValues, whenOf } from './space.js';

/** Draws that may all be known already before the search looks for an untried combination in order. */
const mostDraws = 100;

/**
 * Parameters of the k-th run, from 0: those that vary and mean something in this run, in the order of the spec;
 * null past the last run. Depends on nothing but the spec's space and search, and k: never on results, time or
 * earlier calls. Expects a spec without problems (`checkSpec`).
 */
export function suggest(spec: SweepSpec, k: number): ParameterValues | null {
  if (!Number.isSafeInteger(k) || k < 0 || k >= countRuns(spec)) return null;
  const assignment = spec.search.method === 'grid' ? gridAssignment(spec, k) : randomAssignments(spec, k)[k];
  return assignment ? toParameterValues(spec, assignment) : null;
}

/** The parameters of all runs, as `suggest` gives them one by one. */
export function suggestAll(spec: SweepSpec): ParameterValues[] {
  const runs = countRuns(spec);
  const combinations = combinationsOf(spec);
  const assignments =
    spec.search.method === 'grid'
      ? Array.from({ length: runs }, (_, k) => combinations.at(k))
      : randomAssignments(spec, runs - 1);
  return assignments.map((assignment) => toParameterValues(spec, assignment));
}

/** How many runs the sweep makes: its budget, or fewer where there are not so many different ones. */
export function countRuns(spec: SweepSpec): number {
  const { count } = combinationsOf(spec);
  return Math.min(spec.budget.runs ?? Infinity, count);
}

/** Number of different combinations in the space, whatever the budget; Infinity with a continuous parameter. */
export const countCombinations = (spec: SweepSpec): number => combinationsOf(spec).count;

/** Parameters in which runs of this sweep differ, in the order of the spec. */
export const varyingParameters = (spec: SweepSpec): ParameterName[] =>
  (Object.keys(spec.space) as ParameterName[]).filter((name) => {
    const domain = spec.space[name]!;
    const values = listedValues(domain);
    return !values || values.length > 1 || Object.keys(whenOf(domain)).length > 0;
  });

const combinationsOf = (spec: SweepSpec) => new Combinations(spec, dimensionsOf(spec));

const gridAssignment = (spec: SweepSpec, k: number): Assignment | undefined => {
  const combinations = combinationsOf(spec);
  return k < combinations.count ? combinations.at(k) : undefined;
};

/** The first k + 1 draws, each different from those before it; fewer when the space has no more. */
function randomAssignments(spec: SweepSpec, k: number): Assignment[] {
  const dimensions = dimensionsOf(spec);
  const combinations = new Combinations(spec, dimensions);
  const known = new Set<string>();
  const assignments: Assignment[] = [];
  while (assignments.length <= k) {
    const assignment = drawUnknown(spec, dimensions, combinations, assignments.length, known);
    if (!assignment) break;
    known.add(canonicalJson(assignment));
    assignments.push(assignment);
  }
  return assignments;
}

function drawUnknown(
  spec: SweepSpec,
  dimensions: Dimension[],
  combinations: Combinations,
  index: number,
  known: Set<string>,
): Assignment | null {
  for (let draw = 0; draw < mostDraws; draw++) {
    const assignment = drawOne(spec, dimensions, index, draw);
    if (!known.has(canonicalJson(assignment))) return assignment;
  }
  return combinations.count === Infinity ? null : firstUnknown(spec, combinations, index, known);
}

/** Each parameter draws from its own stream, so adding one to the space leaves the others' values as they were. */
function drawOne(spec: SweepSpec, dimensions: Dimension[], index: number, draw: number): Assignment {
  const given: Assignment = {};
  for (const dimension of dimensions) {
    if (!isActive(spec, given, dimension)) continue;
    given[dimension.name] = dimension.draw(stream(spec.search.seed, `search/${dimension.name}`, index, draw));
  }
  return given;
}

/** For the last few combinations of a small space: search in order from a random place. */
function firstUnknown(spec: SweepSpec, combinations: Combinations, index: number, known: Set<string>) {
  const start = stream(spec.search.seed, 'search/first-unknown', index).integer(combinations.count);
  for (let offset = 0; offset < combinations.count; offset++) {
    const assignment = combinations.at((start + offset) % combinations.count);
    if (!known.has(canonicalJson(assignment))) return assignment;
  }
  return null;
}

const toParameterValues = (spec: SweepSpec, assignment: Assignment): ParameterValues =>
  Object.fromEntries(
    varyingParameters(spec)
      .filter((name) => assignment[name] !== undefined)
      .map((name) => [name, assignment[name]!]),
  );
