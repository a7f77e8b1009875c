import { type SweepSpec, type SweepState } from '@chromatune/contracts';
import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { DatasetVersionEntity } from './dataset-version.entity.js';

@Entity('sweeps')
@Check('sweeps_state_check', `state IN ('running', 'paused', 'completed', 'cancelled')`)
export class SweepEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'sweeps_pkey' }) id!: string;
  @Column('text') name!: string;
  @Column('text', { default: 'running' }) state!: SweepState;
  @Column('json') spec!: SweepSpec;
  @Column('text') yaml!: string;
  @ForeignKey(() => DatasetVersionEntity, { name: 'sweeps_dataset_digest_fkey' })
  @Column('text', { name: 'dataset_digest' })
  datasetDigest!: string;
  @Column('json') varying!: string[];
  @Column('integer', { name: 'planned_runs' }) plannedRuns!: number;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt!: Date;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt!: Date | null;
}
