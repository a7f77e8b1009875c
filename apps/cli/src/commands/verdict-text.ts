import type { Verdict } from '@chromatune/contracts';
import { numberText, shortDigest } from '../output/format.js';
import type { Colors } from '../output/output.js';

/** The answer of a reproduction, in one line that begins with its verdict. */
export function verdictText(verdict: Verdict, colors: Colors): string {
  switch (verdict.verdict) {
    case 'IDENTICAL':
      return `${colors.green('IDENTICAL')}: ${verdict.steps} steps and the final weights (${shortDigest(verdict.weightsSha256)}) are the same, bit for bit.`;
    case 'EQUIVALENT':
      return `${colors.green('EQUIVALENT')}: losses differ by ${numberText(verdict.largestLossDifference)} and weights by ${numberText(verdict.largestWeightDifference)} at most, inside the band of ${numberText(verdict.band)}. ${verdict.reason}`;
    case 'DIVERGED':
      return `${colors.red(`DIVERGED at step ${verdict.step}`)}: the loss was ${exact(verdict.original)} and is ${exact(verdict.reproduced)}; the largest difference of all steps is ${numberText(verdict.largestLossDifference)}.`;
    case 'NOT REPRODUCIBLE':
      return `${colors.red('NOT REPRODUCIBLE')} because ${verdict.reason.replace(/\.$/, '')}.`;
  }
}

/** All digits: two losses may differ in the last one only. */
const exact = (value: number | string) => String(value);
