import type { Checkpoint, CheckpointChoice } from '@chromatune/contracts';
import { CheckpointNotKept } from './colorize.errors.js';

/** The checkpoint that colours. @throws CheckpointNotKept that names those there are */
export function chooseCheckpoint(
  { id, checkpoints }: { id: string; checkpoints: Checkpoint[] },
  choice: CheckpointChoice,
): Checkpoint {
  const found =
    choice === 'best'
      ? checkpoints.find(({ isBest }) => isBest)
      : checkpoints.findLast(({ epoch }) => epoch === choice); // of the newest attempt
  if (found) return found;
  throw new CheckpointNotKept(id, choice, checkpoints);
}
