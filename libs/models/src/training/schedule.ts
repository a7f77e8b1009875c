import { type TrainingRecipe } from './step.js';

type ScheduleRecipe = Pick<TrainingRecipe, 'optimizer' | 'schedule' | 'warmupSteps' | 'epochs'>;

/**
 * Learning rate of an optimizer step, counted from 1. `step` falls after every so many whole epochs, as PyTorch's
 * `StepLR` stepped once an epoch; `cosine` falls from step to step to its floor, as `CosineAnnealingLR` with T_max the
 * number of steps. Over the first `warmupSteps` the rate is multiplied by step / warmupSteps.
 */
export function learningRateAt(recipe: ScheduleRecipe, step: number, stepsPerEpoch: number): number {
  const done = step - 1;
  const warmUp = recipe.warmupSteps > 0 ? Math.min(1, step / recipe.warmupSteps) : 1;
  return recipe.optimizer.learningRate * warmUp * fallen(recipe, done, stepsPerEpoch);
}

function fallen({ schedule, epochs }: ScheduleRecipe, done: number, stepsPerEpoch: number): number {
  if (schedule.type === 'constant') return 1;
  if (schedule.type === 'step') {
    const epochsDone = Math.floor(done / stepsPerEpoch);
    return schedule.factor ** Math.floor(epochsDone / schedule.every);
  }
  const share = done / (epochs * stepsPerEpoch);
  return schedule.floor + (1 - schedule.floor) * 0.5 * (1 + Math.cos(Math.PI * share));
}
