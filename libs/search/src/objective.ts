import {
  metricCatalogue,
  type ObjectiveMetric,
  type ParameterName,
  type SweepSpec,
} from '@chromatune/contracts';

/** Parameters that change what a value of the loss means. Runs that differ in one cannot be ranked by their loss. */
const changesMeaningOfLoss: readonly ParameterName[] = [
  'loss',
  'regressionLoss',
  'huberDelta',
  'binGridSize',
  'binSet',
  'encoding',
  'softNeighbors',
  'softSigma',
  'rebalancing',
  'rebalancingLambda',
  'rebalancingSigma',
  'doubleSoftmax',
  'regressionWeight',
  'lossReduction',
  'headResolution',
  'outputActivation', // the targets are scaled to the activation's range
];

/**
 * Whether runs that differ in a parameter cannot be ranked by their loss. Of other image sizes a sum over the pixels is
 * another quantity; a mean over them is as comparable as the ab RMSE, which is also of the pictures as the run sees them.
 */
export const makesLossesIncomparable = (name: ParameterName, { isSum }: { isSum: boolean }): boolean =>
  changesMeaningOfLoss.includes(name) || (name === 'imageSize' && isSum);

/** Whether better means lower or higher: as the spec says, else as the metric is meant. */
export const objectiveGoal = ({ objective }: Pick<SweepSpec, 'objective'>): 'minimize' | 'maximize' =>
  objective.goal ?? naturalGoal(objective.metric);

export const naturalGoal = (metric: ObjectiveMetric) =>
  metricCatalogue[metric].better === 'higher' ? 'maximize' : 'minimize';
