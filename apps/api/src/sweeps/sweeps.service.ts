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
import { forecastSweep } from './memory-forecasts.js';
import { countRuns, planSweep, readSpec, varyingParameters } from '@chromatune/search';
import { Injectable } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { InjectDatabase, InjectSettings, type Settings } from '../config/connections.js';
import {
  datasetProblem,
  findLastBatchProblem,
  findSizeProblem,
  findWarmupProblem,
} from './dataset-problems.js';
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
    if (version && more.length === 0) more.push(...(await this.checkRuns(spec, yaml, version)));
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
    if (version && plan.problems.length === 0) problems.push(...(await this.checkRuns(spec, yaml, version)));
    if (!version || problems.length > 0) return { ...plan, problems: [...plan.problems, ...problems] };
    const forecasts = await forecastSweep(spec, {
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
      const sizeProblem = findSizeProblem(spec, version, yaml);
      return { version, problems: sizeProblem ? [...problems, sizeProblem] : problems };
    } catch (error) {
      if (!(error instanceof DomainError) || error.status >= 500) throw error;
      return { version: null, problems: [...problems, datasetProblem(error, yaml)] };
    }
  }

  /** What only the runs show. The spec must have no problems of its own. */
  private async checkRuns(spec: SweepSpec, yaml: string, version: DatasetVersion): Promise<ProblemField[]> {
    const ofDataset = [
      findWarmupProblem(spec, version, yaml),
      findLastBatchProblem(spec, version, yaml),
    ].filter((problem) => problem !== null);
    return [...ofDataset, ...(await this.checkWeights(spec, yaml, version))];
  }

  private async checkWeights(
    spec: SweepSpec,
    yaml: string,
    version: DatasetVersion,
  ): Promise<ProblemField[]> {
    const named = weightsOfRuns(spec, version);
    const digests = digestsOf(named);
    if (digests.length === 0) return [];
    return findWeightsProblems(named, await this.database.weights.find(digests), { spec, yaml });
  }

  private async checkRoom(): Promise<void> {
    const sweeps = await this.database.sweeps.list();
    const active = sweeps.filter(({ state }) => state === 'running' || state === 'paused');
    if (active.length >= this.settings.MAX_ACTIVE_SWEEPS)
      throw new TooManySweeps(this.settings.MAX_ACTIVE_SWEEPS);
  }
}
