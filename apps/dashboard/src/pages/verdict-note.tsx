import { isEnded, type RunDetail, type Verdict } from '@chromatune/contracts';
import { Link, useLocation } from 'react-router';
import { formatMetric } from '../ui/format.js';

/** How a reproduction came out, with its numbers. */
export function VerdictNote({ run, originalId }: { run: RunDetail; originalId: string }) {
  const { verdict } = run;
  // Said when it was asked for; gone after a reload, when nobody waits for it any more.
  const { expected } = (useLocation().state ?? {}) as { expected?: string };
  return (
    <div className="verdict" data-verdict={verdict?.verdict} role="status">
      <b>{verdict?.verdict ?? (isEnded(run.state) ? 'no verdict yet' : 'verdict when it has ended')}</b>{' '}
      <span>{verdict ? numbersOf(verdict) : expected}</span>{' '}
      <Link to={`/compare?runs=${originalId},${run.id}`}>compare with {originalId}</Link>
    </div>
  );
}

function numbersOf(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'IDENTICAL':
      return `All ${verdict.steps} steps and the weights are bit for bit the same (weights ${verdict.weightsSha256.slice(0, 12)}).`;
    case 'EQUIVALENT':
      return `Largest difference of a loss ${verdict.largestLossDifference.toExponential(2)}, of a weight ${verdict.largestWeightDifference.toExponential(2)}, within the band of ${verdict.band.toExponential(1)}. ${verdict.reason}`;
    case 'DIVERGED':
      return `First different at step ${verdict.step}: ${formatMetric('train/loss', verdict.original)} became ${formatMetric('train/loss', verdict.reproduced)}; largest difference ${verdict.largestLossDifference.toExponential(2)}.`;
    case 'NOT REPRODUCIBLE':
      return `because ${verdict.reason}`;
  }
}
