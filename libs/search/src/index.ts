export { allowed } from './allowed.js';
export { checkSpec } from './check-spec.js';
export { sweepSpecJsonSchema } from './json-schema.js';
export { objectiveGoal } from './objective.js';
export { planSweep } from './plan-sweep.js';
export { leavesOnePixel, toRecipe } from './recipe.js';
export { parameterText, runLabel, valueText } from './run-label.js';
export { readSpec, type SpecReading } from './spec-text.js';
export { countRuns, suggest, suggestAll, varyingParameters } from './suggest.js';
