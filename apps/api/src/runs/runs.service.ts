import type { Checkpoint, Run, RunDetail } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase } from '../config/connections.js';
import { CheckpointNotFound, RunNotFound } from './runs.errors.js';

@Injectable()
export class RunsService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(RunsService.name);
  }

  async get(id: string): Promise<RunDetail> {
    const run = await this.database.runs.detail(id);
    if (!run) throw new RunNotFound(id);
    return run;
  }

  /** A running run saves a checkpoint and stops; a queued one waits. */
  pause(id: string): Promise<Run> {
    return this.change(id, 'pause', () => this.database.runs.setCommand(id, 'pause'));
  }

  /** A paused run is queued again; one that is about to pause goes on. */
  resume(id: string): Promise<Run> {
    return this.change(id, 'resume', () => this.database.runs.requeue(id));
  }

  /** Ends it for good. Its curves, samples and latest checkpoint stay. */
  cancel(id: string): Promise<Run> {
    return this.change(id, 'cancel', () => this.database.runs.setCommand(id, 'cancel'));
  }

  async findCheckpoint(id: string, attempt: number, step: number): Promise<Checkpoint> {
    const { checkpoints } = await this.get(id);
    const found = checkpoints.find(
      (checkpoint) => checkpoint.attempt === attempt && checkpoint.step === step,
    );
    if (!found) throw new CheckpointNotFound(id, attempt, step);
    return found;
  }

  private async change(id: string, verb: string, command: () => Promise<Run>): Promise<Run> {
    const run = await command();
    this.logger.info({ runId: id, attempt: run.attempt }, `asked to ${verb}, run is ${run.state}`);
    return run;
  }
}
