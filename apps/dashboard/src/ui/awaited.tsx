import { isEnded, type Run } from '@chromatune/contracts';
import type { ReactNode } from 'react';

interface Props {
  runs: readonly Pick<Run, 'state'>[];
  first: 'step' | 'epoch' | 'samples';
  /** False while it is still asked for: then nothing can be said. */
  isKnown?: boolean;
  /** When it comes. */
  children: ReactNode;
}

/** In place of what runs have not brought: when it comes, or, where all have ended, that it does not. */
export function Awaited({ runs, first, isKnown = true, children }: Props) {
  if (!isKnown) return null;
  const isOver = runs.every(({ state }) => isEnded(state));
  return <p className="table-empty">{isOver ? endedBefore(first, runs.length) : children}</p>;
}

const endedBefore = (first: Props['first'], runs: number) =>
  runs === 1 ? `It ended before its first ${first}.` : `They ended before their first ${first}.`;
