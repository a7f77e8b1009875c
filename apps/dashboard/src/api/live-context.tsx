import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import type { LiveFilter } from './client.js';
import { LiveConnection, type LiveState } from './live-connection.js';
import { LiveUpdates } from './live-updates.js';
import { ledger, queryClient } from './queries.js';

interface Live {
  state: LiveState;
  follow(filter: LiveFilter): void;
}
const LiveContext = createContext<Live>({ state: 'connecting', follow: () => {} });

/** Keeps one connection for the whole visit; pages say with `useLive` whose events they show. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<LiveState>('connecting');
  const connection = useRef<LiveConnection | null>(null);
  const filter = useRef<LiveFilter>({ runs: [], sweep: null });

  useEffect(() => {
    const updates = new LiveUpdates(queryClient, ledger);
    let stateBefore: LiveState = 'connecting';
    let followed = new Set<string>();
    const live = new LiveConnection({
      onEvent: (event) => updates.apply(event),
      onState: (next) => {
        if (next === 'live' && stateBefore === 'reconnecting') updates.refetchAll();
        stateBefore = next;
        setState(next);
      },
      onHello: (isNew) => {
        if (!isNew) return updates.refetchAll();
        // Between a run's first fetch and this hello nobody listened to it.
        updates.refetchRuns(filter.current.runs.filter((id) => !followed.has(id)));
        followed = new Set(filter.current.runs);
      },
    });
    connection.current = live;
    live.follow(filter.current);
    return () => {
      connection.current = null;
      live.close();
    };
  }, []);

  const value = useMemo<Live>(
    () => ({
      state,
      follow: (next) => {
        filter.current = next;
        connection.current?.follow(next);
      },
    }),
    [state],
  );
  return <LiveContext value={value}>{children}</LiveContext>;
}

export const useLiveState = () => useContext(LiveContext).state;

/** Asks for the points and samples of these runs, and the states of this sweep's, while the calling page is shown. */
export function useLive(runIds: readonly string[], sweep: string | null = null): void {
  const { follow } = useContext(LiveContext);
  const key = [...runIds].sort().join(',');
  const latest = useRef(follow);
  latest.current = follow;
  useEffect(() => {
    const runs = key === '' ? [] : key.split(',');
    // A moment's patience: ticking five boxes is one new connection, not five.
    const timer = window.setTimeout(() => latest.current({ runs, sweep }), 120);
    return () => window.clearTimeout(timer);
  }, [key, sweep]);
}
