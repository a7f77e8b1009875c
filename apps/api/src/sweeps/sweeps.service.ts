import {
  type DatasetVersion,
  DomainError,
  type ProblemField,
  type Run,
  type Sweep,
  type SweepDetail,
  type SweepPlan,
  type SweepSpec,
} from '@chromatune/contracts';
import type { Database } from '@chromatune/database';
import { countRuns, planSweep, readSpec, varyingParameters } from '@chromatune/search';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase, InjectSettings, type Settings } from '../config/connections.js';
import {
  datasetProblem,
  findLastBatchProblem,
  findSizeProblem,
  findWarmupProblem,
  type SweepOnDataset,
} from './dataset-problems.js';
import { forecastSweep } from './memory-forecasts.js';
import { type PlannedRun, plannedRuns } from './planned-runs.js';
import { newSweepId } from './sweep-id.js';
import { digestsOf, findWeightsProblems, weightsOfRuns } from './weights-problems.js';
import { InvalidSweepSpec, SweepNotFound, TooManySweeps } from './sweeps.errors.js';

@Injectable()
export class SweepsService {
  constructor(
    @InjectDatabase() private readonly database: Database,
    @InjectSettings() private readonly settings: Settings,
    private readonly logger: PinoLogger,
  ) {
    logger.setContext(SweepsService.name);
  }

  /** Stores a sweep. Its runs are made by the scheduler, within its next look. */
  async launch(yaml: string): Promise<Sweep> {
    const { spec, problems } = readSpec(yaml);
    if (!spec || problems.length > 0) throw new InvalidSweepSpec(problems);
    const { version, problems: more } = await this.checkAgainstPlatform(spec, yaml);
    if (version && more.length === 0)
      more.push(...(await this.checkRuns(plannedRuns(spec, version), { spec, yaml, version })));
    if (!version || more.length > 0) throw new InvalidSweepSpec(more);
    await this.checkRoom();

    const sweep = await this.database.sweeps.insert({
      id: newSweepId(),
      spec,
      yaml,
      datasetDigest: version.digest,
      plannedRuns: countRuns(spec),
      varying: varyingParameters(spec),
    });
    this.logger.info({ sweepId: sweep.id, plannedRuns: sweep.plannedRuns }, `sweep "${sweep.name}" launched`);
    return sweep;
  }

  /** What launching this text would do. */
  async plan(yaml: string): Promise<SweepPlan> {
    const plan = planSweep(yaml);
    const { spec } = readSpec(yaml);
    if (!spec) return plan;
    const { version, problems } = await this.checkAgainstPlatform(spec, yaml);
    if (!version) return { ...plan, problems };
    const runs = plannedRuns(spec, version);
    problems.push(...(await this.checkRuns(runs, { spec, yaml, version })));
    if (problems.length > 0) return { ...plan, problems };
    const forecasts = await forecastSweep(runs, {
      dataset: version,
      trainers: await this.database.trainers.list(),
      corrections: this.database.memoryCorrections,
    });
    return { ...plan, forecasts };
  }

  async get(id: string): Promise<SweepDetail> {
    const sweep = await this.database.sweeps.find(id);
    if (!sweep) throw new SweepNotFound(id);
    return sweep;
  }

  async listRuns(id: string): Promise<Run[]> {
    await this.get(id);
    return this.database.runs.list({ sweepId: id });
  }

  private async checkAgainstPlatform(
    spec: SweepSpec,
    yaml: string,
  ): Promise<{ version: DatasetVersion | null; problems: ProblemField[] }> {
    const problems: ProblemField[] = [];
    const runs = countRuns(spec);
    const { MAX_RUNS_PER_SWEEP: most } = this.settings;
    if (runs > most) {
      problems.push({
        path: 'budget.runs',
        message: `${runs} runs are too many: this platform allows ${most} a sweep`,
      });
    }
    try {
      const version = await this.database.datasets.resolve(spec.dataset);
      return { version, problems };
    } catch (error) {
      if (!(error instanceof DomainError) || error.status >= 500) throw error;
      return { version: null, problems: [...problems, datasetProblem(error, yaml)] };
    }
  }

  /** What only the runs show. */
  private async checkRuns(runs: PlannedRun[], sweep: SweepOnDataset): Promise<ProblemField[]> {
    const ofDataset = [findSizeProblem, findWarmupProblem, findLastBatchProblem].map((find) =>
      find(runs, sweep),
    );
    const named = weightsOfRuns(runs);
    const digests = digestsOf(named);
    const known = digests.length > 0 ? await this.database.weights.find(digests) : [];
    return [...ofDataset.filter((problem) => problem !== null), ...findWeightsProblems(named, known, sweep)];
  }

  private async checkRoom(): Promise<void> {
    const sweeps = await this.database.sweeps.list();
    const active = sweeps.filter(({ state }) => state === 'running' || state === 'paused');
    if (active.length >= this.settings.MAX_ACTIVE_SWEEPS)
      throw new TooManySweeps(this.settings.MAX_ACTIVE_SWEEPS);
  }
}
