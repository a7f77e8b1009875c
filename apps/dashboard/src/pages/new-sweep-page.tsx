import { shownForecasts, type SpecProblem, type SweepPlan } from '@chromatune/contracts';
import { planSweep } from '@chromatune/search';
import { useMutation, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import example from '@examples/first-sweep.yaml?raw';
import { api } from '../api/client.js';
import { ApiError, explain } from '../api/errors.js';
import { useLive } from '../api/live-context.js';
import { queries, queryClient } from '../api/queries.js';
import { formatCount, formatParameter, plural } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { ProblemNote } from '../ui/problem-note.js';
import { Skeleton } from '../ui/skeleton.js';
import { useTitle } from '../ui/use-title.js';

/** Without the line by which other editors find the schema; this one has it already. */
const firstSweep = example.replace(/^# yaml-language-server:.*\n/, '');

const SpecEditor = lazy(() => import('./spec-editor.js'));

export function NewSweepPage() {
  const [query] = useSearchParams();
  const from = query.get('from');
  useTitle('New sweep');
  useLive([]);
  return (
    <div className="page page-wide">
      <header className="page-head">
        <h1>New sweep</h1>
        <p className="hint">
          Ctrl + Space completes. The same file works with <code>npx chromatune sweep launch</code>.
        </p>
      </header>
      {from ? <CopyOf id={from} /> : <SweepWriter initial={firstSweep} />}
    </div>
  );
}

function CopyOf({ id }: { id: string }) {
  const sweep = useQuery(queries.sweep(id));
  return (
    <Loaded query={sweep} label={`sweep ${id}`}>
      {(found) => <SweepWriter initial={found.yaml} />}
    </Loaded>
  );
}

/** How long the text rests before the API is asked about what only it knows, such as datasets. */
const askAfterMs = 400;

function SweepWriter({ initial }: { initial: string }) {
  const navigate = useNavigate();
  const [yaml, setYaml] = useState(initial);
  const [problemToShow, setProblemToShow] = useState<SpecProblem | null>(null);
  const local = useMemo(() => planSweep(yaml), [yaml]);
  const remote = useRemotePlan(yaml, local.problems.length === 0);
  const launch = useMutation({
    mutationFn: () => api.launchSweep(yaml),
    onSuccess: ({ id }) => {
      void queryClient.invalidateQueries({ queryKey: ['sweeps'] });
      void navigate(`/sweeps/${id}`);
    },
  });

  const plan = local.problems.length > 0 ? local : (remote.plan ?? local);
  const problems = [...plan.problems, ...launchProblems(launch.error)];
  return (
    <div className="writer">
      <div className="panel editor-panel">
        <Suspense fallback={<Skeleton lines={14} label="the editor" />}>
          <SpecEditor
            initial={initial}
            problems={problems}
            goTo={problemToShow}
            onChange={(text) => {
              setYaml(text);
              launch.reset();
            }}
          />
        </Suspense>
      </div>
      <aside className="panel plan" aria-label="Plan">
        <h2>Plan</h2>
        {problems.length > 0 ? (
          <ProblemList problems={problems} onShow={setProblemToShow} />
        ) : (
          <PlanView plan={plan} isChecking={remote.isChecking} />
        )}
        {remote.error && <ProblemNote error={remote.error} onRetry={remote.retry} />}
        {launch.error && launchProblems(launch.error).length === 0 && <ProblemNote error={launch.error} />}
        <button
          type="button"
          className="primary wide"
          disabled={problems.length > 0 || launch.isPending}
          onClick={() => launch.mutate()}
        >
          Launch {problems.length === 0 ? plural(plan.runs, 'run') : ''}
        </button>
      </aside>
    </div>
  );
}

/** The API's opinion of a text that is right in itself. */
function useRemotePlan(yaml: string, isWanted: boolean) {
  const [rested, setRested] = useState(yaml);
  useEffect(() => {
    const timer = window.setTimeout(() => setRested(yaml), askAfterMs);
    return () => window.clearTimeout(timer);
  }, [yaml]);
  const query = useQuery({
    queryKey: ['plan', rested],
    queryFn: () => api.planSweep(rested),
    enabled: isWanted && rested === yaml,
    gcTime: 60_000,
  });
  const isAnswered = rested === yaml && query.data !== undefined;
  return {
    plan: isAnswered ? query.data : null,
    isChecking: isWanted && !isAnswered && !query.error,
    error: isWanted ? query.error : null,
    retry: () => void query.refetch(),
  };
}

/** A refused launch names the same places of the text as the checks do. */
function launchProblems(error: Error | null): SpecProblem[] {
  return error instanceof ApiError ? explain(error).fields : [];
}

function ProblemList({
  problems,
  onShow,
}: {
  problems: SpecProblem[];
  onShow: (problem: SpecProblem) => void;
}) {
  return (
    <>
      <p role="status">{plural(problems.length, 'problem')} to solve before it can be launched.</p>
      <ul className="problems">
        {problems.map((problem) => (
          <li key={`${problem.line} ${problem.path} ${problem.message}`}>
            <button type="button" onClick={() => onShow({ ...problem })}>
              {problem.line && <span className="line-number">line {problem.line}</span>}
              <span>{problem.message}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function PlanView({ plan, isChecking }: { plan: SweepPlan; isChecking: boolean }) {
  const shown = plan.preview.slice(0, 20);
  return (
    <>
      <p role="status" className="plan-count">
        <b>{formatCount(plan.runs)}</b> {plan.runs === 1 ? 'run' : 'runs'}
        {isChecking && <span className="unit"> checking the dataset…</span>}
      </p>
      <Forecasts plan={plan} />
      {plan.varying.length === 0 ? (
        <p className="hint">Nothing varies: one run with the parameters as they are.</p>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Parameters of the first runs">
          <table className="list">
            <thead>
              <tr>
                <th scope="col" className="figure">
                  run
                </th>
                {plan.varying.map((name) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((values, index) => (
                <tr key={index}>
                  <td className="figure">{index}</td>
                  {plan.varying.map((name) => (
                    <td key={name}>{formatParameter(values[name])}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {plan.runs > shown.length && (
            <p className="hint">and {formatCount(plan.runs - shown.length)} more</p>
          )}
        </div>
      )}
    </>
  );
}

/** What the networks take of a trainer's memory, and how they will run in it. */
function Forecasts({ plan: { forecasts } }: { plan: SweepPlan }) {
  if (forecasts.length === 0) return null;
  const shown = forecasts.slice(0, shownForecasts);
  return (
    <ul className="plain hint" aria-label="Memory">
      {shown.map(({ text, fits }) => (
        <li key={text} data-fits={fits}>
          {text}
        </li>
      ))}
      {forecasts.length > shown.length && (
        <li>and {plural(forecasts.length - shown.length, 'other')} that need less</li>
      )}
    </ul>
  );
}
