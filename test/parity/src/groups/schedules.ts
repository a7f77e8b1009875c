import { plainAdam } from '@chromatune/contracts';
import { learningRateAt } from '@chromatune/models';
import { type Comparison, distance, type Item } from '../comparison.js';
import { readFixtures } from '../fixtures.js';

/** Learning rates of 30 steps, an epoch being a step. */
export const scheduleItems = (): Item[] =>
  readFixtures('schedules').map(({ name, base, schedule, warmupSteps, rates }) => ({
    item: `${name}, ${rates.length} rates`,
    source: 'torch.optim.lr_scheduler',
    tested: 'always' as const,
    bound: 1e-7, // of the fixture's nine digits
    compute: async () => {
      const optimizer = { ...plainAdam, learningRate: base };
      const recipe = { optimizer, schedule, warmupSteps, epochs: rates.length };
      const ours = rates.map((_, index) => learningRateAt(recipe, index + 1, 1));
      return worst(ours, rates, base);
    },
  }));

/** Differences as a share of the base rate; the figures for people are those where it is largest. */
function worst(ours: number[], rates: number[], base: number): Comparison {
  const differences = rates.map((rate, index) => distance(ours[index]!, rate, base));
  const difference = Math.max(...differences);
  const at = differences.indexOf(difference);
  return { ours: ours[at]!, reference: rates[at]!, difference, where: `step ${at + 1}` };
}
