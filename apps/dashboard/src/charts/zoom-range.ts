import type { Curve } from '@chromatune/contracts';
import type { StepRange } from '../api/client.js';
import type { XAxis } from '../view/view-state.js';

/**
 * The steps to ask for when a reduced curve is zoomed into, a little more than what is seen. Null when the whole curve
 * is wanted, or when it is exact already and nothing finer exists. Rounded, so that panning asks rarely.
 */
export function stepsToFetch(
  curve: Curve,
  zoom: [number, number] | null,
  axis: XAxis,
  startedAt: number,
): StepRange | null {
  if (!zoom || curve.exact || curve.buckets.length < 2) return null;
  const from = stepAt(curve, zoom[0], axis, startedAt);
  const to = stepAt(curve, zoom[1], axis, startedAt);
  const grain = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, (to - from) / 4))));
  return {
    from: Math.max(0, Math.floor(from / grain) * grain - grain),
    to: (Math.ceil(to / grain) + 1) * grain,
  };
}

function stepAt(curve: Curve, x: number, axis: XAxis, startedAt: number): number {
  if (axis === 'step') return x;
  const last = curve.buckets.at(-1);
  if (!last) return 0;
  if (axis === 'epoch') return last.epoch > 0 ? (x * last.stepTo) / last.epoch : 0;
  const instant = startedAt + x * 1000;
  const bucket = curve.buckets.find(({ at }) => Date.parse(at) >= instant) ?? last;
  return bucket.stepTo;
}
