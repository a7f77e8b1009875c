import type { Trainer } from '@chromatune/contracts';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { api } from '../api/client.js';
import { useLive } from '../api/live-context.js';
import { queries, queryClient } from '../api/queries.js';
import { Age } from '../ui/age.js';
import { CommandButton } from '../ui/command-button.js';
import { formatBytes, nothing, plural } from '../ui/format.js';
import { Loaded } from '../ui/loaded.js';
import { useTitle } from '../ui/use-title.js';

export function TrainersPage() {
  useTitle('Trainers');
  useLive([]);
  const trainers = useQuery(queries.trainers());
  return (
    <div className="page">
      <header className="page-head">
        <h1>Trainers</h1>
      </header>
      <Loaded query={trainers} label="trainers">
        {(list) => (list.length === 0 ? <NoTrainer /> : <TrainerTable trainers={list} />)}
      </Loaded>
    </div>
  );
}

function NoTrainer() {
  return (
    <div className="empty">
      <h2>No trainer has reported yet</h2>
      <p>
        Runs wait until one does. <code>npm start</code> starts one on this machine; others join by the same
        settings (<code>DATABASE_URL</code>, <code>REDIS_URL</code>, <code>OBJECT_STORE_URL</code>).
      </p>
    </div>
  );
}

function TrainerTable({ trainers }: { trainers: Trainer[] }) {
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label="Table of trainers">
      <table className="list cards">
        <thead>
          <tr>
            <th scope="col">trainer</th>
            <th scope="col">state</th>
            <th scope="col">slots</th>
            <th scope="col">runs</th>
            <th scope="col">engine</th>
            <th scope="col">device</th>
            <th scope="col" className="figure">
              memory
            </th>
            <th scope="col">last seen</th>
            <th scope="col">
              <span className="hidden">commands</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {trainers.map((trainer) => (
            <TrainerRow key={trainer.id} trainer={trainer} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TrainerRow({ trainer }: { trainer: Trainer }) {
  const {
    id,
    host,
    pool,
    slots,
    runs,
    environment,
    engineReason,
    memoryBytes,
    draining,
    online,
    lastSeenAt,
  } = trainer;
  const state = !online ? 'away' : draining ? 'draining' : runs.length > 0 ? 'busy' : 'idle';
  const refresh = () => void queryClient.invalidateQueries({ queryKey: ['trainers'] });
  return (
    <tr>
      <th scope="row">
        {id}
        <span className="sub">
          {host} · pool {pool}
        </span>
      </th>
      <td data-label="state">
        <span className="state" data-trainer-state={state}>
          {state}
        </span>
      </td>
      <td data-label="slots">
        <span className="slots" role="img" aria-label={`${runs.length} of ${slots} slots busy`}>
          {Array.from({ length: slots }, (_, slot) => (
            <span key={slot} data-busy={slot < runs.length || undefined} />
          ))}
        </span>{' '}
        {runs.length}/{slots}
      </td>
      <td data-label="runs">
        {runs.length === 0 && nothing}
        {runs.map((run) => (
          <Link key={run} to={`/runs/${run}`} className="run-id">
            {run}
          </Link>
        ))}
      </td>
      <td data-label="engine">
        {environment.engine}
        <span className="sub">
          {environment.engineVersion}
          {environment.deterministic ? ', deterministic' : ''}
        </span>
        <span className="sub wrap">{engineReason}</span>
      </td>
      <td data-label="device" className="wrap">
        {environment.device}
        <span className="sub">{plural(environment.threads, 'thread')}</span>
      </td>
      <td className="figure" data-label="memory">
        {formatBytes(memoryBytes)}
      </td>
      <td data-label="last seen">
        <Age instant={lastSeenAt} />
      </td>
      <td>
        <CommandButton
          label={draining ? 'Take work again' : 'Drain'}
          command={() => api.drain(id, !draining)}
          onDone={refresh}
        />
      </td>
    </tr>
  );
}
