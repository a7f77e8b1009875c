import { DomainError, type RunCommand, type RunState } from '@chromatune/contracts';

export const runNotFound = (id: string) =>
  new DomainError('run_not_found', 404, `There is no run ${id}.`, {
    remedy: 'The page of a sweep lists its runs, and so does: npx chromatune sweep show SWEEP',
  });

const verbs: Record<RunCommand, string> = { pause: 'paused', cancel: 'cancelled', continue: 'resumed' };
const possibilities: Record<RunState, string> = {
  queued: 'It can be paused or cancelled.',
  running: 'It can be paused, resumed before the pause takes effect, or cancelled.',
  paused: 'It can be resumed or cancelled.',
  completed: 'It can be reproduced.',
  stoppedEarly: 'It can be reproduced.',
  failed: 'It can be resumed or reproduced.',
  cancelled: 'It can be resumed or reproduced.',
};

/** A person asked for what the run's state does not allow. */
export function notPossible(
  command: RunCommand,
  run: { id: string; state: RunState; command: RunCommand },
): DomainError {
  const isCancelling = run.state === 'running' && run.command === 'cancel';
  const state = isCancelling ? 'being cancelled' : run.state === 'stoppedEarly' ? 'stopped early' : run.state;
  const remedy = isCancelling
    ? 'Wait until it is cancelled; then it can be resumed.'
    : possibilities[run.state];
  return new DomainError(
    'not_possible',
    409,
    `Run ${run.id} is ${state}, so it cannot be ${verbs[command]}.`,
    { remedy },
  );
}
