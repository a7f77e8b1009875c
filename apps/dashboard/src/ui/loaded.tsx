import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemNote } from './problem-note.js';
import { Skeleton } from './skeleton.js';

interface Props<T> {
  query: UseQueryResult<T>;
  label: string;
  lines?: number;
  children: (data: T) => ReactNode;
}

/** What a query brings; until then a skeleton, and the problem with a way to try again when it fails. */
export function Loaded<T>({ query, label, lines = 6, children }: Props<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton lines={lines} label={label} />;
}
