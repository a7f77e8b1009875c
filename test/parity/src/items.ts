import type { Item } from './comparison.js';
import { lossItems } from './groups/losses.js';
import { modelItems } from './groups/models.js';
import { optimizerItems } from './groups/optimizers.js';
import { scheduleItems } from './groups/schedules.js';

/** All that is compared, by group, in the order of the table. */
export const groups: ReadonlyMap<string, () => Item[]> = new Map([
  ['models', modelItems],
  ['losses', lossItems],
  ['optimizers', optimizerItems],
  ['schedules', scheduleItems],
]);
