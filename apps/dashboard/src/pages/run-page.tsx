import { describeEngine, metricCatalogue, type RunDetail } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useParams } from 'react-router';
import { addresses } from '../api/client.js';
import { useLive } from '../api/live-context.js';
import { queries } from '../api/queries.js';
import { Curves } from '../charts/curves.js';
import { identityOf } from '../charts/identity.js';
import { EpochSlider, useShownEpoch } from '../images/epoch-slider.js';
import { FilmStrip } from '../images/film-strip.js';
import { Loupe } from '../images/loupe.js';
import { greySource, runSource, sampledImages, truthSource } from '../images/sample-sources.js';
import { useSamples } from '../images/sample-table.js';
import { SampleTools } from '../images/sample-tools.js';
import { Age } from '../ui/age.js';
import { Awaited } from '../ui/awaited.js';
import { AgainstBaselines } from '../ui/baselines.js';
import { formatBytes, formatInstant, formatMetric, formatMetricWithUnit, nothing } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { ProblemNote } from '../ui/problem-note.js';
import { RunLabel } from '../ui/run-label.js';
import { RunMarker } from '../ui/run-marker.js';
import { NothingLearned, RunStateText } from '../ui/states.js';
import { useTitle } from '../ui/use-title.js';
import { epochRange } from '../view/selection.js';
import { useView, useViewStore, ViewProvider } from '../view/view-context.js';
import { useViewKeys } from '../view/view-keys.js';
import { AttemptList } from './attempt-list.js';
import { ColorizePanel } from './colorize-panel.js';
import { MetricsTable } from './metrics-table.js';
import { RecipeTable } from './recipe-table.js';
import { RunCommands } from './run-commands.js';
import { RunLog } from './run-log.js';
import { VerdictNote } from './verdict-note.js';

export function RunPage() {
  const { id = '' } = useParams();
  const run = useQuery(queries.run(id));
  useTitle(run.data?.label ?? 'Run');
  useLive(useMemo(() => [id], [id]));
  return (
    <ViewProvider>
      <div className="page page-wide">
        <Loaded query={run} label="the run" lines={10} heading={`Run ${id}`}>
          {(found) => <RunView run={found} />}
        </Loaded>
      </div>
    </ViewProvider>
  );
}

function RunView({ run }: { run: RunDetail }) {
  const runs = useMemo(() => [run], [run]);
  const identities = useMemo(() => new Map([[run.id, identityOf(run.index)]]), [run.id, run.index]);
  const { samples, areKnown, error } = useSamples(runs);
  const range = useMemo(() => epochRange(runs, samples), [runs, samples]);
  return (
    <>
      <RunHead run={run} />
      <div className="run-body">
        <section className="panel" aria-label="Recipe">
          <h2>Recipe</h2>
          <RecipeOf run={run} />
        </section>
        <div className="beside-recipe">
          <Curves runs={runs} identities={identities} newestEpoch={range.newest} />
          <AttemptList run={run} />
          <RunLog runId={run.id} />
        </div>
        <RunSamples run={run} samples={samples[0] ?? []} areKnown={areKnown} range={range} error={error} />
        <ColorizePanel run={run} />
        <MetricsTable run={run} />
        <Checkpoints run={run} />
      </div>
    </>
  );
}

function RunHead({ run }: { run: RunDetail }) {
  const best = run.best['validation/abRmse'];
  return (
    <header className="sweep-head">
      <div className="sweep-title">
        <h1>
          <RunMarker identity={identityOf(run.index)} size={14} /> <RunLabel label={run.label} />
        </h1>
        <RunStateText run={run} />
        <NothingLearned run={run} />
      </div>
      <dl className="facts">
        <div>
          <dt>{run.sweepId ? 'sweep' : 'reproduction of'}</dt>
          <dd>
            {run.sweepId && <SweepLink id={run.sweepId} />}
            {run.reproductionOf && <Link to={`/runs/${run.reproductionOf}`}>{run.reproductionOf}</Link>}
          </dd>
        </div>
        <div>
          <dt>epoch</dt>
          <dd>
            {Math.floor(run.epoch)}/{run.epochs} <span className="unit">step {run.step}</span>
          </dd>
        </div>
        <div>
          <dt>best ab RMSE</dt>
          <dd>
            <b>{formatMetric('validation/abRmse', best?.value)}</b>
            {best && <span className="unit"> at epoch {best.epoch}</span>}
            <AgainstBaselines baselines={run.baselines} metric="validation/abRmse" value={best?.value} />
          </dd>
        </div>
        <div>
          <dt>speed</dt>
          <dd>{formatMetricWithUnit('train/imagesPerSecond', run.latest['train/imagesPerSecond'])}</dd>
        </div>
        <div>
          <dt>started</dt>
          <dd>
            <Age instant={run.startedAt} />
          </dd>
        </div>
        {run.reproductions.length > 0 && (
          <div>
            <dt>reproductions</dt>
            <dd>
              {run.reproductions.map((id) => (
                <Link key={id} to={`/runs/${id}`}>
                  {id}{' '}
                </Link>
              ))}
              <Link to={`/compare?runs=${[run.id, ...run.reproductions].join(',')}`}>compare</Link>
            </dd>
          </div>
        )}
      </dl>
      <RunCommands run={run} />
      {run.failure && (
        <div className="problem" role="alert">
          <p className="problem-title">{run.failure.message}</p>
          <p>{run.failure.remedy}</p>
        </div>
      )}
      {run.reproductionOf && <VerdictNote run={run} originalId={run.reproductionOf} />}
    </header>
  );
}

function SweepLink({ id }: { id: string }) {
  const { data } = useQuery(queries.sweep(id));
  return <Link to={`/sweeps/${id}`}>{data?.name ?? id}</Link>;
}

function RecipeOf({ run }: { run: RunDetail }) {
  return (
    <>
      <RecipeTable run={run} />
      <dl className="facts facts-stack">
        <div>
          <dt>engine</dt>
          <dd>{run.environment ? describeEngine(run.environment) : 'not chosen yet'}</dd>
        </div>
        <div>
          <dt>recipe digest</dt>
          <dd>
            <code>{run.recipeDigest ?? nothing}</code>
          </dd>
        </div>
        <div>
          <dt>weights digest</dt>
          <dd>
            <code>{run.weightsSha256 ?? nothing}</code>
          </dd>
        </div>
      </dl>
    </>
  );
}

interface SamplesProps {
  run: RunDetail;
  samples: ReturnType<typeof useSamples>['samples'][number];
  areKnown: boolean;
  range: ReturnType<typeof epochRange>;
  error: unknown;
}

function RunSamples({ run, samples, areKnown, range, error }: SamplesProps) {
  const store = useViewStore();
  const isBooth = useView('booth');
  const epoch = Math.max(range.first, useShownEpoch(range.newest));
  const { digest } = run.recipe.dataset;
  const images = useMemo(() => sampledImages([samples]), [samples]);
  useViewKeys(store, { epochs: [range.first, range.newest], images, runCount: 1 });
  const sources = useMemo(
    () => [greySource(digest), truthSource(digest), runSource(run, samples, epoch)],
    [digest, run, samples, epoch],
  );
  return (
    <section
      className="sample-section"
      aria-label="Samples over the epochs"
      data-booth={isBooth || undefined}
    >
      <div className="sample-head">
        <EpochSlider {...range} />
        <SampleTools />
      </div>
      {error ? <ProblemNote error={error} /> : null}
      {samples.length === 0 ? (
        <Awaited runs={[run]} first="samples" isKnown={areKnown}>
          The first samples come when the first epoch is done.
        </Awaited>
      ) : (
        <FilmStrip run={run} samples={samples} digest={digest} epoch={epoch} />
      )}
      <Loupe sources={sources} epoch={epoch} images={images} />
    </section>
  );
}

function Checkpoints({ run }: { run: RunDetail }) {
  const metric = run.checkpoints[0]?.objective.metric; // one for all of a run
  return (
    <section className="panel" aria-label="Checkpoints">
      <h2>Checkpoints</h2>
      {metric === undefined ? (
        <Awaited runs={[run]} first="epoch">
          The first one is saved when the first epoch is done.
        </Awaited>
      ) : (
        <div className="table-box" tabIndex={0} role="region" aria-label="Table of checkpoints">
          <table className="list">
            <thead>
              <tr>
                <th scope="col" className="figure">
                  epoch
                </th>
                <th scope="col" className="figure">
                  step
                </th>
                <th scope="col">kind</th>
                <th scope="col" className="figure">
                  {metricCatalogue[metric].label}
                </th>
                <th scope="col" className="figure">
                  size
                </th>
                <th scope="col">weights</th>
                <th scope="col">saved</th>
                <th scope="col">file</th>
              </tr>
            </thead>
            <tbody>
              {run.checkpoints.map((checkpoint) => (
                <tr key={`${checkpoint.attempt} ${checkpoint.step}`}>
                  <td className="figure">{checkpoint.epoch}</td>
                  <td className="figure">{checkpoint.step}</td>
                  <td>
                    {checkpoint.kind}
                    {checkpoint.isBest && <b> best</b>}
                  </td>
                  <td className="figure">{formatMetric(metric, checkpoint.objective.value)}</td>
                  <td className="figure">{formatBytes(checkpoint.bytes)}</td>
                  <td>
                    <code title={checkpoint.weightsSha256}>{checkpoint.weightsSha256.slice(0, 12)}</code>
                  </td>
                  <td>{formatInstant(checkpoint.at)}</td>
                  <td>
                    <a href={addresses.checkpoint(run.id, checkpoint.attempt, checkpoint.step)} download>
                      safetensors
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p>
        <a href={addresses.pointsCsv(run.id)} download>
          All points as CSV
        </a>
      </p>
    </section>
  );
}
