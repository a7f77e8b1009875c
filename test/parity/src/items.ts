import type { Item } from './comparison.js';
import type { Engine } from './engine.js';
import { colorItems } from './groups/colors.js';
import { encoderItems } from './groups/encoders.js';
import { lossItems } from './groups/losses.js';
import { lpipsItems } from './groups/lpips.js';
import { metricItems } from './groups/metrics.js';
import { modelItems } from './groups/models.js';
import { optimizerItems } from './groups/optimizers.js';
import { scheduleItems } from './groups/schedules.js';

/** All that is compared on an engine, by group, in the order of the table. */
export const groups: ReadonlyMap<string, (engine: Engine) => Item[]> = new Map([
  ['colors', colorItems],
  ['encoders', encoderItems],
  ['models', modelItems],
  ['losses', lossItems],
  ['optimizers', optimizerItems],
  ['schedules', scheduleItems],
  ['metrics', metricItems],
  ['lpips', lpipsItems],
]);
