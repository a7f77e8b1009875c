import { isEnded, type Run } from '@chromatune/contracts';
import type { ReactNode } from 'react';

interface Props {
  runs: readonly Pick<Run, 'state'>[];
  first: 'step' | 'epoch' | 'samples';
  /** When it comes. */
  children: ReactNode;
}

/** In place of what runs have not brought: when it comes, or, where all have ended, that it does not. */
export function Awaited({ runs, first, children }: Props) {
  const isOver = runs.every(({ state }) => isEnded(state));
  return <p className="table-empty">{isOver ? endedBefore(first, runs.length) : children}</p>;
}

const endedBefore = (first: Props['first'], runs: number) =>
  runs === 1 ? `It ended before its first ${first}.` : `They ended before their first ${first}.`;
