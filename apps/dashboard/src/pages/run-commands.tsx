import { isEnded, type RunDetail } from '@chromatune/contracts';
import { Link, useNavigate } from 'react-router';
import { api } from '../api/client.js';
import { queryClient } from '../api/queries.js';
import { CommandButton } from '../ui/command-button.js';

/** What can be asked of a run in its state. */
export function RunCommands({ run }: { run: RunDetail }) {
  const navigate = useNavigate();
  const refresh = () => void queryClient.invalidateQueries({ queryKey: ['run', run.id] });
  const ask = (what: 'pause' | 'resume' | 'cancel') => () => api.runCommand(run.id, what);
  const reproduce = async () => {
    const { id, expected: verdict, reason } = await api.reproduce(run.id);
    void navigate(`/runs/${id}`, { state: { expected: `Expected: ${verdict}. ${reason}` } });
  };
  const canPause = run.state === 'running' || run.state === 'queued';
  return (
    <div className="commands">
      {canPause && <CommandButton label="Pause" command={ask('pause')} onDone={refresh} />}
      {run.state === 'paused' && (
        <CommandButton label="Resume" command={ask('resume')} onDone={refresh} primary />
      )}
      {!isEnded(run.state) && (
        <CommandButton
          label="Stop"
          command={ask('cancel')}
          onDone={refresh}
          confirm={{
            question: `Stop ${run.label}?`,
            detail:
              'It ends as cancelled, and its points, samples and checkpoints stay. This cannot be undone.',
          }}
        />
      )}
      {run.state === 'failed' && <CommandButton label="Try again" command={ask('resume')} onDone={refresh} />}
      {run.state === 'completed' && !run.reproductionOf && (
        <CommandButton label="Reproduce" command={reproduce} />
      )}
      <Link className="button" to={`/compare?runs=${run.id}`} title="This run, beside any others">
        Compare
      </Link>
      {run.sweepId && (
        <Link className="button" to={`/new?from=${run.sweepId}`}>
          Copy its sweep
        </Link>
      )}
    </div>
  );
}
