import type { MetricName } from '@chromatune/contracts';
import { formatBytes, scientific } from '../ui/format.js';

/**
 * What stands at a tick of the y axis: as short as the value allows ("15" says what "15.00" does), with as many digits as
 * tell it from its neighbours, and with an exponent where zeros would not fit beside the axis.
 *
 * @param ticks the values of all ticks of the axis, in order.
 */
export function formatTick(metric: MetricName, value: number, ticks: readonly number[]): string {
  const digits = digitsOf(value, ticks);
  if (metric === 'train/dataWait') return `${plain(100 * value, digits)} %`;
  if (metric === 'system/memoryBytes') return formatBytes(value, Math.max(3, digits));
  const isScientific = metric === 'train/learningRate' || needsExponents(ticks);
  return isScientific ? scientific(value, digits) : plain(value, digits);
}

const plain = (value: number, digits: number) => String(Number(value.toPrecision(digits)));

/** Digits down to the second one of the smallest step between ticks. */
function digitsOf(value: number, ticks: readonly number[]): number {
  const steps = ticks.slice(1).map((tick, index) => Math.abs(tick - (ticks[index] ?? tick)));
  const step = Math.min(...steps.filter((width) => width > 0));
  if (!Number.isFinite(step)) return 4;
  return value === 0 ? 2 : Math.max(2, magnitude(value) - magnitude(step) + 2);
}

const magnitude = (value: number) => Math.floor(Math.log10(Math.abs(value)));

/** One form for all ticks of an axis: 5e-5 below 0.0001 would be hard to compare. */
function needsExponents(ticks: readonly number[]): boolean {
  const sizes = ticks.map(Math.abs).filter((size) => size > 0);
  return Math.min(...sizes) < 1e-4 || Math.max(...sizes) >= 1e5;
}

/** Below this share of the values, an axis would show differences that no tick has room to say, down to rounding. */
const leastSpan = 1e-4;

/** The ends of an axis, moved apart where they are so near each other that noise would fill the chart. */
export function widened(min: number, max: number): [number, number] {
  const missing = leastSpan * Math.max(Math.abs(min), Math.abs(max)) - (max - min);
  return missing > 0 ? [min - missing / 2, max + missing / 2] : [min, max];
}

/** Chart.js crowds the ticks of a logarithmic axis that spans less than a decade. */
export function thinLogTicks<T extends { value: number }>(
  ticks: readonly T[],
  min: number,
  max: number,
): T[] {
  const least = Math.log(max / min) / 8;
  let last = -Infinity;
  return ticks.filter(({ value }) => {
    const at = Math.log(value / min);
    if (at - last < least) return false;
    last = at;
    return true;
  });
}
