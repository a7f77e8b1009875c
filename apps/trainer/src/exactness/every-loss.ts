import {
  type ClassificationRecipe,
  type CombinedRecipe,
  type LossRecipe,
  plainClassification,
  plainRegression,
  type RegressionRecipe,
} from '@chromatune/contracts';

/** Every loss with every head that it can have, on coarse bins, by a name that says what it is. */
export function everyLoss(): [name: string, loss: LossRecipe][] {
  const regressions = everyRegression();
  const classifications = everyClassification();
  return [
    ...[...regressions, ...classifications, ...otherClassifications()].map(named),
    ...(['regression', 'classification'] as const).map((decodeFrom) =>
      named(combined(regressions[0]!, classifications[0]!, decodeFrom)),
    ),
    named(combined(regressions.at(-1)!, classifications.at(-1)!, 'classification')),
  ];
}

/**
 * Fewer of them, for what takes longer: of the classifications of each encoding, rebalancing, resolution and kernel, the six
 * in which each value still meets each of the others.
 */
export function everyPairOfLosses(): [name: string, loss: LossRecipe][] {
  const pairs = new Set(pairsOfClassification().map(nameOf));
  const crossed = new Set(everyClassification().map(nameOf));
  return everyLoss().filter(([name]) => pairs.has(name) || !crossed.has(name));
}

/** Soft labels and weights as Zhang et al. have them. */
export const soft = { type: 'soft', neighbors: 5, sigma: 5 } as const;
export const rebalanced = (type: 'paper' | 'released-code') => ({ type, lambda: 0.5, sigma: 5 });
export const coarse: ClassificationRecipe = { ...plainClassification, binGridSize: 40 };

const encodings = [{ type: 'hard' }, soft] as const;
const rebalancings = [{ type: 'none' }, rebalanced('paper'), rebalanced('released-code')] as const;
const headResolutions = ['quarter', 'full'] as const;
const headKernels = [1, 3] as const;

function everyRegression(): RegressionRecipe[] {
  const penalties = [{ type: 'mse' }, { type: 'huber', delta: 10 }] as const;
  return (['linear', 'sigmoid', 'tanh'] as const).flatMap((outputActivation) =>
    penalties.map((penalty) => ({ ...plainRegression, outputActivation, penalty })),
  );
}

function everyClassification(): ClassificationRecipe[] {
  return encodings.flatMap((encoding) =>
    rebalancings.flatMap((rebalancing) =>
      headResolutions.flatMap((headResolution) =>
        headKernels.map((headKernel) => ({
          ...coarse,
          encoding,
          rebalancing,
          headResolution,
          headKernel,
        })),
      ),
    ),
  );
}

/** With the second rebalancing the resolutions change places, with the third the kernels. */
const pairsOfClassification = (): ClassificationRecipe[] =>
  rebalancings.flatMap((rebalancing, i) =>
    encodings.map((encoding, j) => ({
      ...coarse,
      encoding,
      rebalancing,
      headResolution: headResolutions[i === 1 ? 1 - j : j]!,
      headKernel: headKernels[i === 2 ? 1 - j : j]!,
    })),
  );

/** What the report's Table 2 adds, and the bins of Zhang et al. */
const otherClassifications = (): ClassificationRecipe[] => [
  { ...coarse, reluBeforeSoftmax: true, reduction: 'sum', binSet: 'corner' },
  { ...coarse, doubleSoftmax: true },
  { ...coarse, binSet: 'zhang-313', binGridSize: 10, encoding: soft },
];

const combined = (
  regression: RegressionRecipe,
  classification: ClassificationRecipe,
  decodeFrom: CombinedRecipe['decodeFrom'],
): CombinedRecipe => ({ type: 'combined', regression, classification, regressionWeight: 10, decodeFrom });

const named = (loss: LossRecipe): [string, LossRecipe] => [nameOf(loss), loss];

function nameOf(loss: LossRecipe): string {
  if (loss.type === 'regression') return `${loss.penalty.type} of ${loss.outputActivation}`;
  if (loss.type === 'combined') {
    return `${nameOf(loss.classification)} + ${nameOf(loss.regression)}, decoded from ${loss.decodeFrom}`;
  }
  return [
    `${loss.encoding.type} labels`,
    loss.binSet === coarse.binSet ? '' : loss.binSet,
    loss.rebalancing.type === 'none' ? '' : loss.rebalancing.type,
    loss.headResolution,
    `k = ${loss.headKernel}`,
    loss.reluBeforeSoftmax ? 'ReLU' : '',
    loss.doubleSoftmax ? 'double softmax' : '',
    loss.reduction === 'mean' ? '' : 'summed',
  ]
    .filter(Boolean)
    .join(', ');
}
