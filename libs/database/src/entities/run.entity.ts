import {
  type Baselines,
  type Environment,
  type Failure,
  type ParameterValues,
  type Recipe,
  type Run,
  type RunCommand,
  type RunState,
  type Verdict,
} from '@chromatune/contracts';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { SweepEntity } from './sweep.entity.js';

@Entity('runs')
@Check(
  'runs_state_check',
  `state IN ('queued', 'running', 'paused', 'completed', 'stoppedEarly', 'failed', 'cancelled')`,
)
@Check('runs_command_check', `command IN ('continue', 'pause', 'cancel')`)
@Index('runs_sweep_id_idx', ['sweepId', 'index'])
@Index('runs_reproduction_of_idx', ['reproductionOf'])
@Index('runs_state_idx', ['state'], { where: `state IN ('queued', 'running')` })
export class RunEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'runs_pkey' }) id!: string;
  @ForeignKey(() => SweepEntity, { name: 'runs_sweep_id_fkey' })
  @Column('text', { name: 'sweep_id', nullable: true })
  sweepId!: string | null;
  @Column('integer') index!: number;
  @Column('text') label!: string;
  @Column('json') parameters!: ParameterValues;
  @Column('json') recipe!: Recipe;
  @Column('text', { name: 'recipe_digest', nullable: true }) recipeDigest!: string | null;
  /** Of the first claim: later attempts need the same engine, or the numbers would change in the middle. */
  @Column('json', { nullable: true }) environment!: Environment | null;
  @Column('text', { default: 'default' }) pool!: string;
  @Column('text', { default: 'queued' }) state!: RunState;
  @Column('text', { default: 'continue' }) command!: RunCommand;
  /** The fencing token: number of the newest attempt, 0 before the first. */
  @Column('integer', { default: 0 }) attempt!: number;
  @Column('integer', { default: 0 }) restarts!: number;
  @Column('integer', { default: 0 }) step!: number;
  @Column('double precision', { default: 0 }) epoch!: number;
  @Column('integer') epochs!: number;
  @Column('integer', { name: 'total_steps', nullable: true }) totalSteps!: number | null;
  /** Images computed at once, once the first attempt has begun. */
  @Column('integer', { name: 'micro_batch', nullable: true }) microBatch!: number | null;
  @Column('json', { default: {} }) latest!: Run['latest'];
  @Column('json', { default: {} }) best!: Run['best'];
  @Column('json', { nullable: true }) baselines!: Baselines | null;
  @Column('json', { nullable: true }) failure!: Failure | null;
  @Column('text', { name: 'weights_sha256', nullable: true }) weightsSha256!: string | null;
  @ForeignKey(() => RunEntity, { name: 'runs_reproduction_of_fkey' })
  @Column('text', { name: 'reproduction_of', nullable: true })
  reproductionOf!: string | null;
  @Column('json', { nullable: true }) verdict!: Verdict | null;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'started_at', nullable: true }) startedAt!: Date | null;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
}
