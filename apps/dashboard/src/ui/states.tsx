import {
  type AttemptState,
  learningMargin,
  type Run,
  type RunState,
  type SweepState,
  whyNothingLearned,
} from '@chromatune/contracts';
import { formatMetric } from './format.js';

const words: Record<RunState | SweepState | AttemptState, string> = {
  queued: 'queued',
  running: 'running',
  paused: 'paused',
  completed: 'completed',
  stoppedEarly: 'stopped early',
  failed: 'failed',
  cancelled: 'cancelled',
  released: 'released',
  lost: 'lost',
};

export function StateTag({
  state,
  note,
}: {
  state: RunState | SweepState | AttemptState;
  note?: string | null;
}) {
  return (
    <span className="state" data-run-state={state} title={note ?? undefined}>
      {words[state]}
    </span>
  );
}

/** The state in words with why: "queued: waits for a free slot", "silent for 20 s". */
export function RunStateText({ run }: { run: Run }) {
  return (
    <>
      <StateTag state={run.state} note={run.note} />
      {run.note && <span className="state-note"> {run.note}</span>}
    </>
  );
}

/** Says that a run has not clearly beaten what needs no training, and by what it is judged. */
export function NothingLearned({ run }: { run: Run }) {
  const why = whyNothingLearned(run, formatMetric);
  return (
    why && (
      <p>
        <span className="warning-tag">has learned nothing yet</span> <span className="hint">{why}</span>
      </p>
    )
  );
}

/** The same where there is no room for words: a sign, which `NothingLearnedLegend` explains. */
export function NothingLearnedSign({ run }: { run: Run }) {
  const why = whyNothingLearned(run, formatMetric);
  return (
    why && (
      <span
        className="warning-tag"
        role="img"
        title={`has learned nothing yet: ${why}`}
        aria-label={`has learned nothing yet: ${why}`}
      >
        !
      </span>
    )
  );
}

/** Below runs of which some have learned nothing yet. */
export function NothingLearnedLegend({ runs }: { runs: readonly Run[] }) {
  if (!runs.some(({ learned }) => learned === false)) return null;
  return (
    <p className="hint legend">
      <span className="warning-tag" aria-hidden="true">
        !
      </span>{' '}
      has learned nothing yet: not {100 * learningMargin} % better than what needs no training, in ab RMSE or,
      where it predicts bins, in the validation loss
    </p>
  );
}

/** In the order of a run's life, so that the bar fills from the left. */
const barOrder: RunState[] = [
  'completed',
  'stoppedEarly',
  'failed',
  'cancelled',
  'running',
  'paused',
  'queued',
];

interface BarProps {
  runsByState: Partial<Record<RunState, number>>;
  planned: number;
}

/** Runs of a sweep by state; what is not made yet stays empty. */
export function StateBar({ runsByState, planned }: BarProps) {
  const parts = barOrder.flatMap((state) => {
    const count = runsByState[state] ?? 0;
    return count > 0 ? [{ state, count }] : [];
  });
  const total = Math.max(
    planned,
    parts.reduce((sum, { count }) => sum + count, 0),
    1,
  );
  const text = parts.map(({ state, count }) => `${count} ${words[state]}`).join(', ') || 'no run yet';
  return (
    <span className="state-bar" role="img" aria-label={`Of ${planned} runs: ${text}`} title={text}>
      {parts.map(({ state, count }) => (
        <span key={state} data-run-state={state} style={{ width: `${(100 * count) / total}%` }} />
      ))}
    </span>
  );
}
