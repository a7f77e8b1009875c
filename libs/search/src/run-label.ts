import type { ParameterName, ParameterValue, ParameterValues } from '@chromatune/contracts';

/**
 * What tells a run from its siblings, in the order of the spec: "classification · grid 10 · lr 3.2e-4 · batch 16".
 * The same in every table, curve, legend and image column.
 */
export function runLabel(values: ParameterValues): string {
  const parts = Object.entries(values).map(([name, value]) => parameterText(name, value));
  return parts.join(' · ') || 'single run';
}

/** One parameter with its value, as short as it stays clear. */
export function parameterText(name: string, value: ParameterValue): string {
  const text = shortNames[name as ParameterName]?.(valueText(value));
  if (text !== undefined && typeof value !== 'boolean') return text;
  const [yes, no] = switchNames[name as ParameterName] ?? [name, `no ${name}`];
  return typeof value === 'boolean' ? (value ? yes : no) : `${name} ${valueText(value)}`;
}

const itself = (value: string) => value;
const shortNames: Partial<Record<ParameterName, (value: string) => string>> = {
  encoder: itself,
  width: (value) => `width ${value}`,
  imageSize: (value) => `${value} px`,
  outputActivation: itself,
  headKernel: (value) => `kernel ${value}`,
  headResolution: (value) => `${value} resolution`,
  cut: (value) => `to ${value}`,
  weights: (value) => (value === 'none' ? 'from scratch' : `weights ${value.slice(0, 8)}`),
  inputAdaptation: (value) => `input ${value}`,
  freezeThrough: (value) => (value === 'none' ? 'nothing frozen' : `frozen to ${value}`),
  batchNorm: (value) => `${value} norm`,
  upsampling: itself,
  loss: itself,
  regressionLoss: itself,
  huberDelta: (value) => `delta ${value}`,
  encoding: itself,
  softNeighbors: (value) => `${value} neighbours`,
  softSigma: (value) => `σ ${value}`,
  rebalancing: (value) => (value === 'none' ? 'not rebalanced' : `rebalanced ${value}`),
  rebalancingLambda: (value) => `λ ${value}`,
  rebalancingSigma: (value) => `prior σ ${value}`,
  decoding: itself,
  decodeFrom: (value) => `decode ${value}`,
  regressionWeight: (value) => `weight ${value}`,
  lossReduction: itself,
  optimizer: itself,
  encoderLearningRateFactor: (value) => `encoder lr × ${value}`,
  schedule: itself,
  gradientClip: (value) => (value === '0' ? 'no clipping' : `clip ${value}`),
  averageDecay: (value) => (value === '0' ? 'no average' : `average ${value}`),
  weightDecay: (value) => `decay ${value}`,
  warmupSteps: (value) => `warm-up ${value}`,
  microBatch: (value) => (value === '0' ? 'micro auto' : `micro ${value}`),
  lpips: (value) => (value === 'none' ? 'no LPIPS' : `LPIPS ${value.slice(0, 8)}`),
  crop: (value) => `crop ${value}`,
  binGridSize: (value) => `grid ${value}`,
  binSet: (value) => `${value} bins`,
  decodeTemperature: (value) => `T ${value}`,
  learningRate: (value) => `lr ${value}`,
  batchSize: (value) => `batch ${value}`,
  seed: (value) => `seed ${value}`,
};
const switchNames: Partial<Record<ParameterName, [on: string, off: string]>> = {
  flip: ['flip', 'no flip'],
  reluBeforeSoftmax: ['ReLU', 'no ReLU'],
  doubleSoftmax: ['double softmax', 'one softmax'],
  deterministic: ['deterministic', 'not deterministic'],
  compile: ['compiled', 'not compiled'],
};

/** Whole numbers in full; others in three digits, small ones with an exponent: 16, 0.38, 3.22e-4. */
export function valueText(value: ParameterValue): string {
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 0.01 && size < 1) return String(Number(value.toPrecision(size > 0.9 ? 5 : 3)));
  if (size >= 1) return String(Number(value.toPrecision(4)));
  return value.toExponential(2).replace(/\.?0+e/, 'e');
}
