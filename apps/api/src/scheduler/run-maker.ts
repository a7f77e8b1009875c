import { isEnded, type ParameterValues, type Run, type RunState, type Sweep } from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { runLabel, suggest, toRecipe } from '@chromatune/search';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase } from '../config/connections.js';
import { forEach } from './for-each.js';

/** Makes the runs of sweeps, one suggestion after the other, and completes sweeps whose runs have all ended. */
@Injectable()
export class RunMaker {
  constructor(
    @InjectDatabase() private readonly database: Database,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext('Scheduler');
  }

  async makeRuns(): Promise<void> {
    await forEach(await this.database.sweeps.active(), async ({ sweep, createdRuns, activeRuns }) => {
      if (sweep.state !== 'running') return;
      const rows = nextRuns(sweep, createdRuns, activeRuns);
      if (rows.length > 0) await this.insert(sweep, rows);
      else if (isDone(sweep, createdRuns)) await this.complete(sweep);
    });
  }

  /** The index makes the id, so two leaders at once (one of them not knowing yet that it lost) insert the same rows. */
  private async insert(sweep: Sweep, rows: NewRun[]): Promise<void> {
    await this.database.runs.insertMany(rows);
    for (const { id } of rows) this.logger.info({ sweepId: sweep.id, runId: id }, 'run queued');
    await this.catchUp(sweep.id, rows);
  }

  /** A sweep that was paused or cancelled while its runs were being inserted did not reach them: pass it on. */
  private async catchUp(sweepId: string, rows: NewRun[]): Promise<void> {
    const state = (await this.database.sweeps.find(sweepId))?.state;
    if (state !== 'paused' && state !== 'cancelled') return;
    const command = state === 'paused' ? 'pause' : 'cancel';
    for (const { id } of rows) await this.database.runs.setCommand(id, command);
  }

  private async complete(sweep: Sweep): Promise<void> {
    await this.database.sweeps.setState(sweep.id, 'completed');
    this.logger.info({ sweepId: sweep.id }, 'sweep completed');
  }
}

type NewRun = ReturnType<typeof toRun>;

/** At most `search.parallel` runs wait or train at once, so that a sweep leaves room for others. */
export function nextRuns(sweep: Sweep, createdRuns: number, activeRuns: number): NewRun[] {
  const rows: NewRun[] = [];
  const room = sweep.spec.search.parallel - activeRuns;
  for (let index = createdRuns; index < sweep.plannedRuns && rows.length < room; index++) {
    const parameters = suggest(sweep.spec, index);
    if (!parameters) break;
    rows.push(toRun(sweep, index, parameters));
  }
  return rows;
}

function toRun(sweep: Sweep, index: number, parameters: ParameterValues) {
  return {
    id: `${sweep.id}-${index}` satisfies Run['id'],
    sweepId: sweep.id,
    index,
    label: runLabel(parameters),
    parameters,
    recipe: toRecipe(sweep.spec, parameters, sweep.dataset),
  };
}

function isDone({ plannedRuns, runsByState }: Sweep, createdRuns: number): boolean {
  const ended = Object.entries(runsByState)
    .filter(([state]) => isEnded(state as RunState))
    .reduce((sum, [, count]) => sum + count, 0);
  return createdRuns >= plannedRuns && ended >= createdRuns;
}
