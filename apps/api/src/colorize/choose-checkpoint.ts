import type { Checkpoint, CheckpointChoice } from '@chromatune/contracts';
import { CheckpointNotKept, type ColoringRun } from './colorize.errors.js';

/** The checkpoint that colours. @throws CheckpointNotKept that names those there are */
export function chooseCheckpoint(run: ColoringRun, choice: CheckpointChoice): Checkpoint {
  const found =
    choice === 'best'
      ? run.checkpoints.find(({ isBest }) => isBest)
      : run.checkpoints.findLast(({ epoch }) => epoch === choice); // of the newest attempt
  if (found) return found;
  throw new CheckpointNotKept(run, choice);
}
