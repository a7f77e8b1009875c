import { type AttemptState, type Environment, type Failure } from '@chromatune/contracts';
import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { RunEntity } from './run.entity.js';

@Entity('attempts')
@Check(
  'attempts_state_check',
  `state IN ('running', 'completed', 'paused', 'cancelled', 'released', 'lost', 'failed')`,
)
@Index('attempts_trainer_id_idx', ['trainerId'], { where: `state = 'running'` })
@Index('attempts_lease_until_idx', ['leaseUntil'], { where: `state = 'running'` })
export class AttemptEntity {
  @ForeignKey(() => RunEntity, { name: 'attempts_run_id_fkey' })
  @PrimaryColumn('text', { name: 'run_id', primaryKeyConstraintName: 'attempts_pkey' })
  runId!: string;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'attempts_pkey' }) number!: number;
  @Column('text', { default: 'running' }) state!: AttemptState;
  @Column('text', { name: 'trainer_id' }) trainerId!: string;
  @Column('integer', { name: 'resumed_from_step' }) resumedFromStep!: number;
  @Column('json') environment!: Environment;
  /** Events up to here are in the database. */
  @Column('integer', { name: 'last_seq', default: 0 }) lastSeq!: number;
  @Column('double precision', { name: 'lease_seconds' }) leaseSeconds!: number;
  @Column('timestamptz', { name: 'lease_until' }) leaseUntil!: Date;
  @Column('timestamptz', { name: 'last_seen_at', default: () => 'now()' }) lastSeenAt!: Date;
  @Column('timestamptz', { name: 'started_at', default: () => 'now()' }) startedAt!: Date;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
  @Column('text', { nullable: true }) reason!: string | null;
  @Column('json', { nullable: true }) failure!: Failure | null;
}
