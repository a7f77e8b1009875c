import { DomainError, isEnded, type Run, type Sweep, type SweepState } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase } from '../config/connections.js';
import { SweepHasEnded } from './sweeps.errors.js';
import { SweepsService } from './sweeps.service.js';

/**
 * Pause, resume and cancel a sweep and each of its runs. The scheduler makes runs while the state is `running` and fewer
 * than `parallel` are active: so the state goes first when runs are stopped, and last when they go on.
 */
@Injectable()
export class SweepCommandsService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    private readonly sweeps: SweepsService,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(SweepCommandsService.name);
  }

  /** Running runs save a checkpoint and stop; queued ones wait. */
  pause(id: string): Promise<Sweep> {
    return this.change(
      id,
      'paused',
      ({ state }) => state === 'queued' || state === 'running',
      (run) => this.database.runs.setCommand(run.id, 'pause'),
    );
  }

  /** Paused runs go on from their checkpoints. */
  resume(id: string): Promise<Sweep> {
    return this.change(
      id,
      'running',
      ({ state }) => state === 'paused' || state === 'running',
      (run) => this.database.runs.requeue(run.id),
    );
  }

  /** Stops every run that has not ended, for good. */
  cancel(id: string): Promise<Sweep> {
    return this.change(
      id,
      'cancelled',
      ({ state }) => !isEnded(state),
      (run) => this.database.runs.setCommand(run.id, 'cancel'),
    );
  }

  private async change(
    id: string,
    state: SweepState,
    concerns: (run: Run) => boolean,
    command: (run: Run) => Promise<unknown>,
  ): Promise<Sweep> {
    const sweep = await this.sweeps.get(id);
    if (sweep.state === 'completed' || sweep.state === 'cancelled') throw new SweepHasEnded(id, sweep.state);
    const goesOn = state === 'running';
    if (!goesOn) await this.database.sweeps.setState(id, state);
    for (const run of (await this.sweeps.listRuns(id)).filter(concerns)) {
      await command(run).catch(ignoreChangedMeanwhile);
    }
    if (goesOn) await this.database.sweeps.setState(id, state);
    this.logger.info({ sweepId: id }, `sweep is ${state} now`);
    return this.sweeps.get(id);
  }
}

/** A run that ended between our look and the command needs none. */
function ignoreChangedMeanwhile(error: unknown): void {
  if (!(error instanceof DomainError && error.status === 409)) throw error;
}
