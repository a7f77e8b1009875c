export { type Bins, type BinSet, binCenters, encodeBins, makeBins } from './color/bins.js';
export { labToSrgbTensor, srgbToLabTensor } from './color/lab-tensor.js';
export { cellsOf, type Kernels, kernels, plainKernels, setKernels } from './kernels.js';
export { hasColor } from './losses/colored.js';
export { crossEntropy, type Labels } from './losses/cross-entropy.js';
export { type ColorCounts } from './losses/floor.js';
export { type Loss, type LossMeasure, makeLoss } from './losses/loss.js';
export { abRmse, abSquaredError } from './metrics/ab-error.js';
export { aucWeights } from './metrics/auc.js';
export { buildLpips, type Lpips } from './metrics/lpips.js';
export { LpipsMeter } from './metrics/lpips-meter.js';
export { type NamedVariable } from './networks/declarations.js';
export { type ObserveStatistics } from './networks/layers.js';
export { loadEncoderWeights } from './networks/encoder-weights.js';
export { adaptInputFilters, type InputFilters } from './networks/input-adaptation.js';
export { buildEncoder, buildNetwork, type Encoder, type Network } from './networks/network.js';
export { countParameters, type NetworkRecipe } from './networks/network-plan.js';
export { convolveByFoldedFilter } from './networks/upsampling.js';
export { predictAb, sideMultiple } from './predict.js';
export { restoreNetwork } from './restore-network.js';
export { type BatchTensors, batchTensors, requireWhole } from './training/batch.js';
export { createEagerStep } from './training/eager-step.js';
export { evaluateInPieces, evaluateTensors } from './training/evaluate.js';
export { lossAndGradients, movedStatistic, statisticsMomentum } from './training/gradients.js';
export { adamCorrections, type OptimizerRecipe, optimizerSlots } from './training/optimizer.js';
export { learningRateAt } from './training/schedule.js';
export {
  byName,
  inMemory,
  requireState,
  type State,
  type StateInMemory,
  stateOfParts,
  stateOfTensors,
  type StatePart,
  type StateShape,
  type StateTensor,
  stepCount,
  stepCountName,
} from './training/state.js';
export {
  type Batch,
  type BatchShape,
  type Evaluation,
  type EvaluationMeasure,
  microBatches,
  piecesOf,
  type Step,
  type StepOptions,
  type StepResult,
  type TrainingRecipe,
} from './training/step.js';
