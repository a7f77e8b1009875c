import {
  fromMeasured,
  type Measured,
  metricCatalogue,
  type MetricName,
  type RunState,
  type SweepState,
} from '@chromatune/contracts';
import type { Colors } from './output.js';

/** 1536 → "1.5 KiB". */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** Four digits of a large number: 3123012345 → "3.123 G", 118013952 → "118.0 M", 512 → "512". */
export function largeText(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return power === 0 ? String(value) : `${(value / 1000 ** power).toPrecision(4)} ${units[power]}`;
}

/** How long ago: "12 s", "5 min", "3 h", "2 d". */
export function ageText(instant: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** What stands where a number is not known. */
export const nothing = '–';

/** Four digits at most: 14.73, 0.001234, 1.2e-7. */
export function numberText(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return nothing;
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-4 ? exponential(value) : String(Number(value.toPrecision(4)));
}

/** A measured value in exactly four digits, so that the points of a column stand below each other: 19.30, 0.9060. */
export function metricText(metric: MetricName, value: Measured | null | undefined): string {
  if (value === null || value === undefined) return nothing;
  const number = fromMeasured(value);
  if (metric === 'system/memoryBytes') return bytesText(number);
  if (metric === 'train/dataWait') return `${(100 * number).toFixed(1)} %`;
  if (metric === 'train/learningRate' || !Number.isFinite(number) || number === 0) return numberText(number);
  const size = Math.abs(number);
  if (size < 1e-3) return exponential(number);
  return size < 1000 ? number.toPrecision(4) : Math.round(number).toString();
}

export function metricTextWithUnit(metric: MetricName, value: Measured | null | undefined): string {
  const text = metricText(metric, value);
  const unit = metric === 'system/memoryBytes' ? '' : metricCatalogue[metric].unit; // bytes say it already
  return unit === '' || text === nothing ? text : `${text} ${unit}`;
}

const exponential = (value: number) => value.toExponential(2).replace(/\.?0+e/, 'e');

const stateColors: Partial<Record<RunState | SweepState, 'green' | 'red' | 'yellow' | 'cyan' | 'dim'>> = {
  running: 'cyan',
  completed: 'green',
  stoppedEarly: 'green',
  failed: 'red',
  paused: 'yellow',
  cancelled: 'dim',
  queued: 'dim',
};

export function stateText(state: RunState | SweepState, colors: Colors): string {
  const words = state === 'stoppedEarly' ? 'stopped early' : state;
  const color = stateColors[state];
  return color ? colors[color](words) : words;
}

/** `count(1, 'run')` is "1 run", `count(2, 'run')` is "2 runs". */
export const count = (number: number, noun: string) =>
  `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;

export const shortDigest = (digest: string) => digest.slice(0, 12);
