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

/** Soft labels and weights as Zhang et al. have them. */
export const soft = { type: 'soft', neighbors: 5, sigma: 5 } as const;
export const rebalanced = (type: 'paper' | 'released-code') => ({ type, lambda: 0.5, sigma: 5 });
export const coarse: ClassificationRecipe = { ...plainClassification, binGridSize: 40 };

function everyRegression(): RegressionRecipe[] {
  const penalties = [{ type: 'mse' }, { type: 'huber', delta: 10 }] as const;
  return (['linear', 'sigmoid', 'tanh'] as const).flatMap((outputActivation) =>
    penalties.map((penalty) => ({ ...plainRegression, outputActivation, penalty })),
  );
}

function everyClassification(): ClassificationRecipe[] {
  return ([{ type: 'hard' }, soft] as const).flatMap((encoding) =>
    ([{ type: 'none' }, rebalanced('paper'), rebalanced('released-code')] as const).flatMap((rebalancing) =>
      (['quarter', 'full'] as const).flatMap((headResolution) =>
        ([1, 3] as const).map((headKernel) => ({
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
