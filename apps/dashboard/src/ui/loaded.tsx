import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemNote } from './problem-note.js';
import { Skeleton } from './skeleton.js';

interface Props<T> {
  query: UseQueryResult<T>;
  label: string;
  lines?: number;
  /** Heading of the page while its own, which the data brings, is not there. */
  heading?: string;
  children: (data: T) => ReactNode;
}

/** What a query brings; until then a skeleton, and the problem with a way to try again when it fails. */
export function Loaded<T>({ query, label, lines = 6, heading, children }: Props<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  return (
    <>
      {heading && <h1>{heading}</h1>}
      {query.error ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton lines={lines} label={label} />
      )}
    </>
  );
}
