import type { RunState, SweepState } from '@chromatune/contracts';
import type { Colors } from './output.js';

/** 1536 → "1.5 KiB". */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** Four digits of a large number: 3123012345 → "3.123 G", 118013952 → "118 M", 512 → "512". */
export function largeText(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  return `${Number((value / 1000 ** power).toPrecision(4))} ${units[power]}`.trim();
}

/** How long ago: "12 s", "5 min", "3 h", "2 d". */
export function ageText(instant: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Four digits: 14.73, 0.001234, 1.2e-7. */
export function numberText(value: number | string | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'string' || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

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
