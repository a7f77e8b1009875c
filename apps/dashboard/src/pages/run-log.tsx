import { useQuery } from '@tanstack/react-query';
import { useLayoutEffect, useRef } from 'react';
import { queries } from '../api/queries.js';
import { formatInstant } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';

/** What the trainer said, newest at the bottom; follows while it is scrolled to the end. */
export function RunLog({ runId }: { runId: string }) {
  const log = useQuery({ ...queries.log(runId), refetchInterval: 3000 });
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [log.data]);

  return (
    <section className="panel" aria-label="Log">
      <h2>Log</h2>
      <Loaded query={log} label="the log">
        {(lines) =>
          lines.length === 0 ? (
            <p className="table-empty">Nothing yet.</p>
          ) : (
            <div
              className="log"
              ref={box}
              role="log"
              tabIndex={0}
              aria-label="Lines of the log"
              onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
                isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24;
              }}
            >
              {lines.map((line) => (
                <p key={`${line.attempt} ${line.seq}`} data-level={line.level}>
                  <time dateTime={line.at}>{formatInstant(line.at).slice(11)}</time>{' '}
                  <span>#{line.attempt}</span> <span>{line.level}</span> {line.message}
                </p>
              ))}
            </div>
          )
        }
      </Loaded>
    </section>
  );
}
