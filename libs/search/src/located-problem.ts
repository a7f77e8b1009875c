import type { SpecProblem } from '@chromatune/contracts';

/** A problem that knows its place as a path, so that the reader of a text can find its line. */
export interface LocatedProblem {
  path: (string | number)[];
  message: string;
  /** Point at the key rather than at its value. */
  atKey?: boolean;
}

export const toSpecProblem = ({ path, message }: LocatedProblem): SpecProblem => ({
  path: path.join('.'),
  message,
});
