import type { Row } from '@chromatune/test-support';

/** One thing that is measured: `npm run bench -- <name>`. */
export interface Part {
  name: string;
  /** What it measures and how, in a sentence. */
  measures: string;
  /** About how long it takes on two quiet cores. */
  takes: string;
  run(options: Options): Promise<Result>;
}

export interface Options {
  /** Rows of the Kaggle layout (import). */
  rows: number;
  /** How often each thing is measured, in turn with the others; each part has its own default. */
  rounds: number | undefined;
  /** Also measure the portable engine (training). */
  portable: boolean;
  /** Measure on the first NVIDIA GPU instead of the CPU (training). */
  gpu: boolean;
  /** A Python with the libraries of the contestants in it; otherwise one is made. */
  python: string | undefined;
  /** For people who wait. */
  say: (line: string) => void;
}

export interface Result {
  rows: Row[];
  /** What the project promises. */
  checks: Check[];
  /** What one must know to read the figures. */
  notes: string[];
  /** All that was measured, for the kept file only. */
  details?: unknown[];
}

/** A figure with a target that it must not exceed. */
export interface Check {
  what: string;
  value: number;
  atMost: number;
  /** Empty for a count. */
  unit: string;
}

export const isMet = ({ value, atMost }: Check): boolean => value <= atMost;
