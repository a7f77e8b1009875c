import { type ClassificationRecipe } from '@chromatune/contracts';
import { type Bins } from '../color/bins.js';
import { type LabelTable } from '../color/labels.js';
import { binPrior, rebalancingWeights } from '../color/prior.js';

/**
 * How much a pixel of each 8-bit colour counts, v(Z) of Zhang et al. 2016: the weight of the bin that has most of its label.
 * Null without rebalancing.
 */
export function colorImportance(
  rebalancing: ClassificationRecipe['rebalancing'],
  { bins, labels, abCounts }: { bins: Bins; labels: LabelTable; abCounts?: Float64Array | undefined },
): Float64Array | null {
  if (rebalancing.type === 'none') return null;
  if (!abCounts) throw new Error('A rebalanced loss needs the colours of the training split.');
  const binOf = Uint16Array.from({ length: 256 * 256 }, (_, color) => labels.bins[color * labels.perColor]!);
  const prior = binPrior(abCounts, { binOf, count: bins.count });
  const weights = rebalancingWeights(prior, bins, rebalancing);
  return Float64Array.from(binOf, (bin) => weights[bin]!);
}
