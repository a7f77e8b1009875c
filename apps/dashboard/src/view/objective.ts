import { metricCatalogue, type ObjectiveMetric, type Run, type SweepSpec } from '@chromatune/contracts';
import { formatChange } from '../ui/format.js';

export interface Objective {
  metric: ObjectiveMetric;
  goal: 'minimize' | 'maximize';
}

export function objectiveOf({ objective: { metric, goal } }: Pick<SweepSpec, 'objective'>): Objective {
  return { metric, goal: goal ?? (metricCatalogue[metric].better === 'higher' ? 'maximize' : 'minimize') };
}

/** Where no sweep says what counts. */
export const usualObjective: Objective = { metric: 'validation/abRmse', goal: 'minimize' };

export const bestOf = (run: Run, { metric }: Objective): number | undefined => run.best[metric]?.value;

/** Whether a value is better than another by an objective, in a word; nothing when they are not seen to differ. */
export function betterOrWorse(value: number, other: number, { goal }: Objective): string {
  if (value === other || formatChange(value, other).startsWith('±')) return '';
  return value < other === (goal === 'minimize') ? 'better' : 'worse';
}

/** Best first; runs without a value last. */
export function byObjective(objective: Objective) {
  const sign = objective.goal === 'minimize' ? 1 : -1;
  return (a: Run, b: Run): number => {
    const [x, y] = [bestOf(a, objective), bestOf(b, objective)];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    return sign * (x - y);
  };
}
