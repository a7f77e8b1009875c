import type { Attempt, RunDetail } from '@chromatune/contracts';
import { Age } from '../ui/age.js';
import { formatDuration, formatInstant } from '../ui/format.js';
import { StateTag } from '../ui/states.js';

/** Every attempt with its story: where it ran, where it began, how it ended and why. */
export function AttemptList({ run }: { run: RunDetail }) {
  return (
    <section className="panel" aria-label="Attempts">
      <h2>Attempts</h2>
      {run.attempts.length === 0 && (
        <p className="table-empty">{run.note ?? 'No trainer has taken it yet.'}</p>
      )}
      <ol className="attempts" reversed>
        {[...run.attempts].reverse().map((attempt) => (
          <li key={attempt.number}>
            <p>
              <b>Attempt {attempt.number}</b> <StateTag state={attempt.state} /> on {attempt.trainerId}
            </p>
            <p className="sub">{storyOf(attempt)}</p>
            <p className="sub">
              {formatInstant(attempt.startedAt)}
              {attempt.endedAt
                ? `, for ${formatDuration((Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt)) / 1000)}`
                : ', last seen '}
              {!attempt.endedAt && <Age instant={attempt.lastSeenAt} />}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}

function storyOf({ resumedFromStep, reason, failure }: Attempt): string {
  const beginning =
    resumedFromStep === 0 ? 'From the initial weights.' : `Resumed from step ${resumedFromStep}.`;
  return [beginning, reason, failure && failure.message !== reason ? failure.message : null]
    .filter(Boolean)
    .join(' ');
}
