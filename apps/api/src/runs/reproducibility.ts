import {
  canonicalJson,
  describeEngine,
  isSameEngine,
  type Recipe,
  type RunDetail,
  type Trainer,
} from '@chromatune/contracts';
import { NotReproducible } from './runs.errors.js';

export interface Expectation {
  expected: 'IDENTICAL' | 'EQUIVALENT' | 'DIVERGED';
  reason: string;
}

/**
 * What a reproduction by one of these trainers can be expected to be. Throws `NotReproducible` where training would only
 * waste time: the answer is known to be worthless.
 */
export function expectReproduction(run: RunDetail, recipe: Recipe, trainers: Trainer[]): Expectation {
  if (run.state !== 'completed' || !run.environment) {
    throw new NotReproducible(
      `run ${run.id} is ${run.state}, and only a completed run has an end to compare with`,
      'Wait until it has completed, or launch its sweep again.',
    );
  }
  const original = run.environment;
  const online = trainers
    .filter((trainer) => trainer.online && !trainer.draining)
    .map(({ environment }) => environment);
  if (online.length === 0) {
    throw new NotReproducible('no trainer is online', 'Start a trainer (`npm start` does), then ask again.');
  }
  const sameCode = online.filter(({ codeVersion }) => codeVersion === original.codeVersion);
  if (sameCode.length === 0) {
    throw new NotReproducible(
      `it was trained by code version ${short(original.codeVersion)}, and the trainers that are online run ${[
        ...new Set(online.map(({ codeVersion }) => short(codeVersion))),
      ].join(', ')}`,
      'Start a trainer from the sources of that version, then ask again.',
    );
  }
  if (canonicalJson(recipe) !== canonicalJson(run.recipe)) {
    return { expected: 'DIVERGED', reason: 'the recipe is not the stored one' };
  }
  return sameCode.some((environment) => isSameEngine(original, environment))
    ? { expected: 'IDENTICAL', reason: `a trainer with ${describeEngine(original)} is online` }
    : {
        expected: 'EQUIVALENT',
        reason: `it was trained on ${describeEngine(original)}; online are only ${[...new Set(sameCode.map(describeEngine))].join(', ')}`,
      };
}

const short = (codeVersion: string) => codeVersion.slice(0, 12);
