import type { Failure } from '@chromatune/contracts';
import {
  badDevice,
  codeBug,
  ioFailure,
  isBadDevice,
  isDiskFull,
  isOutOfMemory,
  outOfMemory,
} from '../failure-classes.js';

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last of what it wrote to stderr. */
  stderr: string;
  /** Whether the kernel killed a process for memory while the child lived. */
  oomKill: boolean;
  step: number | null;
}

/**
 * What an exit without a result means. `lost` is for a child that something outside ended: the run goes on from its last
 * checkpoint. A failure would meet the next attempt too, and waits for a person.
 */
export function classifyExit(exit: ChildExit): { lost: string } | { failure: Failure } {
  const found = signsOf(exit);
  if (found !== null) return { failure: { ...found, step: exit.step } };
  if (exit.signal !== null) return { lost: `The training process was ended by ${exit.signal}.` };
  return {
    failure: {
      ...codeBug(`The training process ended with code ${exit.code} and no result.\n${exit.stderr}`.trim()),
      step: exit.step,
    },
  };
}

function signsOf({ signal, stderr, oomKill }: ChildExit): Omit<Failure, 'step'> | null {
  if ((signal === 'SIGKILL' && oomKill) || isOutOfMemory(stderr)) {
    return outOfMemory(
      oomKill ? 'The kernel ended the training process because memory ran out.' : lastLine(stderr),
    );
  }
  if (signal === null && isDiskFull(stderr)) return ioFailure(lastLine(stderr));
  if (signal === null && isBadDevice(stderr)) return badDevice(lastLine(stderr));
  return null;
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.slice(0, 1000) ?? '';
