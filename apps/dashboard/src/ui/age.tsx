import { useSyncExternalStore } from 'react';
import { formatAge, formatInstant, nothing } from './format.js';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

/** One clock for all ages on a page, in milliseconds; it stands still while nothing looks. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long ago something was, kept current; the instant itself under the pointer. */
export function Age({ instant }: { instant: string | null }) {
  const current = useNow();
  if (instant === null) return <span>{nothing}</span>;
  return (
    <time dateTime={instant} title={formatInstant(instant)}>
      {formatAge(instant, current)}
    </time>
  );
}

function subscribe(onTick: () => void): () => void {
  listeners.add(onTick);
  timer ??= window.setInterval(() => {
    now = Date.now();
    for (const listener of listeners) listener();
  }, 1000);
  return () => {
    listeners.delete(onTick);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}
