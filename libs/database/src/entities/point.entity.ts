import { type MetricName } from '@chromatune/contracts';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

@Entity('points')
@Index('points_run_id_metric_step_idx', ['runId', 'metric', 'step'])
export class PointEntity {
  @PrimaryColumn('text', { name: 'run_id', primaryKeyConstraintName: 'points_pkey' }) runId!: string;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'points_pkey' }) attempt!: number;
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'points_pkey' }) seq!: number;
  @Column('text') metric!: MetricName;
  @Column('integer') step!: number;
  @Column('double precision') epoch!: number;
  /** NaN and the infinities as such. */
  @Column('double precision') value!: number;
  @Column('timestamptz') at!: Date;
}
