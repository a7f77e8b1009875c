import { baselinesOf, floorOf, type MetricName, type Run } from '@chromatune/contracts';
import { formatMetric } from '../ui/format.js';

/** A dashed line over the whole chart. */
export interface BaselineLine {
  label: string;
  value: number;
}

/** What the runs are measured by, each value once. A logarithmic axis has no place for a baseline of 0, as grey's colours. */
export function linesOfBaselines(
  runs: readonly Pick<Run, 'baselines'>[],
  metric: MetricName,
  { log }: { log: boolean },
): BaselineLine[] {
  const found = new Map<string, BaselineLine>();
  for (const { baselines } of runs) {
    const floor = floorOf(baselines, metric);
    const least = floor === null ? [] : [{ name: 'least possible', value: floor }];
    for (const { name, value } of [...baselinesOf(baselines, metric), ...least]) {
      const label = `${name} ${formatMetric(metric, value)}`;
      if (Number.isFinite(value) && (value > 0 || !log)) found.set(label, { label, value });
    }
  }
  return [...found.values()];
}

export interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Height of a label's line of text, in pixels. */
export const labelHeight = 13;
/** Between a line and its label, and between labels beside each other. */
const [distance, gap] = [2, 10];

/**
 * Where the labels of lines stand: the first free place inside the chart, at best above their line, else below it, else
 * beside another label, else in the nearest free row. Only where no row is free is a label left out.
 *
 * @param lines from top to bottom; `y` in pixels, `width` of their text.
 */
export function placeLabels<T extends { y: number; width: number }>(
  lines: readonly T[],
  chart: Area,
): { line: T; box: Area }[] {
  const placed: { line: T; box: Area }[] = [];
  for (const line of lines) {
    const taken = placed.map(({ box }) => box);
    const box = placesFor(line, taken, chart).find(
      (place) => isInside(place, chart) && !taken.some((other) => overlap(place, other)),
    );
    if (box) placed.push({ line, box });
  }
  return placed;
}

function placesFor({ y, width }: { y: number; width: number }, taken: readonly Area[], chart: Area): Area[] {
  const at = (left: number, top: number) => ({ left, top, right: left + width, bottom: top + labelHeight });
  const [above, below] = [y - distance - labelHeight, y + distance];
  const start = chart.left + 4; // curves of epochs begin a little to the right
  const columns = [start, ...taken.map(({ right }) => right + gap)];
  const rows = Math.ceil((chart.bottom - chart.top) / labelHeight);
  const shifts = Array.from({ length: rows }, (_, row) => row * labelHeight);
  return shifts.flatMap((shift) =>
    columns.flatMap((left) => [at(left, above - shift), at(left, below + shift)]),
  );
}

const isInside = (box: Area, chart: Area) =>
  box.left >= chart.left && box.right <= chart.right && box.top >= chart.top && box.bottom <= chart.bottom;

const overlap = (one: Area, other: Area) =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
