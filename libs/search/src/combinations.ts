import type { ParameterValue, SweepSpec } from '@chromatune/contracts';
import { type Assignment, type Dimension, isActive } from './space.js';

/** Counting stops here: nobody trains so many, and a hostile spec must not keep the server busy. */
const mostVisits = 100_000;

/**
 * All combinations of a space without continuous parameters, as a numbered list that is never written out:
 * the first dimension varies slowest, and a parameter that means nothing in a combination is not part of it.
 */
export class Combinations {
  /** Number of different combinations; Infinity where they cannot be counted. */
  readonly count: number;
  private visits = 0;
  /** Whether later dimensions depend on this one, so that its values must be looked at one by one. */
  private readonly isCondition: boolean[];

  constructor(
    private readonly spec: SweepSpec,
    private readonly dimensions: Dimension[],
  ) {
    this.isCondition = dimensions.map(({ name }, index) =>
      dimensions
        .slice(index + 1)
        .some(({ conditions }) => conditions.some(({ parameter }) => parameter === name)),
    );
    this.count = this.countFrom(0, {});
  }

  /** Combination number `index`, from 0. */
  at(index: number): Assignment {
    const given: Assignment = {};
    let rest = index;
    this.dimensions.forEach((dimension, level) => {
      if (!isActive(this.spec, given, dimension)) return;
      for (const value of dimension.values!) {
        given[dimension.name] = value;
        this.visits = 0;
        const below = this.countFrom(level + 1, given);
        if (rest < below) return;
        rest -= below;
      }
    });
    return given;
  }

  private countFrom(level: number, given: Assignment): number {
    const dimension = this.dimensions[level];
    if (!dimension) return 1;
    if (++this.visits > mostVisits) return Infinity;
    if (!isActive(this.spec, given, dimension)) return this.countFrom(level + 1, given);
    if (!dimension.values) return Infinity;
    if (!this.isCondition[level]) return dimension.values.length * this.countFrom(level + 1, given);
    return dimension.values.reduce<number>((sum, value: ParameterValue) => {
      return sum === Infinity ? sum : sum + this.countFrom(level + 1, { ...given, [dimension.name]: value });
    }, 0);
  }
}
